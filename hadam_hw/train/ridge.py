# SPDX-License-Identifier: BSD-2-Clause
"""A read-out of one stage in closed form: ridge regression on integer states or pools, rounded to codes.

The classes' targets are 1 for the right one and 0 for all others. Strength of the ridge, leak and the step of the codes are
those of the least squared error on validation: it tells more than the percent of right answers where nearly all are right.
"""

from dataclasses import dataclass

import numpy as np

from hadam_hw.answer import Value
from hadam_hw.errors import DataError
from hadam_hw.golden import rmse
from hadam_hw.layer import Layer
from hadam_hw.readout import Pooling, Readout, exact_stage, pool_bits
from hadam_hw.train.draw import drawn_layer
from hadam_hw.train.scores import percent
from hadam_hw.train.settings import Settings
from hadam_hw.train.states import last_states
from hadam_hw.train.threads import one_thread

#: Of the ridge, in variances of a state.
STRENGTHS = tuple(10.0 ** (-k / 2) for k in range(11))
#: The largest code stands for such a share of the largest weight; those beyond it are cut.
SHARES = (1.0, 0.84, 0.71, 0.59, 0.5, 0.42, 0.35, 0.3, 0.25)


class LeastSquares:
    """Weights and bias that tell targets from vectors, and codes of few bits that do it nearly as well.

    Inside, each element of a vector is measured in its own deviation from its mean, so that the ridge is fair to all.

    Parameters
    ----------
    vectors : int [sequences, n]
    targets : float [sequences, m]
        For classes 1 for the right one, and 0 for all others.
    weights : float [sequences], optional
        How much each sequence counts; by default all the same.
    """

    def __init__(self, vectors, targets, weights=None):
        self.mean = np.average(vectors, axis=0, weights=weights)
        centred = vectors - self.mean
        deviation = centred.std(axis=0) if weights is None else np.sqrt(np.average(centred**2, axis=0, weights=weights))
        self.deviation = np.where(deviation > 0, deviation, 1.0)  # of what never changes
        centred /= self.deviation
        self.means = np.average(targets, axis=0, weights=weights)
        counted = centred.T if weights is None else centred.T * weights
        total = len(vectors) if weights is None else np.sum(weights)
        # one decomposition serves all strengths
        self.variances, self.axes = np.linalg.eigh(counted @ centred / total)
        self.crossed = counted @ (targets - self.means) / total

    def weights(self, strength):
        """The weights float64 [m, n] of least ``mean |y - target|**2 + strength |weights in deviations|**2``."""
        return (self._inverse(strength) @ self.crossed).T / self.deviation

    def bias(self, weights):
        """The bias float64 [m] that goes with ``weights``: mean vectors get the mean targets."""
        return self.means - weights @ self.mean

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


@one_thread
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
        kinds = np.eye(len(task.classes))
        found = _Float(layer, settings.readout, settings.u_bits, LeastSquares(train, kinds[task.train.labels]), validation,
                       kinds[task.validation.labels])
        if best is None or found.error < best.error:
            best, chosen = found, settings
    readout, error = best.rounded(task.train.inputs.shape[1], classes=task.classes)
    score = percent(readout(best.validation, 0), task.validation.labels)
    return FittedRidge(chosen, best.layer, readout, best.strength, error, score)


