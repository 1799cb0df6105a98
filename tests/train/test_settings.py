# SPDX-License-Identifier: BSD-2-Clause
"""Configuration files: what they hold comes in, and what is wrong in one is said in a sentence."""

from dataclasses import replace

import numpy as np
import pytest

from hadam_hw.errors import DataError
from hadam_hw.readout import Pooling
from hadam_hw.train.leaks import leak_of
from hadam_hw.train.settings import Settings, read_config
from hadam_hw.train.tasks import TASKS
from tests.test_docs import ROOT


def test_a_configuration_becomes_settings(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('task = "har"\nhidden = 64\nblock = 16\nreadout = "sum"\nleak = 3\nlr = 1\nstate_in_loop = true\n')
    settings = Settings(**read_config(path))
    assert settings == Settings("har", 64, 16, readout=Pooling.SUM, leak=3, lr=1.0, state_in_loop=True)
    assert isinstance(settings.lr, float) and settings.as_json()["readout"] == "sum"


@pytest.mark.parametrize("text, message", [
    ("hidden = ", "must be TOML"), ("hiden = 4", "must not hold 'hiden'; its keys are task, hidden"),
    ('hidden = "4"', "hidden must be of type int, not '4'"), ("hidden = 4.5", "of type int, not 4.5"),
    ("hidden = true", "of type int, not True"), ("state_in_loop = 1", "of type bool, not 1"),
    ('readout = "never"', "readout must be one of last, every, sum, not 'never'")])
def test_what_is_wrong_is_said(text, message, tmp_path):
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_config(path)


def test_a_configuration_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"c\.toml cannot be read: No such file"):
        read_config(tmp_path / "c.toml")


@pytest.mark.parametrize("leaks", ["2", "2-", "-5", "5-2", "2-13", "2-3-4", "a-b", "2--5", "2.0-3"])
def test_leaks_that_are_no_two_ends_are_refused(leaks):
    with pytest.raises(DataError, match=f"leaks must be the least and the greatest, at most 12, as 2-5, not '{leaks}'"):
        Settings("har", 64, 16, readout=Pooling.SUM, leaks=leaks).check()


@pytest.mark.parametrize("changes", [dict(leak=2), dict(readout=Pooling.LAST), dict(readout=Pooling.EVERY)], ids=str)
def test_leaks_with_what_contradicts_them_are_refused(changes):
    with pytest.raises(DataError, match="leaks must be left alone where there is a leak for all units,"):
        Settings(**dict(task="har", hidden=64, block=16, readout=Pooling.SUM, leaks="2-5") | changes).check()


def test_drawn_leaks_are_uniform_and_the_seeds():
    settings = Settings("har", 4096, 16, readout=Pooling.SUM, leaks="2-5", seed=3)
    settings.check()
    leaks = leak_of(settings)
    assert abs(np.bincount(leaks)[2:] / 4096 - 1 / 4).max() < 0.03 and set(leaks) == {2, 3, 4, 5}
    assert (leaks == leak_of(settings)).all() and (leaks != leak_of(settings, 1)).any()
    assert (leaks != leak_of(replace(settings, seed=4))).any() and leak_of(replace(settings, leaks="", leak=3)) == 3


@pytest.mark.parametrize("path", sorted((ROOT / "configs").rglob("*.toml")), ids=lambda path: path.stem)
def test_the_configurations_here_are_configurations(path):
    settings = Settings(**read_config(path))
    assert settings.task.split(":")[0] in TASKS and settings.hidden % settings.block == 0


@pytest.mark.parametrize("name, value", [
    ("seed", -1), ("batch", 0), ("lr", float("nan")), ("lr", 0.0), ("lr", float("inf")), ("dropout", 2.0), ("dropout", 1.0),
    ("epochs", 0), ("noise", -0.1), ("evaluate_every", 0), ("copies", 0), ("folds", -1),
    ("hidden", 0), ("shift", -1), ("turn", float("nan")), ("warp", -0.1), ("stretch", 2), ("leak", 13), ("until", -1)])
def test_a_number_that_means_nothing_is_refused(name, value):
    with pytest.raises(DataError, match=f"{name} must be between .* and .*, not "):
        Settings(**{"task": "har", "hidden": 64, "block": 16} | {name: value}).check()
