# SPDX-License-Identifier: BSD-2-Clause
"""A device takes recordings where the model's file says how to encode them: the answers are those of ``predict``."""

import json

import numpy as np
import pytest

from firmware import device
from firmware.__main__ import main
from hadam_hw import command
from hadam_hw.cli import run_cli
from hadam_hw.model_file import save_model
from tests.firmware.test_stream import MODEL, SOURCE, VALUES
from tests.firmware.test_tokens import Port
from tests.recordings.made import csv_text, tree


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(Port, "model", MODEL)
    monkeypatch.setattr(device, "SerialPort", Port)
    save_model(MODEL, tmp_path / "m.npz")
    labels = ("left", "right", "up")
    return tree(tmp_path / "own", {
        f"{labels[k % 3]}/{k}.csv": csv_text(VALUES[40 * k:40 * k + 37, ::-1], ("y [g]", "x [g]"), 50.0) for k in range(6)})


def test_the_answers_are_those_of_predict(files, capsys):
    weights = str(files.parent / "m.npz")
    assert run_cli(command.main, ["predict", weights, str(files), "--json"]) == 0
    predicted = json.loads(capsys.readouterr().out)
    assert run_cli(main, ["infer", "--port", "x", "--weights", weights, str(files), "--json"]) == 0
    inferred = json.loads(capsys.readouterr().out)
    assert inferred["predictions"] == predicted["predictions"] and inferred["evaluation"] == predicted["evaluation"]
    assert inferred["sequences"] == 18 and len({one["label"] for one in inferred["predictions"]}) > 1
    assert run_cli(main, ["infer", "--port", "x", "--weights", weights, str(files)]) == 0
    said = capsys.readouterr().out
    assert f"of 18 right: {predicted['evaluation']['percent']:.2f} %" in said and "18 sequences in" in said


def test_codes_stay_codes(files, capsys):
    weights, path = str(files.parent / "m.npz"), files.parent / "codes.npy"
    codes = np.stack([SOURCE.codes(VALUES[k:k + 16]) for k in (0, 50)])
    np.save(path, codes)
    assert run_cli(main, ["infer", "--port", "x", "--weights", weights, str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["predictions"]
    assert [one["scores"] for one in found] == MODEL.scores([VALUES[k:k + 16] for k in (0, 50)]).tolist()


def test_several_files_need_a_model_that_encodes_them(files, capsys):
    recordings = [str(path) for path in sorted(files.rglob("*.csv"))[:2]]
    assert run_cli(main, ["infer", "--port", "x", *recordings]) == 1
    assert "One file must be enough" in capsys.readouterr().err
