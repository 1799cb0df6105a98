# SPDX-License-Identifier: BSD-2-Clause
"""The package's command: what it says of a model, and that it notices vectors of another model."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from hadam_hw.cli import run_cli
from hadam_hw.command import main
from hadam_hw.errors import ModelError
from hadam_hw.model_file import load_model, save_model
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Hadamard, Ternary
from hadam_hw.verbs.check import check
from tests.models_for_tests import random_stack

MODELS = sorted((Path(__file__).parent.parent.parent / "models").glob("*.npz"))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_the_shipped_vectors_are_the_golden_models(path, capsys):
    model = load_model(path)
    count = len(model.vectors.inputs)
    assert run_cli(main, ["check", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"equal": count}
    assert run_cli(main, ["inspect", str(path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["digest"], facts["size"], facts["vectors"]) == (model.digest, model.size, count)


def deep(tmp_path):
    """The file of a model of two layers with wires and a hidden stage, and the model."""
    model = random_stack(lower=dict(size=16, block=4, leak=3, input_width=4, inputs=3),
                         upper=dict(size=8, block=1, wires=True, outputs=3, emit=Pooling.SUM, hidden=((5, 6, 9, 4),)))
    save_model(model, tmp_path / "deep.npz")
    return tmp_path / "deep.npz", model


def test_layers_and_stages_are_tables_that_a_person_understands(tmp_path, capsys):
    assert run_cli(main, ["inspect", str(deep(tmp_path)[0])]) == 0
    lines = [re.split("  +", line) for line in capsys.readouterr().out.splitlines()]
    for row in (["layers", "units", "recurrence", "input", "bits of V", "state", "rounding", "activation"],
                ["layer 0", "16", "Hadamard, blocks of 4, leak 3", "3 of 4 bits unsigned", "4", "12 bits, fraction 0",
                 "half-up", "linear"],
                ["layer 1", "8", "Hadamard, blocks of 1, wires", "16 of 11 bits unsigned", "1", "12 bits, fraction 0",
                 "half-up", "linear"],
                ["read-out, sum, 3 more bits", "codes", "bits of U", "bits of a sum", "shift", "activation"]):
        assert row in lines
    (hidden, last) = (row for row in lines if row[0].startswith("stage"))
    assert hidden[:3] == ["stage 0", "5 x 8", "6"] and hidden[4:] == ["9", "4 bits"]
    assert last[:3] == ["stage 1", "3 x 5", "4"] and last[4:] == ["none", "none, exact"]


def test_layers_and_stages_are_in_the_json_too(tmp_path, capsys):
    path, model = deep(tmp_path)
    assert run_cli(main, ["inspect", str(path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["schema"] == 4 and [layer["size"] for layer in facts["layers"]] == [16, 8] and facts["size"] == 24
    assert facts["layers"][0]["recurrence"] == {"kind": "hadamard", "block": 4, "leak": 3,
                                                "words": "Hadamard, blocks of 4, leak 3"}
    first, last = model.readout.widths(model.top.state)
    assert facts["readout"] == {"pooling": "sum", "pool_bits": 3, "answer": "classes", "values": [], "stages": [
        {"outputs": 5, "inputs": 8, "bits": 6, "bias_shift": 7, "width": first, "shift": 9, "activation_bits": 4},
        {"outputs": 3, "inputs": 5, "bits": 4, "bias_shift": 0, "width": last, "shift": None, "activation_bits": None}]}


@pytest.mark.parametrize("recurrence, words", [
    (Hadamard(2, 2, [1] * 2, [0, 5]), "Hadamard, one block of 2, leaks 0 to 5"),
    (Hadamard(8, 8, [1] * 8), "Hadamard, one block of 8"), (Ternary([[1, -1], [1, 1]], 3, 2), "binary, times 3 / 2**2"),
    (Ternary([[0]]), "ternary, times 1 / 2**0")], ids=str)
def test_a_recurrence_has_words(recurrence, words):
    assert recurrence.words == words


def test_one_wrong_output_is_noticed():
    model = load_model(MODELS[0])
    outputs = model.vectors.outputs.copy()
    outputs[3, 1] += 1
    with pytest.raises(ModelError, match="test vector 3"):
        check(model.replace(vectors=replace(model.vectors, outputs=outputs)))


def test_no_vectors_and_no_file_are_errors_of_one_line(tmp_path, capsys):
    save_model(load_model(MODELS[0]).replace(vectors=None), tmp_path / "bare.npz")
    for name, words in (("bare.npz", "has none"), ("missing.npz", "cannot be read")):
        assert run_cli(main, ["check", str(tmp_path / name)]) == 1
        error = capsys.readouterr().err
        assert words in error and error.count("\n") == 1
