# SPDX-License-Identifier: BSD-2-Clause
"""Training end to end on a tiny task: it learns, resumes to the same numbers, and Ctrl-C keeps the best."""

from dataclasses import replace

import numpy as np
import pytest

from hadam_hw.model import InputFormat
from hadam_hw.train.fit import fit
from hadam_hw.train.settings import Settings
from hadam_hw.train.tasks import Sequences, Task

SETTINGS = Settings(task="steps", hidden=16, block=8, epochs=4, batch=20, lr=2e-2)


@pytest.fixture(scope="module")
def task():
    """Three classes of 12 steps: which third of the sequence is loud."""
    rng = np.random.default_rng(5)

    def draw(count):
        labels = rng.integers(0, 3, count)
        inputs = rng.integers(0, 40, (count, 12, 1))
        for sequence, label in zip(inputs, labels, strict=True):
            sequence[4 * label:4 * label + 4] += 180
        return Sequences(inputs.astype(np.int64), labels)

    return Task("steps", draw(400), draw(100), draw(100), InputFormat(1, 8, False), 1 / 255, ("a", "b", "c"), "drawn")


def _same(one, other):
    return all(np.array_equal(one.parameters[name], other.parameters[name]) for name in one.parameters)


def test_it_learns_and_a_killed_run_resumes_to_the_same_numbers(task, tmp_path):
    whole = fit(task, SETTINGS, tmp_path / "whole")
    assert whole.validation_score > 80 and whole.epochs == 4

    def killed(epoch):
        if epoch.epoch == 2:
            raise SystemError("the machine went away")

    with pytest.raises(SystemError):
        fit(task, SETTINGS, tmp_path / "killed", on_epoch=killed)
    seen = []
    resumed = fit(task, SETTINGS, tmp_path / "killed", on_epoch=lambda epoch: seen.append(epoch.epoch))
    assert seen == [3, 4]
    assert resumed.validation_score == whole.validation_score and _same(resumed, whole)


def test_a_checkpoint_of_other_settings_is_ignored(task, tmp_path):
    fit(task, replace(SETTINGS, epochs=1), tmp_path / "c")
    seen = []
    fit(task, replace(SETTINGS, epochs=1, seed=9), tmp_path / "c", on_epoch=lambda epoch: seen.append(epoch.epoch))
    assert seen == [1]


def test_ctrl_c_keeps_the_best(task, tmp_path):
    steps = iter(range(10**6))

    def interrupt():
        if next(steps) == 30:  # in the second epoch of 20 steps
            raise KeyboardInterrupt

    cut = fit(task, SETTINGS, tmp_path / "cut", on_step=interrupt)
    assert cut.interrupted and cut.epochs == 1
    with pytest.raises(KeyboardInterrupt):  # nothing to keep yet
        fit(task, SETTINGS, tmp_path / "none", on_step=lambda: (_ for _ in ()).throw(KeyboardInterrupt))
