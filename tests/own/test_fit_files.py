# SPDX-License-Identifier: BSD-2-Clause
"""From a folder of recordings to a model and back to labels, by commands: what is scored is the golden model's integers."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hadam_hw import golden
from hadam_hw.cli import run_cli
from hadam_hw.command import main
from hadam_hw.model_file import load_model
from hadam_hw.predictions import predictions
from hadam_hw.recordings import Part, Shares, read_file, read_recordings, split
from tests.own.made import CLASSES, SETTLED, folder_of_sines, sine
from tests.recordings.made import csv_text, tree

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A folder with recordings and a model of them, everything chosen by ridges."""
    folder = tmp_path_factory.mktemp("own")
    folder_of_sines(folder / "recordings")
    assert run_cli(main, ["fit", "--data", str(folder / "recordings"), "--out", str(folder / "m.npz"), "--fit", "ridge"]) == 0
    return folder


def golden_labels(model, recordings):
    """The names that the golden model gives each recording at its own length, one by one."""
    outputs = [golden.run(model, model.input.encode(one.values)[None]).outputs for one in recordings]
    return [model.classes[int(golden.classify(one)[0])] for one in outputs]


def test_the_score_is_that_of_the_golden_model_at_each_sequences_own_length(fitted):
    model = load_model(fitted / "m.npz")
    parted = split(read_recordings(fitted / "recordings"), 0, Shares(validation=0, test=0.2))
    test = parted.part(Part.TEST).recordings
    assert len({len(one) for one in test}) > 1 and {one.group for one in test}.isdisjoint(
        one.group for one in parted.part(Part.TRAIN).recordings)
    right = sum(found == one.label for found, one in zip(golden_labels(model, test), test))
    assert model.provenance.integer_score == 100 * right / len(test) > 80
    assert (golden.run(model, model.vectors.inputs).outputs == model.vectors.outputs).all()


