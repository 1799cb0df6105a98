# SPDX-License-Identifier: BSD-2-Clause
"""The package's command: what it says of a model, and that it notices vectors of another model."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hadam_hw.__main__ import check, main
from hadam_hw.cli import run_cli
from hadam_hw.errors import ModelError
from hadam_hw.model_file import load_model, save_model

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
