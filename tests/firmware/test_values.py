# SPDX-License-Identifier: BSD-2-Clause
"""Devices and C whose outputs are values: what the commands say, what the label is, what the header tells."""

import json
import subprocess

import numpy as np
import pytest

from firmware import device
from firmware.__main__ import main
from firmware.verbs import simulate
from hadam_hw import golden
from hadam_hw.answer import Value
from hadam_hw.cli import run_cli
from hadam_hw.model import TestVectors
from hadam_hw.model_file import save_model
from tests.firmware.c_harness import compile_all, export
from tests.firmware.test_tokens import Port
from tests.models_for_tests import random_model, with_stage

INPUTS = np.random.default_rng(5).integers(0, 256, (9, 4, 1))
PLAIN = random_model(size=16, outputs=3, seed=3).with_readout(values=(Value(0.25, "kPa"), Value(3), Value(1e-3, "%")))
OUTPUTS = golden.run(PLAIN, INPUTS).outputs
#: The first value lies on both sides of 0.
MODEL = with_stage(PLAIN, biases=tuple(bias - int(np.median(OUTPUTS[:, 0])) * np.array([1, 0, 0])
                                       for bias in PLAIN.readout.stages[-1].biases))
OUTPUTS = golden.run(MODEL, INPUTS).outputs
MODEL = MODEL.replace(vectors=TestVectors(INPUTS, OUTPUTS, OUTPUTS + [4, 0, -100]))
VALUES = golden.answer(MODEL, OUTPUTS, 4)
#: Of the vectors, whose last step has phase 0 and a unit of 1.
ERRORS = [1, 0, 0.1]


@pytest.fixture
def say(tmp_path, monkeypatch, capsys):
    """Runs a verb on the device; returns the facts or the text that it printed, or its error."""
    monkeypatch.setattr(Port, "model", MODEL)
    monkeypatch.setattr(device, "SerialPort", Port)
    save_model(MODEL, tmp_path / "model.npz")

    def run(verb, *arguments, weights=True, machine=True):
        known = ["--weights", str(tmp_path / "model.npz")] if weights else []
        code = run_cli(main, [verb, "--port", "x", *(["--json"] if machine else []), *known, *map(str, arguments)])
        said = capsys.readouterr()
        if code:
            assert code == 1 and said.err.count("\n") == 1
            return said.err
        return json.loads(said.out) if machine else said.out

    return run


def test_infer_tells_values_and_their_errors(say, tmp_path):
    np.savez(tmp_path / "data.npz", inputs=INPUTS, labels=VALUES + [1.5, 0, 0.25])
    facts = say("infer", tmp_path / "data.npz")
    assert np.array_equal(facts["values"], VALUES) and facts["units"] == ["kPa", "", "%"]
    assert np.allclose(facts["rmse"], [1.5, 0, 0.25]) and "classes" not in facts and facts["sequences"] == 9
    lines = say("infer", tmp_path / "data.npz", machine=False).splitlines()
    assert lines[0] == f"{VALUES[0, 0]:.6g} kPa, {VALUES[0, 1]:.6g}, {VALUES[0, 2]:.6g} %" and len(lines) == 10
    assert lines[-1].endswith(", RMSE 1.5 kPa, 0, 0.25 %")


def test_without_the_model_a_device_tells_y(say, tmp_path):
    np.savez(tmp_path / "data.npz", inputs=INPUTS)
    np.savez(tmp_path / "labels.npz", inputs=INPUTS, labels=VALUES)
    assert say("infer", tmp_path / "data.npz", weights=False)["outputs"] == OUTPUTS.tolist()
    assert "in units of Y; name the model" in say("infer", tmp_path / "data.npz", weights=False, machine=False)
    assert "must be compared in the units of the model's values; name it: --weights" in say(
        "infer", tmp_path / "labels.npz", weights=False)


@pytest.mark.parametrize("labels, said", [
    (VALUES[:, 0], "must be 3 finite numbers a sequence"), (VALUES[:8], "must be one a sequence, 9, not of shape [8, 3]"),
    (np.array(["a"] * 9), "must be numbers, since the model answers with values")])
def test_labels_that_are_no_values_are_one_sentence(say, labels, said, tmp_path):
    np.savez(tmp_path / "data.npz", inputs=INPUTS, labels=labels)
    assert said in say("infer", tmp_path / "data.npz")


def test_identify_and_selftest(say):
    assert say("identify", weights=False)["values"] is True
    assert say("identify")["value_units"] == ["kPa", "", "%"]
    facts = say("selftest", "--count", 5)
    assert facts["compared"] == 5 * 4 and np.allclose(facts["rmse"], ERRORS)
    assert say("selftest", machine=False).endswith("; RMSE 1 kPa, 0, 0.1 %\n")


def test_a_lean_device_has_the_label_and_simulate_tells_the_error(tmp_path, capsys):
    assert {int(y > 0) for y in OUTPUTS[:, 0]} == {0, 1} and (np.argmax(OUTPUTS, axis=1) != (OUTPUTS[:, 0] > 0)).any()
    save_model(MODEL, tmp_path / "model.npz")
    assert simulate.main(["--weights", str(tmp_path / "model.npz"), "--board", "icestick", "--count", "9"]) == 0
    assert "9 sequences, 36 integers: equal to the golden model; RMSE 1 kPa, 0, 0.1 %\n" in capsys.readouterr().out


def test_c_has_the_scales_and_no_classes(tmp_path):
    two = random_model(size=8, outputs=1, block=8).with_readout(values=(Value(1 / 3, 'm"/s'),))
    sources = [source for name, model in (("net", MODEL), ("two", two)) for source in export(model, name, tmp_path)]
    (tmp_path / "main.c").write_text("""
#include <stdio.h>
#include "net.h"
#include "two.h"

static const double net_scales[NET_OUTPUTS][1] = NET_SCALES, two_scales[TWO_OUTPUTS][2] = TWO_SCALES;
static const char *const net_units[NET_OUTPUTS] = NET_VALUE_UNITS, *const two_units[TWO_OUTPUTS] = TWO_VALUE_UNITS;

int main(void)
{
    static net_state state;
    net_logit y[NET_OUTPUTS];
    int k;
    net_reset(&state);
    for (k = 0; k < 4; k++) {
        net_input x = (net_input)(60 * k);
        net_step(&state, &x);
    }
    net_readout(&state, y);
    for (k = 0; k < NET_OUTPUTS; k++)
        printf("%.17g %s\\n", (double)y[k] * net_scales[k][0], net_units[k]);
    printf("%.17g %.17g %s\\n", two_scales[0][0], two_scales[0][1], two_units[0]);
    return 0;
}
""")
    program = compile_all([tmp_path / "main.c", *sources], tmp_path)
    *lines, last = subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()
    outputs = golden.run(MODEL, 60 * np.arange(4)[None, :, None]).outputs
    wanted = golden.answer(MODEL, outputs, 4)[0]
    assert [line.split(" ")[1] for line in lines] == ["kPa", "", "%"]
    assert np.array_equal([float(line.split(" ")[0]) for line in lines], wanted)
    assert np.allclose([float(word) for word in last.split(" ")[:2]], np.array(two.readout.scales) / 3, rtol=1e-15)
    assert last.endswith(' m"/s')
    text = (tmp_path / "net.h").read_text() + (tmp_path / "net.c").read_text()
    assert "classify" not in text and "CLASSES" not in text
