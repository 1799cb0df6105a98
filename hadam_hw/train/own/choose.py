# SPDX-License-Identifier: BSD-2-Clause
"""What is left open is chosen by ridges on validation: the kind of a small layer, then the law of the channels and the leak of
a large one, all on a sample, then the size on all.

Each is judged by the squared error of the classes on the folds, which tells more than the percent of right answers where
nearly all are right. Of the sizes the smallest is taken whose error is hardly above the least.
"""

from dataclasses import dataclass, replace

import numpy as np

from hadam_hw.evaluation import Evaluation
from hadam_hw.layer import Layer
from hadam_hw.lengths import padded
from hadam_hw.readout import Pooling
from hadam_hw.train.draw import drawn_layer
from hadam_hw.train.own.options import OWN, Front
from hadam_hw.train.own.pools import pools
from hadam_hw.train.own.prepare import class_weights, encoded, fit_input, front_of, peaked
from hadam_hw.train.ridge import SHARES, STRENGTHS, LeastSquares
from hadam_hw.train.settings import Fit, Kind, Settings, Signs
from hadam_hw.train.threads import one_thread

#: Of the sample that kinds are compared on: sequences, and steps of all of them.
SAMPLE, SAMPLE_STEPS = 1500, 300_000
#: The size that kinds are compared at, and those that are compared then.
SMALL, SIZES = 64, (64, 128, 256)
#: A smaller layer does whose error is at most so many times the least.
ENOUGH = 1.01
#: Sequences whose states place the binary point, of about the longest.
CALIBRATION = 256
LEAKS = (2, 3, 4, 5)
LAST_LEAKS = (0, 4)


@dataclass(frozen=True)
class Tried:
    """One of the settings that were compared: how it is called, its squared error (None of gradients) and its percent right on
    validation."""

    words: str
    error: float | None
    percent: float


@dataclass(frozen=True, eq=False)
class Choice:
    """What validation chose.

    Parameters
    ----------
    settings : Settings
    mu_law : tuple of str
        Channels that are encoded by the mu-law.
    source : Input
    layer : Layer
    sequences : Sequences
        The training part.
    vectors : int64 [sequences, n]
        What the read-out takes of them.
    folded : Folded
    tried : tuple of Tried
    """

    settings: Settings
    mu_law: tuple[str, ...]
    source: object
    layer: Layer
    sequences: object
    vectors: np.ndarray
    folded: object
    tried: tuple[Tried, ...]


class Folded:
    """Ridges on all folds but one, judged on that one, for each of them.

    Parameters
    ----------
    vectors : int64 [sequences, n]
    labels, folds : int64 [sequences]
        Of those with a fold below 0 is only learned.
    classes : int
    weights : float64 [sequences] or None
    """

    def __init__(self, vectors, labels, folds, classes, weights):
        self._labels, self._targets = labels, np.eye(classes)[labels]
        self._weights = np.ones(len(labels)) if weights is None else weights
        self._vectors, self._folds = vectors, []
        for k in range(int(folds.max()) + 1):
            held = np.flatnonzero(folds == k)
            if len(held) and len(held) < len(folds):
                learned = folds != k
                self._folds.append((held, LeastSquares(vectors[learned], self._targets[learned],
                                                       None if weights is None else weights[learned])))
        self.validated = np.concatenate([held for held, _ in self._folds])
        found = [self._judge([squares.weights(strength) for _, squares in self._folds]) for strength in STRENGTHS]
        best = min(range(len(STRENGTHS)), key=lambda k: found[k][0])
        self.strength, (self.error, answers) = STRENGTHS[best], found[best]
        self.percent = self._right(answers)

    def _judge(self, weights):
        """(error, answers float64 [validated, classes])."""
        answers, errors, counts = [], [], []
        for (held, squares), own in zip(self._folds, weights):
            given = self._vectors[held] @ own.T + squares.bias(own)
            wrong = np.square(given - self._targets[held]).sum(axis=1)
            answers.append(given)
            errors.append(np.average(wrong, weights=self._weights[held]))
            counts.append(self._weights[held].sum())
        return float(np.average(errors, weights=counts)), np.concatenate(answers)

    def _right(self, answers):
        right = answers.argmax(axis=1) == self._labels[self.validated]
        return float(100 * np.average(right, weights=self._weights[self.validated]))

    @one_thread
    def coded(self, bits):
        """(share of the largest weight that the largest code stands for, answers by codes [validated, classes], percent)."""
        found = []
        fitted = [squares.weights(self.strength) for _, squares in self._folds]
        steps = [[step_of(weights, share, bits) for share in SHARES] for weights in fitted]
        codes = [[one * step for one, step in zip(squares.codes(weights, own, bits, self.strength), own)]
                 for (_, squares), weights, own in zip(self._folds, fitted, steps)]
        for k, share in enumerate(SHARES):
            error, answers = self._judge([fold[k] for fold in codes])
            found.append((error, share, answers))
        _, share, answers = min(found, key=lambda one: one[0])
        return share, answers, self._right(answers)

    def evaluation(self, classes, sequences, bits):
        """The :class:`~hadam_hw.evaluation.Evaluation` of all that was validated, by codes."""
        groups = [sequences.groups[k] for k in self.validated]
        return Evaluation.of(classes, self._labels[self.validated], self.coded(bits)[1].argmax(axis=1), groups)