def test_model_configuration_and_picture_stand_beside_each_other_and_the_configuration_repeats_it(fitted, capsys, monkeypatch):
    assert sorted(path.name for path in fitted.iterdir() if path.is_file()) == ["m.npz", "m.svg", "m.toml"]
    model, text = load_model(fitted / "m.npz"), (fitted / "m.toml").read_text()
    assert 'data = "recordings"' in text and 'fit = "ridge"' in text
    (fitted / "again").mkdir()
    (fitted / "again" / "n.toml").write_text(text.replace('"recordings"', '"../recordings"').replace("m.npz", "n.npz"))
    monkeypatch.chdir("/")
    assert run_cli(main, ["fit", "--config", str(fitted / "again" / "n.toml"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    again = load_model(fitted / "again" / "n.npz")
    assert said["digest"] == again.digest == model.digest and len(said["tried"]) == 1
    assert again.input == model.input and again.probability_scale == model.probability_scale


def test_predict_says_what_the_golden_model_says_and_how_much_is_right(fitted, capsys):
    model = load_model(fitted / "m.npz")
    recordings = read_recordings(fitted / "recordings").recordings
    assert run_cli(main, ["predict", str(fitted / "m.npz"), str(fitted / "recordings"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [one["label"] for one in said["predictions"]] == golden_labels(model, recordings)
    assert [one["known"] for one in said["predictions"]] == [one.label for one in recordings]
    right = sum(one["label"] == one["known"] for one in said["predictions"])
    assert said["evaluation"]["right"] == right == np.trace(said["evaluation"]["matrix"])
    for one in said["predictions"]:
        assert abs(sum(one["probabilities"]) - 1) < 1e-4
        assert said["classes"][int(np.argmax(one["scores"]))] == one["label"]
    assert run_cli(main, ["predict", str(fitted / "m.npz"), str(fitted / "recordings")]) == 0
    assert f"{right} of {len(recordings)} right" in capsys.readouterr().out


def test_a_stream_of_lines_is_the_file(fitted, capsys, monkeypatch):
    file = next((fitted / "recordings" / "fast" / "anna").iterdir())
    assert run_cli(main, ["predict", str(fitted / "m.npz"), str(file), "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)["predictions"][0]

    class Standard:
        buffer = io.BytesIO(file.read_bytes() + b"1,nonsense\n")

    monkeypatch.setattr(sys, "stdin", Standard)
    assert run_cli(main, ["predict", str(fitted / "m.npz"), "-", "--json"]) == 0
    captured = capsys.readouterr()
    streamed = json.loads(captured.out)
    assert (streamed["label"], streamed["scores"]) == (whole["label"], whole["scores"])
    assert "1 damaged lines were left out" in captured.err


def test_channels_are_matched_by_the_header_in_any_order(fitted, tmp_path):
    model = load_model(fitted / "m.npz")
    values = read_file(next((fitted / "recordings" / "slow" / "ben").iterdir()))[0].values
    names, extra = ("temperature", "acc_y [g]", "acc_x [g]"), np.full((len(values), 1), 20.5)
    tree(tmp_path, {"turned.csv": csv_text(np.concatenate([extra, values[:, ::-1]], axis=1), names)})
    (one,) = predictions(model, read_file(tmp_path / "turned.csv"))
    assert (one.scores == golden.run(model, model.input.encode(values)[None]).outputs[0]).all()


@pytest.mark.parametrize(("header", "words"), [
    (("acc_x [g]", "speed [m/s]"), "lacks 'acc_y'"),
    (("acc_x [mg]", "acc_y [mg]"), "must have acc_x in g, as the model takes it, not in mg"),
])
def test_other_channels_are_refused(fitted, tmp_path, capsys, header, words):
    tree(tmp_path, {"a.csv": csv_text(np.random.default_rng(1).normal(size=(50, 2)), header)})
    assert run_cli(main, ["predict", str(fitted / "m.npz"), str(tmp_path / "a.csv")]) == 1
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_whole_numbers_without_a_unit_are_never_guessed(fitted, tmp_path, capsys):
    model, counts = load_model(fitted / "m.npz"), np.random.default_rng(2).integers(-90, 90, (50, 2))
    (tmp_path / "a.csv").write_text("acc_x,acc_y\n" + "".join(f"{x},{y}\n" for x, y in counts))
    (tmp_path / "b.csv").write_text("acc_x [counts],acc_y [counts]\n" + "".join(f"{x},{y}\n" for x, y in counts))
    np.save(tmp_path / "c.npy", counts)
    expected = {"measured": model.input.encode(counts), "counts": model.input.encode_counts(counts), "codes": counts}

    def scores(*arguments):
        assert run_cli(main, ["predict", str(fitted / "m.npz"), "--json", *map(str, arguments)]) == 0
        return json.loads(capsys.readouterr().out)["predictions"][0]["scores"]

    assert run_cli(main, ["predict", str(fitted / "m.npz"), str(tmp_path / "a.csv")]) == 1
    assert "could be measured numbers, counts of the sensor or codes of the model; say which" in capsys.readouterr().err
    wanted = {kind: golden.run(model, codes[None]).outputs[0].tolist() for kind, codes in expected.items()}
    assert len(set(map(tuple, wanted.values()))) == 3
    assert {kind: scores(tmp_path / "a.csv", "--units", kind) for kind in expected} == wanted
    assert scores(tmp_path / "b.csv", "--units", "measured") == wanted["counts"]  # the header wins
    assert scores(tmp_path / "c.npy") == wanted["codes"]


def test_windows_are_cut_after_the_split_and_predicted_as_they_were_trained(tmp_path, capsys):
    folder_of_sines(tmp_path / "recordings", each=1, steps=90)
    short = csv_text(np.random.default_rng(3).normal(size=(20, 2)), ("acc_x [g]", "acc_y [g]"), 50.0)
    tree(tmp_path, {"recordings/fast/anna/short.csv": short})
    out = tmp_path / "m.npz"
    arguments = ["fit", "--data", str(tmp_path / "recordings"), "--out", str(out), "--window", "32", *SETTLED, "--json"]
    assert run_cli(main, arguments) == 0
    said, model = json.loads(capsys.readouterr().out), load_model(out)
    assert (model.input.window, model.input.hop) == (32, 16) and model.vectors.inputs.shape[1] == 32
    test = {group["name"] for group in said["evaluation"]["groups"]}
    assert len(test) == 1 and said["evaluation"]["count"] == 3 * 4 + ("anna" in test)
    assert run_cli(main, ["predict", str(out), str(tmp_path / "recordings"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["predictions"]
    assert len(found) == 3 * 4 * 4 + 1 and {one["start"] for one in found} == {0, 16, 32, 48}
    recording = read_file(tmp_path / "recordings" / "fast" / "anna" / "short.csv")[0]
    padded = np.concatenate([np.zeros((12, 2), np.int64), model.input.codes(recording.values)])
    own = next(one for one in found if one["source"].endswith("short.csv"))
    assert own["scores"] == golden.run(model, padded[None]).outputs[0].tolist() \
        == golden.run(model, padded[None, 12:]).outputs[0].tolist()


def test_given_parts_are_obeyed_and_unequal_classes_are_weighted_and_said(tmp_path, capsys):
    files = {}
    for part, people in (("train", ("anna", "ben")), ("test", ("dora",))):
        for k, label in enumerate(CLASSES):
            for person in people:
                for take in range(8 if label == "slow" else 1):
                    seed = [k, take, len(person), part == "test"]
                    files[f"{part}/{label}/{person}/{take}.csv"] = csv_text(sine(label, seed), ("x [g]", "y [g]"), 50.0)
    tree(tmp_path / "data", files)
    assert run_cli(main, ["fit", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "m.npz"), *SETTLED]) == 0
    captured = capsys.readouterr()
    assert "classes have 2 to 16 training sequences and are weighted to count alike" in captured.err
    assert "of 10 test sequences" in captured.out and "test part as the files give it" in captured.out
    assert f"next: hadam predict {tmp_path / 'm.npz'} FILE" in captured.out


@pytest.mark.parametrize(("arguments", "words"), [
    (["--window", "0"], "window must be between 1 and 65,536, not 0"),
    (["--hop", "4"], "hop must be left alone without a window, not 4"),
    (["--front-end", "bank"], "must be one channel of sound at a known rate for --front-end bank, not 2 channels at 50 Hz"),
    (["--task", "har"], "--window must be left alone with --task"),
    (["--out", "."], "Output must be a file"),
    (["--hidden", "0"], "hidden must be between 1 and"),
])
def test_what_cannot_be_is_one_sentence(fitted, tmp_path, capsys, arguments, words):
    given = ["--window", "8", *arguments] if "--task" in arguments else arguments
    files = sorted(tmp_path.iterdir())
    assert run_cli(main, ["fit", "--data", str(fitted / "recordings"), "--out", str(tmp_path / "m.npz"), *given]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert words in lines[-1] and lines[-1].startswith("error: ")
    assert sorted(tmp_path.iterdir()) == files


@pytest.mark.parametrize(("names", "words"), [
    (["one/a.csv", "one/b.csv"], "must be of two classes or more"),
    (["one/anna/a.csv", "two/anna/b.csv"], "must come in two groups or files or more"),
])
def test_too_few_classes_or_groups_are_one_sentence(tmp_path, capsys, names, words):
    tree(tmp_path / "data", {name: csv_text(np.random.default_rng(k).normal(size=(30, 2))) for k, name in enumerate(names)})
    assert run_cli(main, ["fit", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "m.npz")]) == 1
    assert words in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "m.npz").exists()


def test_a_configuration_is_not_trusted(tmp_path, capsys):
    for text, words in (('data = 3\nout = "m.npz"\n', "data must be text, not 3"), ("folds = 1.5", "Training needs --data"),
                        ('data = "."\nout = "m.npz"\nwires = "gold"\n', "wires must be one of"),
                        ('data = "."\nout = "m.npz"\nhiden = 4\n', "must not hold 'hiden'"), ("data = ", "must be TOML")):
        (tmp_path / "c.toml").write_text(text)
        assert run_cli(main, ["fit", "--config", str(tmp_path / "c.toml")]) == 1
        assert words in capsys.readouterr().err


def test_fit_and_predict_need_neither_torch_nor_numba_nor_gateware(fitted, tmp_path):
    program = ("import sys\n"
               "for name in ('torch', 'numba', 'amaranth', 'matplotlib', 'scipy', 'sklearn'): sys.modules[name] = None\n"
               "from hadam_hw.__main__ import main\n"
               "from hadam_hw.cli import run_cli\n"
               "sys.exit(run_cli(main, sys.argv[1:]))\n")

    def run(*arguments):
        return subprocess.run([sys.executable, "-c", program, *arguments], cwd=ROOT, text=True, capture_output=True)

    made = run("fit", "--data", str(fitted / "recordings"), "--out", str(tmp_path / "m.npz"),
               *(word for word in SETTLED if word not in ("--fit", "ridge")))
    assert made.returncode == 0, made.stderr
    assert "torch is not installed, so a ridge must do" in made.stderr
    told = run("predict", str(tmp_path / "m.npz"), str(fitted / "recordings"), "--csv")
    assert told.returncode == 0 and len(told.stdout.splitlines()) == 1 + 24, told.stderr
