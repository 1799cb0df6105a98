# SPDX-License-Identifier: BSD-2-Clause
"""The emitted Verilog of a core on a Wishbone bus, driven by another's master; header and page are those of the registers."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from firmware.mcu.export import INCLUDE
from firmware.mcu.wishbone_header import BEGIN, HEADER, PAGE, page, tables, text
from hadam_hw.readout import Pooling
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.wishbone.emit import emit_wishbone
from rtl_gen.wishbone.registers import REGISTERS
from sim.runner import BenchFailed
from sim.tools import Simulator
from sim.wishbone_job import job_of, simulate_wishbone
from tests.models_for_tests import random_model

MODEL = random_model(size=8, block=4, outputs=3, inputs=5, input_signed=True)


def sequences(model, count=3):
    rng = np.random.default_rng(5)
    return [rng.integers(model.input.minimum, model.input.maximum, (steps, model.inputs), endpoint=True)
            for steps in rng.integers(1, 6, count)]


@pytest.fixture(scope="module")
def verilog():
    return emit_wishbone(MODEL, parse_architecture("serial"))


@pytest.mark.parametrize("simulator", Simulator)
def test_outputs_are_the_golden_models(simulator, verilog):
    found = simulate_wishbone(verilog, job_of(MODEL, sequences(MODEL)), simulator)
    assert found["compared"] == 3 * 3 + 6


def test_a_read_out_each_step():
    model = random_model(size=4, block=4, outputs=2, emit=Pooling.EVERY, input_width=10)
    told = sequences(model)
    text = emit_wishbone(model, parse_architecture("parallel"))
    found = simulate_wishbone(text, job_of(model, told, seed=3), Simulator.ICARUS)
    assert found["compared"] == 2 * sum(map(len, told)) + 6


@pytest.mark.parametrize("damage, words", [
    (lambda job: job["sequences"][1]["outputs"][-1].__setitem__(2, 7), "sequence 1, step .*: output 2 is .*, expected 7"),
    (lambda job: job["sequences"][0]["outputs"][-1].append(0), "output 2 is .* .last., expected"),
    (lambda job: job["registers"].__setitem__(1, [1, 5]), "DIGEST_HIGH is 0x.*, expected 0x5"),
    (lambda job: job["sequences"][0]["vectors"][0].pop(), "ready did not|output did not|expected")],
    ids=["output", "longer", "register", "word"])
def test_the_bench_sees_what_is_wrong(damage, words, verilog):
    job = job_of(MODEL, sequences(MODEL))
    damage(job)
    with pytest.raises(BenchFailed, match=words):
        simulate_wishbone(verilog, job, Simulator.VERILATOR)


def test_the_header_and_the_page_are_of_the_registers():
    assert HEADER.read_text() == text(), "run python -m firmware.mcu.wishbone_header"
    assert PAGE.read_text() == page(PAGE.read_text()), "run python -m firmware.mcu.wishbone_header"
    assert PAGE.read_text().count(BEGIN + tables()) == 1
    assert all(f"`{field.name}`" in tables() for register in REGISTERS for field in register.fields)


SOC = """
#include "core_on_wishbone.c"
#include <stdio.h>
int main(void)
{
    uint32_t memory[16] = {0}, inputs = 0, outputs = 0, words = 0;
    int32_t y[2];
    uint8_t vectors[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    if (core_find((uintptr_t)memory, &inputs, &outputs, &words) != -1)
        return 1;
    memory[0] = HADAM_WB_MAGIC;
    memory[3] = 2u << HADAM_WB_SHAPE_OUTPUTS_SHIFT | 5u;
    memory[4] = 2u << HADAM_WB_FORMAT_VECTOR_WORDS_SHIFT;
    memory[6] = HADAM_WB_STATUS_READY_MASK | HADAM_WB_STATUS_OUTPUT_MASK;
    memory[9] = 0xfffffffeu;
    if (core_find((uintptr_t)memory, &inputs, &outputs, &words))
        return 2;
    core_run((uintptr_t)memory, vectors, 2, inputs, y, outputs);
    printf("%u %u %u %d %d %x %x", inputs, outputs, words, y[0], y[1], memory[8], memory[5]);
    return 0;
}
"""


def test_the_example_in_c_reads_and_writes_the_registers(tmp_path):
    (tmp_path / "soc.c").write_text(SOC)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", f"-I{INCLUDE}", f"-I{Path(INCLUDE) / 'examples'}"]
    subprocess.run(["gcc", *flags, tmp_path / "soc.c", "-o", tmp_path / "soc"], check=True)
    said = subprocess.run([tmp_path / "soc"], capture_output=True, text=True, check=True).stdout
    assert said == "5 2 2 -2 -2 a 2"
