# SPDX-License-Identifier: BSD-2-Clause
"""A read-out of one stage in closed form: ridge regression on integer states or pools, rounded to codes.

The classes' targets are 1 for the right one and 0 for all others. Strength of the ridge, leak and the step of the codes are
those of the least squared error on validation: it tells more than the percent of right answers where nearly all are right.
"""

from dataclasses import dataclass

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.layer import Layer
from hadam_hw.readout import Pooling, Readout, exact_stage, pool_bits
from hadam_hw.train.draw import drawn_layer
from hadam_hw.train.scores import percent
from hadam_hw.train.settings import Settings
from hadam_hw.train.states import last_states

#: Of the ridge, in variances of a state.
STRENGTHS = tuple(10.0 ** (-k / 2) for k in range(11))
#: The largest code stands for such a share of the largest weight; those beyond it are cut.
SHARES = (1.0, 0.84, 0.71, 0.59, 0.5, 0.42, 0.35, 0.3, 0.25)


class LeastSquares:
    """Weights and bias that tell the classes from vectors, and codes of few bits that do it nearly as well.

    Inside, each element of a vector is measured in its own deviation from its mean, so that the ridge is fair to all.

    Parameters
    ----------
    vectors : int [sequences, n]
    labels : int [sequences]
    classes : int
    """

    def __init__(self, vectors, labels, classes):
        count = len(vectors)
        self.mean = vectors.mean(axis=0)
        centred = vectors - self.mean
        deviation = centred.std(axis=0)
        self.deviation = np.where(deviation > 0, deviation, 1.0)  # of what never changes
        centred /= self.deviation
        targets = np.eye(classes)[labels]
        self.shares = targets.mean(axis=0)
        # one decomposition serves all strengths
        self.variances, self.axes = np.linalg.eigh(centred.T @ centred / count)
        self.crossed = centred.T @ (targets - self.shares) / count

    def weights(self, strength):
        """The weights float64 [m, n] of least ``mean |y - target|**2 + strength |weights in deviations|**2``."""
        return (self._inverse(strength) @ self.crossed).T / self.deviation

    def bias(self, weights):
        """The bias float64 [m] that goes with ``weights``: mean vectors get the classes' shares."""
        return self.shares - weights @ self.mean

    def codes(self, weights, steps, bits, strength):
        """For each of ``steps`` the codes int64 [m, n] whose multiples by it stand for ``weights``.

        Unit after unit is rounded, and what is lost is given to the units not yet rounded as least squares want it (as in
        Optimal Brain Surgeon, Hassibi and Stork, 1993).
        """
        lowest, highest = (-1 << bits - 1, (1 << bits - 1) - 1) if bits > 1 else (-1, 1)
        factor = np.linalg.cholesky(self._inverse(strength)).T
        for step in steps:
            left, codes = (weights * self.deviation).T, np.empty(weights.shape, np.int64)
            for unit, row in enumerate(factor):
                worth = step * self.deviation[unit]
                codes[:, unit] = np.clip(np.rint(left[unit] / worth), lowest, highest)
                left[unit + 1:] -= np.outer(row[unit + 1:], (left[unit] - codes[:, unit] * worth) / row[unit])
            yield codes

    def _inverse(self, strength):
        """Of the covariance with the ridge on its diagonal; a variance that sums made less than 0 is 0."""
        return self.axes / (np.maximum(self.variances, 0) + strength) @ self.axes.T


@dataclass(frozen=True, eq=False)
class FittedRidge:
    """What came out: the settings, layer, read-out, strength, and on validation the squared error and the percent right."""

    settings: Settings
    layer: Layer
    readout: Readout
    strength: float
    error: float
    validation_score: float


def fit_ridge(task, tried, on_states=lambda done, total: None):
    """The best of the settings ``tried``, as :class:`FittedRidge`.

    Parameters
    ----------
    task : Task
        Of vectors, and a label a sequence.
    tried : sequence of Settings
        Each with ``fit = ridge``.
    on_states : callable
        Called with the sequences whose states are there and their total, over all settings.

    Raises
    ------
    DataError
        If the task has tokens or a label a step, or the settings contradict each other.
    """
    for settings in tried:
        settings.check()
    if task.vocabulary or task.every_step:
        raise DataError(f"Task {task.name} must have vectors and a label a sequence with fit = ridge")
    sequences = len(task.train) + len(task.validation)
    best = None
    for k, settings in enumerate(tried):
        layer, done = drawn_layer(settings, task.format, task.train.inputs, task.train.labels), k * sequences
        train = read_vectors(layer, settings.readout, task.train.inputs, _later(on_states, done, sequences * len(tried)))[0]
        validation = read_vectors(layer, settings.readout, task.validation.inputs,
                                  _later(on_states, done + len(task.train), sequences * len(tried)))[0]
        found = _Float(settings, layer, LeastSquares(train, task.train.labels, len(task.classes)), validation,
                       task.validation.labels)
        best = found if best is None or found.error < best.error else best
    return best.rounded(task)


def fit_readout(task, settings, layer, train, validation):
    """:class:`FittedRidge` behind a layer that is there already.

    Parameters
    ----------
    task : Task
    settings : Settings
        ``readout`` and ``u_bits`` count.
    layer : Layer
    train, validation : int [sequences, n]
        What :func:`read_vectors` gives of the task's parts; of training perhaps the first sequences only.
    """
    squares = LeastSquares(train, task.train.labels[:len(train)], len(task.classes))
    return _Float(settings, layer, squares, validation, task.validation.labels).rounded(task)


def _later(report, done, total):
    """``report`` of a part that begins where ``done`` of ``total`` are there already."""
    return lambda more, _: report(done + more, total)


class _Float:
    """A read-out in real numbers, of the strength that is the best on ``validation``."""

    def __init__(self, settings, layer, squares, validation, labels):
        self.settings, self.layer, self.squares, self.validation, self.labels = settings, layer, squares, validation, labels
        self.targets = np.eye(len(squares.shares))[labels]
        weights = [(strength, squares.weights(strength)) for strength in STRENGTHS]
        self.error, self.strength, self.weights = min(
            ((self._error(each), strength, each) for strength, each in weights), key=lambda found: found[0])

    def _error(self, weights):
        answers = self.validation @ weights.T + self.squares.bias(weights)
        return float(np.square(answers - self.targets).sum(axis=1).mean())

    def rounded(self, task):
        """:class:`FittedRidge` of the codes whose step is the best."""
        settings, layer, bits = self.settings, self.layer, self.settings.u_bits
        largest = np.abs(self.weights).max() or 1.0
        steps = [share * largest / (1 << bits - 1) for share in SHARES]
        rounded = zip(self.squares.codes(self.weights, steps, bits, self.strength), steps)
        error, codes, step = min(((self._error(codes * step), codes, step) for codes, step in rounded),
                                 key=lambda found: found[0])
        unit, steps = 2.0**layer.state.frac * step, task.train.inputs.shape[1]
        readout = exact_stage(codes, bits, self.squares.bias(codes * step) / unit, layer.state.frac, 1,
                              pooling=settings.readout, classes=task.classes,
                              pool_bits=pool_bits(steps) if settings.readout is Pooling.SUM else 0)
        return FittedRidge(settings, layer, readout, self.strength, error,
                           percent(readout(self.validation, 0), self.labels))


def read_vectors(layer, pooling, inputs, progress=None):
    """(what a read-out of one stage takes of ``inputs``: pools, or rectified last states, int64; saturations)."""
    states, saturations = last_states(layer, inputs, summed=pooling is Pooling.SUM, progress=progress)
    return np.maximum(states, 0).astype(np.int64), saturations
