# SPDX-License-Identifier: BSD-2-Clause
"""Gradients behind a ridge: what is saved is what the golden model computes, and the configuration repeats it."""

import json

import numpy as np
import pytest

from hadam_hw import golden
from hadam_hw.cli import run_cli
from hadam_hw.command import main
from hadam_hw.model_file import load_model
from hadam_hw.recordings import Part, Shares, read_recordings, split
from hadam_hw.train.own import gradient
from tests.own.made import folder_of_sines, sines

BASE = ["--hidden", "16", "--leak", "3", "--recurrence", "hadamard", "--readout", "sum", "--fit", "gradient", "--epochs", "6"]


@pytest.mark.parametrize("steps", [None, 48], ids=["lengths", "one length"])
def test_what_is_saved_is_scored_by_the_golden_model_and_repeated(tmp_path, capsys, monkeypatch, steps):
    monkeypatch.setenv("HADAM_HW_CACHE", str(tmp_path / "cache"))
    folder_of_sines(tmp_path / "data", steps=steps)
    out = tmp_path / "m.npz"
    assert run_cli(main, ["fit", "--data", str(tmp_path / "data"), "--out", str(out), *BASE, "--json"]) == 0
    said, model = json.loads(capsys.readouterr().out), load_model(out)
    trained = model.layers[0].phases[0].bias.any()
    assert trained == (steps is not None) and len(model.readout.stages) == 2 and said["fit"] == "gradient"
    test = split(read_recordings(tmp_path / "data"), 0, Shares(validation=0, test=0.2)).part(Part.TEST).recordings
    outputs = np.concatenate([golden.run(model, model.input.encode(one.values)[None]).outputs for one in test])
    right = [model.classes[k] == one.label for k, one in zip(golden.classify(outputs), test)]
    assert said["integer"] == 100 * sum(right) / len(right)
    assert model.probability_scale > 0 and said["settings"]["until"] == model.provenance.epochs <= 6
    assert run_cli(main, ["fit", "--config", str(tmp_path / "m.toml"), "--out", str(tmp_path / "n.npz")]) == 0
    again = load_model(tmp_path / "n.npz")
    assert again.digest == model.digest and again.probability_scale == model.probability_scale


def test_a_budget_that_is_too_small_leaves_the_ridge(tmp_path, capsys):
    folder_of_sines(tmp_path / "data", each=8)
    arguments = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "m.npz"), *BASE, "--budget", "0.001"]
    assert run_cli(main, ["fit", *arguments]) == 0
    assert "gradients were left out: 6 epochs of two trainings take longer than the 0 s of --budget" in capsys.readouterr().err
    assert 'fit = "ridge"' in (tmp_path / "m.toml").read_text()


def test_sensors_are_turned_where_validation_says_so_and_the_configuration_repeats_it(tmp_path, capsys):
    waves, labels, groups = sines(steps=48)
    inputs = np.stack([np.hstack([one, one[:, :1] + 1]) for one in waves])
    np.savez(tmp_path / "data.npz", inputs=inputs, labels=np.array(labels), groups=np.array(groups), units=np.array(["g"] * 3),
             channels=np.array(["acc_x", "acc_y", "acc_z"]), rate_hz=50.0)
    arguments = ["--data", str(tmp_path / "data.npz"), *BASE, "--folds", "3"]
    assert run_cli(main, ["fit", *arguments, "--out", str(tmp_path / "m.npz"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    ten, none = (one["percent"] for one in said["tried"] if "epochs, turned by" in one["words"])
    best = 10 if ten >= none else 0
    assert said["settings"]["turn"] == best
    for turn in (best, 25):  # told, and not compared
        given = ["--config", str(tmp_path / "m.toml")] if turn == best else [*arguments, "--turn", str(turn)]
        assert run_cli(main, ["fit", *given, "--out", str(tmp_path / f"n{turn}.npz"), "--json"]) == 0
        again = json.loads(capsys.readouterr().out)
        assert again["settings"]["turn"] == turn and (again["digest"] == said["digest"]) == (turn == best)
        assert not any("epochs, turned by" in one["words"] for one in again["tried"])


def test_channels_that_are_no_axes_are_not_turned(tmp_path, capsys):
    folder_of_sines(tmp_path / "data", steps=48)
    out = tmp_path / "m.npz"
    assert run_cli(main, ["fit", "--data", str(tmp_path / "data"), "--out", str(out), *BASE, "--turn", "10"]) == 1
    assert "turn must be 0 but where three channels are a worn sensor's axes" in capsys.readouterr().err
    assert not out.exists()


def test_a_longer_training_is_tried_where_there_is_time(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(gradient, "EPOCHS", (6, 6))
    monkeypatch.setattr(gradient, "LONGER", 3)
    folder_of_sines(tmp_path / "data", steps=48)
    arguments = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "m.npz"), *BASE[:-2], "--json"]
    assert run_cli(main, ["fit", *arguments]) == 0
    said = json.loads(capsys.readouterr().out)
    tried = {one["words"].partition(";")[0]: one["percent"] for one in said["tried"] if "epochs;" in one["words"]}
    assert list(tried) == ["gradients: 6 epochs", "gradients: 18 epochs"]
    assert said["settings"]["epochs"] in (6, 18) and said["settings"]["until"] <= said["settings"]["epochs"]
