# SPDX-License-Identifier: BSD-2-Clause
"""Settings against the clock: the best of equal folds is kept, and time is left for the last training."""

from types import SimpleNamespace

import pytest

from hadam_hw.train.own import race
from hadam_hw.train.settings import Settings

SHORT, TURNED = (Settings(task="own", hidden=16, block=16, epochs=10, turn=turn) for turn in (0.0, 10.0))
LONG = Settings(task="own", hidden=16, block=16, epochs=50, turn=10.0)
#: Percent right by settings, of each fold.
SCORES = {SHORT: [80, 70, 60], TURNED: [81, 72, 10], LONG: [90, 60, 99]}


def run(monkeypatch, budget, seconds=1.0):
    """(a race of three folds whose epochs take so many seconds each, the (settings, fold) that it trained)."""
    clock, done = SimpleNamespace(now=5.0), []
    monkeypatch.setattr(race.time, "process_time", lambda: clock.now)

    def train(settings, k, limit):
        clock.now += seconds * settings.epochs
        done.append((settings, k))
        curve = [SimpleNamespace(epoch=settings.epochs, validation_integer=SCORES[settings][k], validation_float=None)]
        return tuple(curve), None, None

    return race.Race(train, 3, budget), done


@pytest.mark.parametrize(("budget", "best", "trained"), [
    (500, TURNED, [(SHORT, 0), (TURNED, 0), (SHORT, 1), (TURNED, 1), (LONG, 0), (LONG, 1), (TURNED, 2)]),
    # one fold of the longer training and all of it, 50 + 75, have room; a second fold would not
    (170, LONG, [(SHORT, 0), (TURNED, 0), (SHORT, 1), (TURNED, 1), (LONG, 0)]),
    (40, TURNED, [(SHORT, 0), (TURNED, 0)]), (24, SHORT, [(SHORT, 0)]), (1, SHORT, [(SHORT, 0)])])
def test_the_best_on_the_same_folds_is_kept_and_time_is_left_for_all(monkeypatch, budget, best, trained):
    one, done = run(monkeypatch, budget)
    one.start(SHORT)
    one.compare(TURNED)
    one.compare(LONG)
    one.finish()
    assert (one.best, done) == (best, trained) and len(one.folds(best)) == sum(settings is best for settings, _ in trained)
    told = [tried.words for tried in one.tried()]
    assert len(told) == (len({settings for settings, _ in trained}) if len(done) > 1 else 0)
    assert budget != 170 or told[2] == "gradients: 50 epochs, turned by 10 degrees; 1 of 3 folds"


def test_slower_epochs_leave_fewer(monkeypatch):
    one, _ = run(monkeypatch, 100, seconds=2.0)
    assert one.left == 0
    one.start(SHORT)
    assert one.left == 40 and one.whole == 1.5
