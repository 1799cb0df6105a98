# SPDX-License-Identifier: BSD-2-Clause
"""The exported C on RV32I and Cortex-M: the golden model's integers in QEMU, no product anywhere, RAM within its figure."""

from pathlib import Path

import numpy as np
import pytest

from firmware.mcu.export import render
from hadam_hw import golden
from hadam_hw.errors import ToolFailedError, ToolMissingError
from hadam_hw.fixed import Rounding
from hadam_hw.model_file import load_model
from sim.mcu import targets
from tests.firmware.c_harness import random_inputs
from tests.models_for_tests import random_model, random_stack, with_stage

SHIPPED = Path(__file__).parents[2] / "models" / "pmnist-h128-b64.npz"
#: Two phases and a size whose multiples are no shifts, sums of 64 bits, a ternary matrix with a multiplier, several inputs.
CORNERS = [
    dict(size=24, block=8, outputs=3, rounding=Rounding.HALF_EVEN, input_frac=3),
    dict(size=8, outputs=3, state_width=32, frac=6, input_width=16, input_signed=True),
    dict(size=17, outputs=5, ternary=True, multiplier=91, shift_bits=8, inputs=4),
    dict(size=12, block=4, outputs=1, inputs=3, input_signed=True, frac=-2, state_width=8),
]


def check_run(model, target, sequence, folder):
    trace = golden.trace(model, sequence)
    run = targets.run(model, target, sequence, folder)
    assert run.outputs == trace.outputs.tolist()
    assert run.classes == golden.classify(trace.outputs).tolist()
    assert run.saturations == trace.saturations.sum()
    return run


@pytest.mark.parametrize("target", targets.TARGETS, ids=lambda target: target.name)
def test_the_shipped_model_on(target, tmp_path):
    model = load_model(SHIPPED)
    took = targets.footprint(model, target, tmp_path)
    assert took.ram <= 700 and took.stack >= 64 and not took.products  # the bank alone has 64
    assert 1200 < took.tables < 2000 and 500 < took.code < 2000
    run = check_run(model, target, model.vectors.inputs[0][300:324], tmp_path)
    # at the least a load and an addition for each operand of each butterfly
    assert 128 * 6 * 2 < run.step_instructions < 10_000 and run.readout_instructions < 40_000


@pytest.mark.parametrize("target", [targets.RV32I, targets.CORTEX_M4], ids=lambda target: target.name)
@pytest.mark.parametrize("corner", range(len(CORNERS)))
def test_corners_on(corner, target, tmp_path):
    model = random_model(seed=corner, **CORNERS[corner])
    check_run(model, target, random_inputs(model, 1, 12)[0], tmp_path)
    if corner != 1:  # sums of 64 bits call the compiler's shifts
        assert not any(targets.footprint(model, target, tmp_path, optimise).products for optimise in ("-Os", "-O2"))


@pytest.mark.parametrize("target", [targets.RV32I, targets.CORTEX_M4], ids=lambda target: target.name)
def test_two_layers_on(target, tmp_path):
    model = random_stack(lower=dict(size=16, inputs=3, input_signed=True),
                         upper=dict(size=24, ternary=True, outputs=3, frac=-3))
    check_run(model, target, random_inputs(model, 1, 12)[0], tmp_path)
    took = targets.footprint(model, target, tmp_path)
    # one layer after the other, so the frame is that of one
    assert not took.products and 64 < took.stack < 2 * 64
    assert took.ram == took.stack + 3 * 4 + (16 + 2 * 24) * 4 + 4


@pytest.mark.parametrize("target", [targets.RV32I, targets.CORTEX_M4], ids=lambda target: target.name)
@pytest.mark.parametrize("state_width", [12, 16])
def test_wires_and_a_hidden_stage_on(target, state_width, tmp_path):
    model = random_model(size=128, block=1, wires=True, outputs=10, frac=state_width - 14, state_width=state_width,
                         hidden=[(128, 4, state_width - 1, 4)])
    run = check_run(model, target, random_inputs(model, 1, 12)[0], tmp_path)
    # an addition, a load and a store for each code at the least
    assert 128 * 3 < run.step_instructions < 8_000 and 128 * 128 * 3 < run.readout_instructions < 250_000
    for optimise in ("-O2", "-Os"):
        took = targets.footprint(model, target, tmp_path, optimise)
        assert took.ram <= 1000 and not took.products
        assert 128 * 64 + 128 * 5 < took.tables < 128 * 64 + 128 * 5 + 1500


@pytest.mark.parametrize("target", targets.TARGETS, ids=lambda target: target.name)
def test_a_product_is_seen(target, tmp_path, monkeypatch):
    product = "int product(int a, int b);\nint product(int a, int b) { return a * b; }\n"
    monkeypatch.setattr(targets, "render", lambda *given: {name: text + product * name.endswith(".c")
                                                           for name, text in render(*given).items()})
    model = random_model(size=4, outputs=2)
    if target is targets.RV32I:  # it calls a function instead
        with pytest.raises(ToolFailedError, match="must call nothing on RV32I"):
            targets.footprint(model, target, tmp_path)
    else:
        assert len(targets.footprint(model, target, tmp_path).products) == 1


def test_a_wrong_integer_is_seen_in_qemu(tmp_path):
    model = random_model(size=4, outputs=2, seed=1)
    sequence = random_inputs(model, 1, 8)[0]
    codes = np.array(model.readout.stages[0].codes)
    codes[0, 0] ^= 1
    wrong = targets.run(with_stage(model, codes=codes), targets.RV32I, sequence, tmp_path)
    assert wrong.outputs != golden.trace(model, sequence).outputs.tolist()


def test_a_missing_compiler_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match="apt-get install --no-install-recommends gcc-riscv64-unknown-elf") as caught:
        targets.footprint(random_model(size=4, outputs=2), targets.RV32I, tmp_path)
    assert caught.value.exit_code == 3
