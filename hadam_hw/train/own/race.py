# SPDX-License-Identifier: BSD-2-Clause
"""Settings of trainings that are compared on the same folds, as far as there is time."""

import time
from collections import defaultdict

from hadam_hw.train.folds import FoldScores
from hadam_hw.train.own.choose import Tried

#: Folds that settings are compared on.
COMPARED = 2


class Race:
    """Trainings of folds against the clock.

    It counts processor time: what comes out hangs on nothing else that a machine does. Time is always left for one more
    training, of the whole training part with the best settings.

    Parameters
    ----------
    train : callable
        ``train(settings, k, limit)`` trains with fold ``k`` held out: (curve, outputs, places), the curve a tuple of
        :class:`~hadam_hw.train.epochs.Epoch`.
    count : int
        Folds that there are.
    budget : float
        Seconds.
    """

    def __init__(self, train, count, budget):
        self._train, self.count, self._budget = train, count, budget
        self._began, self._trained, self._spent, self._epochs = time.process_time(), defaultdict(list), 0.0, 0
        self.best = None

    @property
    def left(self):
        """Epochs of a fold that there is time for."""
        seconds = self._began + self._budget - time.process_time()
        return seconds * self._epochs / self._spent if self._spent else 0.0

    @property
    def whole(self):
        """How much longer a training of the whole training part takes than that of a fold."""
        return self.count / max(1, self.count - 1)

    def folds(self, settings):
        """What ``train`` gave of the folds that were trained with ``settings``."""
        return self._trained[settings]

    def start(self, settings, limit=None):
        """Trains the first fold; these are the best settings that are known then."""
        self._one(settings, limit)
        self.best = settings

    def compare(self, *others):
        """Trains the best settings and ``others`` on the same folds, if there is time for one or more; the best is kept."""
        candidates = (self.best, *others)
        for folds in range(min(COMPARED, self.count), 0, -1):
            missing = [one for k in range(folds) for one in candidates if len(self._trained[one]) <= k]
            epochs = sum(one.epochs for one in missing) + self.whole * max(one.epochs for one in candidates)
            if epochs <= self.left:
                for one in missing:
                    self._one(one)
                self.best = max(candidates, key=lambda one: self._mean(one, folds))
                return

    def finish(self):
        """Trains what is left of the folds with the best settings, as long as there is time."""
        while len(self._trained[self.best]) < self.count and (1 + self.whole) * self.best.epochs <= self.left:
            self._one(self.best)

    def tried(self):
        """A :class:`~hadam_hw.train.own.choose.Tried` of each of the settings, if there are several."""
        known = [one for one, folds in self._trained.items() if folds]
        turned = len({one.turn for one in known}) > 1
        return tuple(Tried(f"gradients: {one.epochs} epochs{f', turned by {one.turn:g} degrees' if turned else ''}; "
                           f"{len(self._trained[one])} of {self.count} folds", None, self._mean(one, self.count))
                     for one in known if len(known) > 1)

    def _one(self, settings, limit=None):
        began = time.process_time()
        self._trained[settings].append(self._train(settings, len(self._trained[settings]), limit))
        self._spent += time.process_time() - began
        self._epochs += settings.epochs

    def _mean(self, settings, folds):
        """The best mean, in percent, of the first ``folds``."""
        scores = FoldScores.of([curve for curve, _, _ in self._trained[settings][:folds]])
        return scores.mean(scores.chosen)[1]