def step_of(weights, share, bits):
    """What code 1 is worth where the largest code stands for ``share`` of the largest weight."""
    return share * (np.abs(weights).max() or 1.0) / (1 << bits - 1)


@one_thread
def choose(data, options, report=lambda words, done, total: None):
    """The :class:`Choice` of :class:`~hadam_hw.train.own.prepare.OwnData`.

    ``report(words, done, total)`` is called before and after each of the settings that are compared.
    """
    given = dict(options.given)
    laws = _laws(data, options)
    sources = {law: fit_input(data, options, law) for law in laws}
    plain = encoded(sources[laws[0]], data.train)
    weights, _ = class_weights(plain.labels, len(data.classes), options.balance)
    kinds = _kinds(given)
    sizes = (given["hidden"],) if "hidden" in given else SIZES
    total = sum(len(few) for few in (kinds, laws) if len(few) > 1) + len(sizes) + (0 if "leak" in given else 3)
    tried, done, law, kind = [], 0, laws[0], kinds[0]
    sample = _sample(plain.lengths, options.seed)

    def judged(settings, sequences, chosen, where):
        nonlocal done
        report(words_of(settings), done, total)
        own = sequences if chosen is None else sequences.chosen(chosen)
        layer = layer_of(settings, where, own)
        vectors, _ = pools(layer, settings.readout, own.codes)
        counted = weights if chosen is None or weights is None else weights[chosen]
        folded = Folded(vectors, own.labels, data.fold_of[own.recordings], len(data.classes), counted)
        done += 1
        report(words_of(settings), done, total)
        return folded, layer, vectors

    def told(settings, law, folded, count):
        words = words_of(settings) + (f", mu-law for {len(law)} channels" if law else "")
        tried.append(Tried(f"{words}; {count} sequences", folded.error, folded.percent))
        return folded.error

    errors = {}

    def try_one(fields, law, sequences):
        settings = settings_of(fields, options)
        if (settings, law) not in errors:
            folded, _, _ = judged(settings, sequences, sample, sources[law])
            errors[settings, law] = told(settings, law, folded, len(sample))
        return errors[settings, law]

    if len(kinds) > 1:
        kind = min(kinds, key=lambda kind: try_one(kind | {"hidden": min(SMALL, sizes[-1])}, laws[0], plain))
    near = [kind["leak"]] if "leak" in given or "leaks" in given or not kind["leak"] else \
        [leak for leak in (kind["leak"], kind["leak"] - 1, kind["leak"] + 1) if leak in LEAKS]
    by_law = {own: plain if own == laws[0] else encoded(sources[own], data.train) for own in laws}
    if len(laws) > 1:  # how finely numbers are told apart matters to a large layer, and hardly to a small one
        law = min(laws, key=lambda law: try_one(kind | {"hidden": sizes[-1]}, law, by_law[law]))
    sequences = by_law[law]
    if len(near) > 1 and sizes[-1] > SMALL:
        kind = min((kind | {"leak": leak} for leak in near),
                   key=lambda kind: try_one(kind | {"hidden": sizes[-1]}, law, sequences))
    found = []
    for size in reversed(sizes):
        settings = settings_of(kind | {"hidden": size}, options)
        folded, layer, vectors = judged(settings, sequences, None, sources[law])
        told(settings, law, folded, f"all {len(sequences)}")
        found.append(Choice(settings, law, sources[law], layer, sequences, vectors, folded, ()))
        if folded.error > ENOUGH * min(one.folded.error for one in found):
            break  # smaller ones are worse still
    least = min(one.folded.error for one in found)
    enough = [one for one in found if one.folded.error <= ENOUGH * least][-1]
    return replace(enough, tried=tuple(tried))