@one_thread
def fit_values(layer, train, validation, *, pooling=Pooling.LAST, bits=6, units=()):
    """A :class:`Readout` of values, in closed form, behind a layer.

    Parameters
    ----------
    layer : Layer
        Of one phase.
    train, validation : (int [sequences, steps, d_in], float [sequences, m])
        Inputs, and the values that they have.
    pooling : Pooling
        ``LAST`` or ``SUM``.
    bits : int
        Of a code, 1 to 8.
    units : sequence of str, optional
        A unit a value.

    Returns
    -------
    readout : Readout
        Its scales are those of these values.
    errors : float64 [m]
        Root mean square errors of the integers on validation, in these units.

    Raises
    ------
    DataError
        If the layer has two phases, or the values are not finite numbers, one a sequence and output.
    """
    if len(layer.phases) > 1:
        raise DataError("Recurrence must have one phase for values by ridge, as with blocks of 1, 4, 16 or 64")
    (inputs, values), (others, right) = ((part[0], np.asarray(part[1], np.float64)) for part in (train, validation))
    for given, targets in ((inputs, values), (others, right)):
        if targets.shape != (len(given), values.shape[-1]) or not np.isfinite(targets).all():
            raise DataError("Values must be finite numbers, [sequences, values] in each part, "
                            f"not of shape {list(targets.shape)} for {len(given)} sequences")
    spread = values.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)  # so that one step of the codes suits all
    squares = LeastSquares(read_vectors(layer, pooling, inputs)[0], values / spread)
    found = _Float(layer, pooling, bits, squares, read_vectors(layer, pooling, others)[0], right / spread)
    units = units or [""] * len(spread)
    readout, _ = found.rounded(inputs.shape[1], lambda step: tuple(
        Value(float(step * width), unit) for width, unit in zip(spread, units, strict=True)))
    return readout, rmse(readout.measured(readout(found.validation, 0), 0), right)


@one_thread
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
    kinds = np.eye(len(task.classes))
    squares = LeastSquares(train, kinds[task.train.labels[:len(train)]])
    found = _Float(layer, settings.readout, settings.u_bits, squares, validation, kinds[task.validation.labels])
    readout, error = found.rounded(task.train.inputs.shape[1], classes=task.classes)
    score = percent(readout(validation, 0), task.validation.labels)
    return FittedRidge(settings, layer, readout, found.strength, error, score)


def _later(report, done, total):
    """``report`` of a part that begins where ``done`` of ``total`` are there already."""
    return lambda more, _: report(done + more, total)


class _Float:
    """A read-out in real numbers, of the strength that is the best on ``validation``."""

    def __init__(self, layer, pooling, bits, squares, validation, targets):
        self.layer, self.pooling, self.bits = layer, pooling, bits
        self.squares, self.validation, self.targets = squares, validation, targets
        weights = [(strength, squares.weights(strength)) for strength in STRENGTHS]
        self.error, self.strength, self.weights = min(
            ((self._error(each), strength, each) for strength, each in weights), key=lambda found: found[0])

    def _error(self, weights):
        answers = self.validation @ weights.T + self.squares.bias(weights)
        return float(np.square(answers - self.targets).sum(axis=1).mean())

    def rounded(self, steps, values=lambda worth: (), classes=()):
        """(the :class:`Readout` of the codes whose step is the best, its error), for sequences of ``steps`` vectors.

        ``values`` makes the read-out's values of what code 1 times one unit of the state is worth in targets.
        """
        layer, bits, pooling = self.layer, self.bits, self.pooling
        largest = np.abs(self.weights).max() or 1.0
        tried = [share * largest / (1 << bits - 1) for share in SHARES]
        rounded = zip(self.squares.codes(self.weights, tried, bits, self.strength), tried)
        error, codes, step = min(((self._error(codes * step), codes, step) for codes, step in rounded),
                                 key=lambda found: found[0])
        unit = 2.0**layer.state.frac * step
        readout = exact_stage(codes, bits, self.squares.bias(codes * step) / unit, layer.state.frac, 1, pooling=pooling,
                              classes=classes, values=values(unit), pool_bits=pool_bits(steps) if pooling is Pooling.SUM else 0)
        return readout, error


def read_vectors(layer, pooling, inputs, progress=None):
    """(what a read-out of one stage takes of ``inputs``: pools, or rectified last states, int64; saturations)."""
    states, saturations = last_states(layer, inputs, summed=pooling is Pooling.SUM, progress=progress)
    return np.maximum(states, 0).astype(np.int64), saturations
