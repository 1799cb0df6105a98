# SPDX-License-Identifier: BSD-2-Clause
"""``python -m sim``: what it compares is counted, and it says no where something differs."""

import json

import numpy as np
import pytest

from hadam_hw import golden
from hadam_hw.cli import run_cli
from hadam_hw.model import TestVectors
from hadam_hw.model_file import save_model
from sim import one_core as by_hand
from sim.cli import main
from sim.core_job import emit_cores
from sim.one_core import MODULE, own_sequences
from tests.cosim.test_core import flip_rom_bit
from tests.models_for_tests import random_model, random_stack


@pytest.fixture
def weights(tmp_path):
    """A file with a small model that brings two sequences of 7 steps."""
    model = random_model(size=8, block=4, outputs=3, seed=6)
    inputs = np.random.default_rng(0).integers(0, 256, (2, 7, 1))
    outputs = golden.run(model, inputs).outputs
    model = model.replace(vectors=TestVectors(inputs, outputs, golden.classify(outputs)))
    save_model(model, tmp_path / "model.npz")
    return tmp_path / "model.npz"


def command(weights, *others):
    return run_cli(main, ["--weights", str(weights), "--simulator", "icarus", *map(str, others)])


@pytest.mark.parametrize("emit, steps, sequences, readouts", [
    ("last", 17, 3, 3), ("last", 1, 1, 1), ("every", 17, 3, 17), ("sum", 17, 3, 3),
])
def test_everything_is_compared(weights, capsys, emit, steps, sequences, readouts):
    assert command(weights, "--steps", steps, "--emit", emit, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["steps"], result["sequences"]) == (steps, sequences)
    assert (result["outputs"], result["states"]) == (3 * readouts, 8 * (17 if emit == "sum" else readouts))
    assert 0 < result["nonzero_states"] <= result["states"]
    assert (result["cycles_per_step"] is None) == (steps == 1 or emit != "last")


@pytest.mark.parametrize("arch", ["serial", "parallel"])
def test_two_layers_are_compared_like_one(tmp_path, capsys, arch):
    stack = random_stack(lower=dict(size=4, block=4), upper=dict(size=8, block=4, outputs=2, frac=-3))
    save_model(stack, tmp_path / "stack.npz")
    assert command(tmp_path / "stack.npz", "--arch", arch, "--steps", 9, "--emit", "every", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["outputs"], result["states"], result["cycles_per_step"]) == (2 * 9, 8 * 9, None)
    assert result["nonzero_states"] > 8


def test_the_netlist_is_compared_too(weights, capsys, monkeypatch):
    texts = {}

    def compile_design(sources, *others, **named):
        texts.update(sources)
        return by_hand_compile(sources, *others, **named)

    by_hand_compile = by_hand.compile_design
    monkeypatch.setattr(by_hand, "compile_design", compile_design)
    assert command(weights, "--steps", 9, "--netlist", "yes") == 0
    said = capsys.readouterr()
    assert "equal: 6 outputs and 16 state words" in said.out
    assert "simulating 9 steps" in said.err
    assert "SB_LUT4" in texts["netlist.v"] and sorted(texts) == ["cells_sim.v", "netlist.v", "top.v"]


def test_a_wrong_core_is_exit_1_and_one_sentence(weights, capsys, monkeypatch):
    def planted(entries):
        sources = emit_cores(entries)
        return sources | {f"{MODULE}.v": flip_rom_bit(sources[f"{MODULE}.v"], 1)}

    monkeypatch.setattr(by_hand, "emit_cores", planted)
    assert command(weights, "--steps", 9) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "error: The core is not the golden model: " in said.err and "tap word" in said.err


@pytest.mark.parametrize("arguments, message", [
    (["--steps", 0], "argument --steps: invalid whole number from 1 to 10000000 value: '0'"),
    (["--arch", "wide"], "Architecture must be"),
    (["--netlist", "perhaps"], "argument --netlist: invalid choice: 'perhaps'"),
])
def test_bad_arguments_are_one_sentence(weights, capsys, arguments, message):
    assert command(weights, *arguments) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and message in errors[0]


def test_a_file_that_is_no_model_is_one_sentence(tmp_path, capsys):
    (tmp_path / "model.npz").write_bytes(b"nothing")
    assert command(tmp_path / "model.npz") == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_a_model_without_vectors_gets_random_ones():
    model = random_model(size=8, block=4, outputs=3, input_signed=True)
    sequences = own_sequences(model, 230)
    assert [len(sequence) for sequence in sequences] == [100, 100, 30]
    assert min(s.min() for s in sequences) < -100 and max(s.max() for s in sequences) > 100