def _laws(data, options):
    """The sets of channels by the mu-law that are compared."""
    if options.mu_law is not None:
        return (options.mu_law,)
    if front_of(data, options) is Front.BANK:
        return ((),)
    found = peaked(data.train)
    return ((), found) if found else ((),)


def _kinds(given):
    """The kinds of layer that are compared, as settings without a size; the first is what is most often best."""
    kinds = [{"recurrence": Kind.HADAMARD, "readout": Pooling.SUM, "leak": leak} for leak in (3, *(k for k in LEAKS if k != 3))]
    kinds += [{"recurrence": Kind.OSCILLATORS, "readout": Pooling.SUM, "leak": leak} for leak in (2, 4)]
    kinds += [{"recurrence": kind, "readout": Pooling.LAST, "leak": leak} for kind in (Kind.HADAMARD, Kind.OSCILLATORS)
              for leak in LAST_LEAKS]
    if "leaks" in given:
        kinds = [kind | {"leak": 0} for kind in kinds if kind["readout"] is Pooling.SUM]
    if "block" in given or "wires" in given:  # a pair of oscillators is a block of 2 without wires
        kinds = [kind for kind in kinds if (kind["recurrence"] is Kind.OSCILLATORS) == (given.get("block") == 2)]
    pinned = {name: given[name] for name in ("recurrence", "readout", "leak", "leaks") if name in given}
    pinned = [kind | pinned for kind in kinds]
    return [kind for k, kind in enumerate(pinned) if kind not in pinned[:k]]


def settings_of(chosen, options):
    """The :class:`~hadam_hw.train.settings.Settings` of a ridge with ``chosen`` fields and those given."""
    fields = {"u_bits": 8} | chosen | {name: value for name, value in options.given.items() if name in _OF_LAYERS}
    if "block" not in fields:
        fields["block"] = 2 if fields["recurrence"] is Kind.OSCILLATORS else _block(fields["hidden"])
    settings = Settings(task=OWN, fit=Fit.RIDGE, signs=Signs.FIXED, **fields)
    settings.check()
    return settings


#: Given settings that a ridge takes; the others are those of gradients.
_OF_LAYERS = ("hidden", "block", "seed", "v_bits", "u_bits", "readout", "leak", "leaks", "state_bits", "rounding", "wires",
              "drive", "recurrence")


def _block(hidden):
    """The largest block of 64, 16, 4 or 1 that ``hidden`` is made of."""
    return next(block for block in (64, 16, 4, 1) if hidden % block == 0)


def layer_of(settings, source, sequences):
    """The drawn layer; its binary point is placed on the longest of some sequences."""
    order = np.argsort(-sequences.lengths, kind="stable")
    near = order[sequences.lengths[order] > 0.5 * sequences.lengths[order[0]]]
    chosen = np.random.default_rng([settings.seed, 18]).permutation(near)[:CALIBRATION]
    return drawn_layer(settings, source.format, padded([sequences.codes[k] for k in chosen]))


def _sample(lengths, seed):
    """Places of some sequences, drawn."""
    order = np.random.default_rng([seed, 19]).permutation(len(lengths))[:SAMPLE]
    return order[np.cumsum(lengths[order]) <= max(SAMPLE_STEPS, lengths[order[0]])]


def words_of(settings):
    """A layer in a few words."""
    leak = f"leaks {settings.leaks}" if settings.leaks else f"leak {settings.leak}"
    return f"{settings.hidden} units, {settings.recurrence.value}, {leak}, {settings.readout.value}"
