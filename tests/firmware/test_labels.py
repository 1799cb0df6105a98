# SPDX-License-Identifier: BSD-2-Clause
"""What ``infer`` counts as right: labels are classes, by number or by name, or the file is refused."""

import json

import numpy as np
import pytest

from firmware import device
from firmware.__main__ import main
from hadam_hw import golden
from hadam_hw.cli import run_cli
from hadam_hw.model_file import save_model
from tests.firmware.test_tokens import Port
from tests.models_for_tests import centred, random_model

NAMES = ("no", "yes")
INPUTS = np.random.default_rng(5).integers(0, 256, (9, 4, 1))
MODEL = centred(random_model(size=16, outputs=1), INPUTS).with_readout(classes=NAMES)
LABELS = golden.classify(golden.run(MODEL, INPUTS).outputs)


@pytest.fixture
def infer(tmp_path, monkeypatch, capsys):
    """Runs the command on INPUTS with these labels; returns what it said, or its error."""
    monkeypatch.setattr(Port, "model", MODEL)
    monkeypatch.setattr(device, "SerialPort", Port)
    save_model(MODEL, tmp_path / "model.npz")

    def run(labels, weights=True, suffix="npz"):
        path = tmp_path / f"data.{suffix}"
        if suffix == "npz":
            np.savez(path, inputs=INPUTS, labels=labels)
        else:
            rows = [["label", *"abcd"], *([label, *x[:, 0]] for label, x in zip(labels, INPUTS, strict=True))]
            path.write_text("\n".join(",".join(map(str, row)) for row in rows))
        known = ["--weights", str(tmp_path / "model.npz")] if weights else []
        code = run_cli(main, ["infer", "--port", "x", "--json", *known, str(path)])
        said = capsys.readouterr()
        assert code == 0 or code == 1 and said.err.count("\n") == 1
        return json.loads(said.out) if code == 0 else said.err

    return run


@pytest.mark.parametrize("suffix", ["npz", "csv"])
def test_numbers_and_names_of_classes_are_counted(infer, suffix):
    wrong = LABELS ^ (np.arange(9) == 4)
    assert set(LABELS) == {0, 1}
    for weights, labels in ((False, wrong), (True, wrong), (True, np.array(NAMES)[wrong])):
        facts = infer(labels, weights, suffix)
        assert facts["classes"] == LABELS.tolist() and facts["correct"] == 8


@pytest.mark.parametrize("labels, weights, words", [
    (np.where(LABELS, 1, -1), True, "must be a whole number from 0 to 1, or one of 'no', 'yes', not -1"),
    (np.where(LABELS, 1, -1), False, "must be a whole number from 0 to 1, not -1"),
    (LABELS + 1, True, "must be a whole number from 0 to 1, or one of 'no', 'yes', not 2"),
    (LABELS + 0.5, True, "Label 0 of"), (np.array(["no", "yeah"])[LABELS], True, "not 'yeah'"),
    (np.array(NAMES)[LABELS], False, "of a model with names: --weights"), (LABELS[:8], True, "must be one a sequence, 9"),
    (LABELS[:, None], True, "must be one a sequence, 9"), (np.append(LABELS, 0), True, "must be one a sequence, 9")])
def test_labels_that_are_no_classes_are_one_sentence(infer, labels, weights, words):
    error = infer(labels, weights)
    assert "data.npz" in error and words in error


def test_labels_of_a_csv_are_checked_too(infer):
    error = infer(["no", "yes", "may be", *["no"] * 6], suffix="csv")
    assert "Label 2 of " in error and "not 'may be'" in error
