# SPDX-License-Identifier: BSD-2-Clause
"""Folds of groups: nobody is on both sides, their mean picks the epoch, and the last training is of everybody."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from hadam_hw import golden
from hadam_hw.cache import Cache
from hadam_hw.errors import DataError
from hadam_hw.model import InputFormat
from hadam_hw.readout import Pooling
from hadam_hw.train.epochs import Epoch
from hadam_hw.train.export import finish
from hadam_hw.train.fit import fit, network_of
from hadam_hw.train.fit_stages import fit_stages
from hadam_hw.train.folds import FoldScores, fold_checkpoints
from hadam_hw.train.scores import percent
from hadam_hw.train.settings import Drive, Settings, Wires
from hadam_hw.train.tasks import Generated, Sequences, Task

SETTINGS = Settings(task="steps", hidden=16, block=4, epochs=4, batch=20, lr=2e-2, readout=Pooling.SUM, leak=2, folds=3)


@pytest.fixture(scope="module")
def task():
    """Three classes of 12 steps: which third of the sequence is loud; seven persons, and some sequences of nobody."""
    rng = np.random.default_rng(5)

    def draw(count, persons):
        labels = rng.integers(0, 3, count)
        inputs = rng.integers(0, 40, (count, 12, 1))
        for sequence, label in zip(inputs, labels, strict=True):
            sequence[4 * label:4 * label + 4] += 180
        return Sequences(inputs.astype(np.uint8), labels, groups=rng.integers(*persons, count))

    return Task("steps", draw(120, (-1, 5)), draw(40, (5, 7)), draw(60, (7, 9)), InputFormat(1, 8, False), 1 / 255,
                ("a", "b", "c"), "drawn")


def test_each_person_is_in_validation_once(task):
    folds = task.folds(3, np.random.default_rng(0))
    seen = [set(fold.validation.groups) - {-1} for fold in folds]
    assert set().union(*seen) == set(range(7)) and sum(map(len, seen)) == 7
    for fold in folds:
        assert not set(fold.train.groups) & set(fold.validation.groups) - {-1}
        assert len(fold.train) + len(fold.validation) == 160 and fold.test is task.test
    assert sum(len(fold.validation) for fold in folds) == 160


def test_what_follows_what_is_kept_where_both_are(task):
    rng = np.random.default_rng(1)
    task = replace(task, **{name: replace(part, follows=(rng.random(len(part)) < 0.5) & (np.arange(len(part)) < len(part) - 1))
                            for name, part in (("train", task.train), ("validation", task.validation))})
    sequences = task.train
    for part in (task.folds(3, np.random.default_rng(0))[0].train, sequences.part(np.arange(120) % 3 < 2)):
        places = [int(np.flatnonzero((np.concatenate([sequences.inputs, task.validation.inputs]) == one).all(axis=(1, 2)))[0])
                  for one in part.inputs]
        follows = np.concatenate([sequences.follows, task.validation.follows])
        expected = [follows[a] and b == a + 1 for a, b in zip(places, places[1:])] + [False]
        assert np.array_equal(part.follows, expected) and part.follows.any()


def test_without_groups_each_sequence_is_one(task):
    bare = replace(task, **{part: replace(getattr(task, part), groups=None) for part in ("train", "validation")})
    assert [len(fold.validation) for fold in bare.folds(4, np.random.default_rng(0))] == [40] * 4
    assert bare.whole().train.groups is None and len(bare.whole().train) == 160


@pytest.mark.parametrize("count", [8, 200, 1])
def test_more_folds_than_groups_are_refused(task, count):
    few = replace(task, train=task.train.part(task.train.groups >= 0))
    with pytest.raises(DataError, match=f"folds must be between 2 and the 7 groups of task steps's training part, not {count}"):
        few.folds(count, np.random.default_rng(0))


def test_sequences_that_are_made_have_no_folds(task):
    made = Generated(task.train.inputs, task.train.labels, count=10, make=None)
    with pytest.raises(DataError, match="folds must be 0 for tasks whose sequences are made while training"):
        replace(task, train=made).folds(2, np.random.default_rng(0))


def test_the_best_mean_is_chosen_and_float_decides_among_equals():
    def curve(*scores):
        return [Epoch(number, 0.0, floating, integer, 0, 0.0) for number, (floating, integer) in enumerate(scores, 1)]

    scores = FoldScores.of([curve((80, 90), (None, None), (70, 80), (90, 70)),
                            curve((80, 60), (None, None), (91, 80), (80, 90))])
    assert scores.epochs == (1, 3, 4) and scores.mean(3) == (80.5, 80) and scores.mean(2) == (None, None)
    assert scores.chosen == 4  # 75, 80, 80 as integers; 80, 80.5, 85 in float
    stages = FoldScores.of([curve((None, 70), (None, 80), (None, 80))])
    assert stages.mean(2) == (None, 80) and stages.chosen == 2


@pytest.mark.parametrize("stages", ["", "8:4:8"])
def test_the_epoch_of_the_folds_is_trained_to_on_everybody(task, stages, tmp_path):
    settings, said, told, epochs = replace(SETTINGS, stages=stages, evaluate_every=2), [], [], []
    fitted = fit(task, settings, tmp_path / "c", on_epoch=epochs.append, on_fold=lambda fold, epoch: said.append((fold, epoch)),
                 on_scores=told.append)
    scores, = told
    assert [(fold, epoch.epoch) for fold, epoch in said] == [(fold, epoch) for fold in range(3) for epoch in range(1, 5)]
    assert fitted.epochs == scores.chosen == len(epochs) and fitted.validation_score == scores.mean(scores.chosen)[1] > 50
    assert (epochs[0].validation_integer, epochs[1].validation_integer) == (None, scores.mean(2)[1])
    again = fit(task, replace(settings, folds=0, until=scores.chosen), tmp_path / "d")
    assert again.validation_score is None
    assert all(np.array_equal(again.parameters[name], fitted.parameters[name]) for name in fitted.parameters)
    model = finish(network_of(task, settings), task, settings, fitted, "")
    assert percent(golden.run(model, task.test.inputs).outputs, task.test.labels) == model.provenance.integer_score > 50
    assert model.provenance.split == "drawn; epoch by 3 folds of the training part, then trained on all of it"


def test_a_killed_training_goes_on_in_its_fold(task, tmp_path):
    whole = fit(task, SETTINGS, tmp_path / "whole")

    def killed(fold, epoch):
        if (fold, epoch.epoch) == (1, 2):
            raise SystemError("the machine went away")

    with pytest.raises(SystemError):
        fit(task, SETTINGS, tmp_path / "c", on_fold=killed)
    seen = []
    resumed = fit(task, SETTINGS, tmp_path / "c", on_fold=lambda fold, epoch: seen.append((fold, epoch.epoch)))
    assert seen == [(1, 3), (1, 4), (2, 1), (2, 2), (2, 3), (2, 4)]
    assert all(np.array_equal(resumed.parameters[name], whole.parameters[name]) for name in whole.parameters)
    assert all(path.exists() for path in fold_checkpoints(tmp_path / "c", SETTINGS))


def test_ctrl_c_within_the_folds_keeps_nothing(task, tmp_path):
    steps = iter(range(10**6))

    def interrupt():
        if next(steps) == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(task, SETTINGS, tmp_path / "c", on_step=interrupt)


@pytest.mark.parametrize("changes", [
    dict(readout=Pooling.SUM, drive=Drive.ALL, leak=2), dict(block=1, wires=Wires.RING)], ids=str)
def test_folds_behind_a_drawn_layer(task, changes, tmp_path):
    settings = replace(Settings("steps", 16, 4, epochs=3, batch=20, lr=2e-2, stages="8:4:8", folds=3), **changes)
    cache, told = Cache(tmp_path / "states"), []
    fitted = fit_stages(task, settings, tmp_path / "c", cache, on_scores=told.append)
    assert fitted.epochs == told[0].chosen and fitted.validation_score == told[0].mean(fitted.epochs)[1]
    again = fit_stages(task, replace(settings, folds=0, until=fitted.epochs), tmp_path / "d", cache)
    assert [stage.codes.tolist() for stage in again.readout.stages] == [stage.codes.tolist() for stage in fitted.readout.stages]
    assert torch.get_num_threads() == 1
