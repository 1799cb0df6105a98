# SPDX-License-Identifier: BSD-2-Clause
"""The epoch by folds of groups: one part of the training persons is soon all right, and would pick any early epoch.

Each fold of persons validates a training on all others. The mean of their scores picks the epoch. Then the network is trained
once more, on the whole training part, as far as that epoch and along the same falling rate.
"""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class FoldScores:
    """What the folds say, in percent on validation.

    Parameters
    ----------
    epochs : tuple of int
        Those after which the integers were scored.
    integer, float : tuple of tuple of float
        For each fold, the scores after these epochs; the float ones may be None.
    """

    epochs: tuple[int, ...]
    integer: tuple[tuple[float, ...], ...]
    float: tuple[tuple[float | None, ...], ...]

    @classmethod
    def of(cls, curves):
        """Those of ``curves``, an :class:`~hadam_hw.train.epochs.Epoch` after each epoch of each fold."""
        scored = [[epoch for epoch in curve if epoch.validation_integer is not None] for curve in curves]
        return cls(tuple(epoch.epoch for epoch in scored[0]),
                   tuple(tuple(epoch.validation_integer for epoch in curve) for curve in scored),
                   tuple(tuple(epoch.validation_float for epoch in curve) for curve in scored))

    def mean(self, epoch):
        """(float, integer) after ``epoch``, the means of all folds; None where there is none."""
        if epoch not in self.epochs:
            return None, None
        index = self.epochs.index(epoch)
        floats = [fold[index] for fold in self.float]
        return None if None in floats else float(np.mean(floats)), float(np.mean([fold[index] for fold in self.integer]))

    @property
    def chosen(self):
        """The epoch whose mean integer score is the best; among equals the first with the best float score."""
        def score(epoch):
            floating, integer = self.mean(epoch)
            return integer, -1.0 if floating is None else floating

        return max(self.epochs, key=score)


def fold_checkpoints(checkpoint, settings):
    """The files that the folds go on from, beside the ``checkpoint`` of the last training."""
    return [checkpoint.with_name(f"{checkpoint.name}.fold{k}") for k in range(settings.folds)]


def fit_by_settings(train, task, settings, checkpoint, on_fold, on_scores, on_epoch):
    """What ``train`` fits: by folds where the settings have them, to the epoch that they name, or with one validation.

    By folds it is what the last training of the whole training part fits, its validation score being the mean of the folds.

    Parameters
    ----------
    train : callable
        ``train(task, checkpoint, on_epoch, until)`` returns a dataclass with ``curve``, ``epochs`` and ``interrupted``. With
        ``until`` it trains to this epoch, keeps the last one, and scores nothing.
    task : Task
    settings : Settings
    checkpoint : Path
    on_fold, on_scores, on_epoch : callable
        Called with the number of a fold and its :class:`~hadam_hw.train.epochs.Epoch` after each; with the :class:`FoldScores`;
        and with each epoch of the last training, which has the folds' mean scores.

    Raises
    ------
    DataError
        If the task has fewer groups than folds.
    KeyboardInterrupt
        Before the first epoch of the last training is done; the same call goes on from there.
    """
    if settings.until:
        return train(task.whole(), checkpoint, on_epoch, settings.until)
    if not settings.folds:
        return train(task, checkpoint, on_epoch, None)
    curves = []
    folds = task.folds(settings.folds, np.random.default_rng([settings.seed, 7]))
    for k, (fold, path) in enumerate(zip(folds, fold_checkpoints(checkpoint, settings), strict=True)):
        fitted = train(fold, path, lambda epoch, k=k: on_fold(k, epoch), None)
        if fitted.interrupted:
            raise KeyboardInterrupt
        curves.append(fitted.curve)
    scores = FoldScores.of(curves)
    on_scores(scores)

    def with_means(epoch):
        floating, integer = scores.mean(epoch.epoch)
        on_epoch(replace(epoch, validation_float=floating, validation_integer=integer))

    fitted = train(task.whole(), checkpoint, with_means, scores.chosen)
    return replace(fitted, validation_score=scores.mean(fitted.epochs)[1])
