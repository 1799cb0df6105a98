# SPDX-License-Identifier: BSD-2-Clause
"""The training command on MNIST-shaped files of a few small pictures: what it saves, and what it says of bad input."""

import io
import json
import os
import signal
import subprocess
import sys
import urllib.request

import numpy as np
import pytest

from hadam_hw import golden
from hadam_hw.cli import run_cli
from hadam_hw.errors import DataError
from hadam_hw.model_file import load_model
from hadam_hw.train import data
from hadam_hw.train.__main__ import main
from hadam_hw.train.states import last_states
from hadam_hw.train.tasks import load_task

SMALL = ["--task", "smnist", "--hidden", "16", "--block", "8", "--lr", "0.02"]


def test_what_is_saved_is_what_the_golden_model_says(pictures, tmp_path, capsys):
    out = tmp_path / "m.npz"
    assert run_cli(main, [*SMALL, "--data", str(pictures), "--out", str(out), "--epochs", "5", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    model = load_model(out)
    test = load_task("smnist", pictures).test
    run = golden.run(model, test.inputs)
    score = 100 * (golden.classify(run.outputs) == test.labels).mean()
    assert score > 60
    assert said["integer"] == model.provenance.integer_score == score
    assert said["digest"] == model.digest
    spread = np.linspace(0, len(test) - 1, 32).astype(int)
    assert np.array_equal(model.vectors.outputs, run.outputs[spread])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.jsonl", "m.npz", "m.svg"]  # the checkpoint went


def test_a_readout_behind_a_drawn_layer_is_saved_and_scored(pictures, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HADAM_HW_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "m.npz"
    arguments = ["--task", "smnist", "--hidden", "16", "--block", "1", "--wires", "drawn", "--stages", "16:4:8", "--lr", "0.02",
                 "--batch", "20", "--epochs", "6", "--shift", "1", "--copies", "2", "--data", str(pictures), "--out", str(out)]
    assert run_cli(main, [*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    model = load_model(out)
    layer, readout, provenance = model.top, model.readout, model.provenance
    task = load_task("smnist", pictures)
    for part, score in ((task.validation, said["validation"]), (task.test, said["integer"])):
        states, _ = last_states(layer, part.inputs)
        assert score == 100 * (golden.classify(readout(states.astype(np.int64), 0)) == part.labels).mean() > 60
    assert provenance.integer_score == said["integer"] and provenance.command.startswith("python -m hadam_hw.train --task")
    assert np.array_equal(golden.run(model, model.vectors.inputs).outputs, model.vectors.outputs)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "m.jsonl", "m.npz", "m.svg"]
    assert run_cli(main, arguments) == 0
    told = capsys.readouterr()
    assert f"{said['integer']:.2f} % as integers" in " ".join(told.out.split()) and "MiB" in told.err


def test_ctrl_c_saves_the_best_and_exits_130(pictures, tmp_path):
    command = [sys.executable, "-m", "hadam_hw.train", *SMALL, "--data", str(pictures), "--epochs", "100000",
               "--out", str(tmp_path / "m.npz")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=os.environ | {"COLUMNS": "120"}) as process:
        for line in process.stderr:
            if line.startswith("epoch 3:"):
                process.send_signal(signal.SIGINT)
                break
        rest = process.communicate(timeout=120)[1]
    assert process.returncode == 130 and "Traceback" not in rest
    assert load_model(tmp_path / "m.npz").provenance.epochs >= 3


@pytest.mark.parametrize(("arguments", "words"), [
    (["--task", "har", "--hidden", "16", "--block", "8"], "missing"),
    (["--task", "pmnist", "--hidden", "16", "--block", "5"], "block"),
    (["--task", "har", "--hidden", "16", "--block", "4", "--layers", "9"], "between 1 and 8 layers, not 9"),
    (["--task", "har", "--hidden", "16", "--block", "4", "--layers", "0"], "between 1 and 8 layers, not 0"),
    (["--task", "har", "--hidden", "16", "--block", "8", "--layers", "3"], "layer 0's recurrence must have one phase, not two"),
    (["--task", "har", "--hidden", "16", "--block", "8", "--readout", "sum"], "one phase for emit = sum"),
    (["--task", "har", "--hidden", "16", "--block", "4", "--v-bits", "9"], "between 1 and 8 bits, not 9"),
    (["--task", "har", "--hidden", "16", "--block", "4", "--u-bits", "0"], "between 1 and 8 bits, not 0"),
    (["--task", "har", "--hidden", "16", "--block", "4", "--layers", "2", "--state-bits", "18"], "1 and 16 bits, not 17"),
    (["--task", "pmnist", "--hidden", "16", "--block", "4", "--wires", "drawn"], "wires must be left alone where v is trained"),
    (["--task", "pmnist", "--hidden", "16", "--block", "4", "--stages", "12"], "stages must be units:code bits")])
def test_bad_input_is_one_line(arguments, words, tmp_path, capsys):
    assert run_cli(main, [*arguments, "--data", str(tmp_path), "--out", str(tmp_path / "m.npz")]) == 1
    error = capsys.readouterr().err
    assert words in error.lower() and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_is_not_the_file_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO(b"a login page"))
    with pytest.raises(DataError, match="SHA-256.*nothing was kept"):
        data.fetch(tmp_path, "mnist/train-labels-idx1-ubyte.gz")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_named(pictures, tmp_path):
    whole = (pictures / "mnist" / "t10k-images-idx3-ubyte.gz").read_bytes()
    (tmp_path / "cut.gz").write_bytes(whole[:100])
    with pytest.raises(DataError, match=r"cut\.gz is damaged"):
        data.read_idx(tmp_path / "cut.gz")
