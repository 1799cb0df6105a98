# SPDX-License-Identifier: BSD-2-Clause
"""Inputs get into files of models that were trained before, if the scores of what was measured are the recorded ones."""

from dataclasses import replace

import pytest

from bench.accuracy import compared
from bench.inputs import main
from hadam_hw import golden
from hadam_hw.model import Provenance
from hadam_hw.model_file import load_model, model_bytes, save_model
from hadam_hw.train.scores import percent
from hadam_hw.train.tasks import load_task
from tests.models_for_tests import random_model
from tests.train import task_files


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All data files, small."""
    return task_files.write_all(tmp_path_factory.mktemp("tasks"))


def model_of(task):
    """A random model with its score on the task's test set."""
    model = random_model(size=8, block=4, inputs=task.format.size, input_width=8, input_signed=True, outputs=len(task.classes))
    score = percent(golden.run(model, task.test.inputs).outputs, task.test.labels)
    return model.replace(provenance=Provenance(task=task.name, seed=0, integer_score=score))


@pytest.mark.parametrize("name", ["har-mu", "digits", "ecg"])
def test_an_input_is_written_once_and_only_where_scores_agree(name, folder, tmp_path, capsys):
    task = load_task(name, folder)
    model, path = model_of(task), tmp_path / "model.npz"
    arguments = ["--models", str(path), "--data", str(folder)]
    save_model(model.replace(provenance=replace(model.provenance, integer_score=3.25)), path)
    before = path.read_bytes()
    assert main(arguments) == 1 and "DIFFERENT, left as it is" in capsys.readouterr().out and path.read_bytes() == before
    save_model(model, path)
    assert main(arguments) == 0 and "input written" in capsys.readouterr().out
    again = load_model(path)
    assert again.input == task.input and again.digest == model.digest
    assert model_bytes(again.replace(input=None)) == model_bytes(model)
    assert main(arguments) == 0 and capsys.readouterr().out == ""


def test_scores_of_what_was_measured_are_compared_too(folder):
    task = load_task("har-mu", folder)
    model = model_of(task).replace(input=task.input)
    assert compared(model, task)[0]
    same, sentence = compared(model, replace(task, measured=lambda: task.measured() * 0))
    assert not same and sentence.startswith(f"recomputed {model.provenance.integer_score} %, from measured numbers ")


def test_a_task_of_pictures_has_none(folder, tmp_path, capsys):
    task = load_task("fashion", folder)
    model = random_model(size=8, block=4, inputs=1, input_width=8, outputs=10)
    save_model(model.replace(provenance=Provenance(task="fashion", seed=0)), tmp_path / "model.npz")
    before = (tmp_path / "model.npz").read_bytes()
    assert task.input is None and main(["--models", str(tmp_path / "model.npz"), "--data", str(folder)]) == 0
    assert (tmp_path / "model.npz").read_bytes() == before and capsys.readouterr().out == ""
