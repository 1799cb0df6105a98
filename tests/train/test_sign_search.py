# SPDX-License-Identifier: BSD-2-Clause
"""The search of signs: its share is that of least squares on the stepped last state, and what it finds is better."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from hadam_hw.errors import DataError
from hadam_hw.layer import Activation, InputFormat
from hadam_hw.readout import Pooling
from hadam_hw.train.fit import fit, network_of
from hadam_hw.train.last_state import stepped_last_state
from hadam_hw.train.settings import Settings, Signs
from hadam_hw.train.sign_search import PASSES, RIDGE, Explained, resolved, search_signs
from hadam_hw.train.tasks import Sequences, Task

SETTINGS = Settings(task="tones", hidden=16, block=8, epochs=2, batch=20, lr=2e-2, signs=Signs.SEARCHED)


@pytest.fixture(scope="module")
def task():
    """Four classes of 40 steps: a period each, in a quarter of the phases."""
    rng = np.random.default_rng(3)

    def draw(count):
        labels = rng.integers(0, 4, count)
        phases = rng.uniform(0, np.pi / 2, (count, 1))
        tones = np.sin(2 * np.pi * np.arange(40) / (3 + 2 * labels[:, None]) + phases)
        return Sequences(np.int64(128 + 100 * tones + rng.uniform(-20, 20, tones.shape))[..., None], labels)

    return Task("tones", draw(600), draw(100), draw(100), InputFormat(1, 8, False), 1 / 255, ("a", "b", "c", "d"), "drawn")


def _share(inputs, labels, weight, signs, block, leak):
    """The definition: ridge regression of the classes on the stepped last state, both without their means."""
    gains = torch.tensor(signs * (1 - 2.0**-leak) / block**0.5)
    bias = torch.zeros(len(signs), dtype=torch.float64)
    states = stepped_last_state(torch.tensor(inputs).double(), torch.tensor(weight), bias, gains, block).numpy()
    states = states - states.mean(0)
    classes = np.eye(labels.max() + 1)[labels]
    classes -= classes.mean(0)
    ridge = RIDGE * (states**2).sum() / len(signs)
    weights = np.linalg.solve(states.T @ states + ridge * np.eye(len(signs)), states.T @ classes)
    return (weights * (states.T @ classes)).sum() / (classes**2).sum()


@pytest.mark.parametrize("columns, block, leak", [(1, 8, 3), (2, 4, 3), (3, 2, 5)])
def test_the_share_is_that_of_least_squares_on_the_stepped_state(columns, block, leak):
    rng = np.random.default_rng(1)
    inputs, labels = rng.normal(size=(60, 9, columns)).astype(np.float32), rng.integers(0, 3, 60)
    weight, signs = rng.normal(size=(8, columns)), rng.choice([-1, 1], 8)
    explained = Explained(inputs, labels, weight, signs, block, leak)
    assert explained.share == pytest.approx(_share(inputs, labels, weight, signs, block, leak), rel=1e-4)
    for index in (3, 7, 0):  # whatever comes of it
        assert explained.flip(index, -1.0)
    assert explained.share == pytest.approx(_share(inputs, labels, weight, explained.signs, block, leak), rel=1e-4)
    assert list(np.flatnonzero(explained.signs != signs)) == [0, 3, 7]


def test_a_flip_that_explains_less_leaves_all_as_it_was():
    rng = np.random.default_rng(2)
    inputs, labels = rng.normal(size=(50, 12, 2)).astype(np.float32), rng.integers(0, 3, 50)
    explained = Explained(inputs, labels, rng.normal(size=(8, 2)), rng.choice([-1, 1], 8), 4, 3)
    names = "signs", "kernel", "products", "targets", "share"
    kept = [np.array(getattr(explained, name)) for name in names]
    for index in range(8):
        assert not explained.flip(index, 1.0)
    for name, before in zip(names, kept, strict=True):
        assert np.array_equal(getattr(explained, name), before)


def test_a_search_explains_more_and_leaves_what_it_found_in_the_network(task):
    network, told = network_of(task, SETTINGS), []
    drawn = network.sign_vectors()[0]
    before, after = search_signs(network, task, SETTINGS, told.append)
    assert after > before + 0.02 and len(told) == PASSES * 16 and told[-1] == after and told == sorted(told)
    found, = network.sign_vectors()
    assert (found != drawn).any() and set(found) <= {-1, 1}
    weight = network.layers[0].input_weight.detach().double().numpy()
    inputs = task.train.inputs.astype(np.float32) * np.float32(task.scale)
    fresh = [Explained(inputs, task.train.labels, weight, signs, 8, 0).share for signs in (drawn, found)]
    assert fresh == pytest.approx([before, after], rel=1e-3)


def test_a_training_starts_from_searched_signs_once_and_resumes_with_them(task, tmp_path):
    searched = network_of(task, SETTINGS)
    search_signs(searched, task, SETTINGS)

    def killed(epoch):
        raise SystemError("the machine went away")

    with pytest.raises(SystemError):
        fit(task, SETTINGS, tmp_path / "checkpoint", on_epoch=killed)
    told = []
    fitted = fit(task, SETTINGS, tmp_path / "checkpoint", on_trial=told.append)
    assert not told and fitted.epochs == 2
    assert np.array_equal(fitted.parameters["layers.0.signs"], searched.layers[0].signs.numpy())


@pytest.mark.parametrize("changes", [dict(readout=Pooling.SUM), dict(layers=2), dict(activation=Activation.RELU)], ids=str)
def test_signs_that_no_kernel_tells_of_are_not_searched(task, changes, tmp_path):
    with pytest.raises(DataError, match="signs = searched takes one linear layer that is read out of its last state"):
        fit(task, replace(SETTINGS, **changes), tmp_path / "checkpoint")


@pytest.mark.parametrize("changes, signs", [
    ({}, Signs.SEARCHED), (dict(readout=Pooling.SUM), Signs.FIXED), (dict(layers=2), Signs.FIXED),
    (dict(activation=Activation.RELU), Signs.FIXED), (dict(signs=Signs.FLIPS), Signs.FLIPS)], ids=str)
def test_signs_are_searched_where_they_can_be_unless_told(task, changes, signs):
    settings = replace(SETTINGS, signs=Signs.AUTO)
    assert resolved(replace(settings, **changes), task) == replace(settings, **changes | dict(signs=signs))


def test_sequences_of_too_many_numbers_are_not_searched(task, monkeypatch):
    monkeypatch.setattr("hadam_hw.train.sign_search.LONGEST", 39)
    assert resolved(replace(SETTINGS, signs=Signs.AUTO), task).signs is Signs.FIXED


@pytest.mark.parametrize("loud, classes", [(0, 2), (1, 1)], ids=["silent", "one class"])
def test_where_nothing_can_be_explained_the_share_is_0(loud, classes):
    inputs = loud * np.random.default_rng(0).normal(size=(20, 6, 1)).astype(np.float32)
    explained = Explained(inputs, np.arange(20) % classes, np.ones((4, 1)), np.ones(4, int), 4, 0)
    assert explained.share == 0 and not explained.flip(2, explained.share)
