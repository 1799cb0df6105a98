# SPDX-License-Identifier: BSD-2-Clause
"""Who is for training, validation and test: by group wherever there are groups, else by file, and never by window.

A split deals out *units*: the recordings of one group, or where there is none, of one source. Recordings are split first and
cut into windows afterwards, so that no two windows of a unit are on two sides.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.recordings.names import counted
from hadam_hw.recordings.recording import Part, RecordingSet

#: How many deals are tried for one that has each class on both sides, in its share; fewer where there are many units.
_DEALS, _DEALT = 64, 50_000
_LEAK = ("nothing says which recordings belong together (a person, a device, a day), so files were split at random; if one "
         "person or session is in several, neighboring windows are on both sides and scores come out too high")


class SplitBy(Enum):
    """What a split went by."""

    GIVEN = "given"
    GROUP = "group"
    FILE = "file"


@dataclass(frozen=True)
class Shares:
    """How much of the units is held out.

    Parameters
    ----------
    validation, test : float
        0 to 1, together below 1.

    Raises
    ------
    DataError
        If they are not.
    """

    validation: float = 0.15
    test: float = 0.2

    def __post_init__(self):
        if not (self.validation >= 0 and self.test >= 0 and self.validation + self.test < 1):
            raise DataError(f"validation and test must be shares of 0 or more, together below 1, not {self.validation!r} and "
                            f"{self.test!r}")


@dataclass(frozen=True, eq=False)
class Split:
    """The parts of a set, as indices of its recordings.

    Parameters
    ----------
    recordings : RecordingSet
    parts : tuple of Part
        One for each recording.
    by : SplitBy
        How test (or, where that was given, validation) was chosen.
    warnings : tuple of str
    """

    recordings: RecordingSet
    parts: tuple[Part, ...]
    by: SplitBy
    warnings: tuple[str, ...] = ()

    def indices(self, part):
        """int64: the recordings of ``part``, in their order."""
        return np.array([k for k, own in enumerate(self.parts) if own is part], np.int64)

    def part(self, part):
        """The :class:`RecordingSet` of ``part``, or None if it is empty."""
        indices = self.indices(part)
        return self.recordings.chosen(indices) if len(indices) else None


def split(recordings, seed=0, shares=None):
    """Parts a set, the same way for the same ``seed``.

    What the files say is obeyed; what they leave open is dealt out. A test part that is given is never dealt into.

    Parameters
    ----------
    recordings : RecordingSet
    seed : int
    shares : Shares or None
        None for 15 % validation, 20 % test.

    Returns
    -------
    Split

    Raises
    ------
    DataError
        If there are no two classes with labels, or too few units to hold any out.
    """
    shares = Shares() if shares is None else shares
    _check_classes(recordings)
    rng = np.random.default_rng([seed, 16])
    units, by = _units(recordings)
    given = [recording.part for recording in recordings.recordings]
    parts = [Part.TRAIN if part is None else part for part in given]
    warnings = _given_twice(units, given)
    dealt = False
    for part, share in ((Part.TEST, shares.test), (Part.VALIDATION, shares.validation)):
        if part in given or not share:
            continue
        dealt = True
        free = np.array([k for k, own in enumerate(parts) if own is Part.TRAIN])
        rest = sum(own is Part.TRAIN or own is part for own in parts) / len(parts)
        held = _deal(units[free], recordings.labels[free], len(recordings.classes), min(share / rest, 0.5), rng, part)
        for k in free[held]:
            parts[k] = part
    if dealt and by is SplitBy.FILE:
        warnings.append(_LEAK)
    warnings += _missing(recordings, parts)
    return Split(recordings, tuple(parts), by if dealt else SplitBy.GIVEN, tuple(warnings))


def folds(recordings, count, seed=0):
    """``count`` pairs (training, validation) of :class:`RecordingSet`; each unit is in validation once.

    Parameters
    ----------
    recordings : RecordingSet
        Without the test part.
    count : int
        2 or more.
    seed : int

    Raises
    ------
    DataError
        If there are fewer groups (or files, where there are no groups) than folds.
    """
    _check_classes(recordings)
    units, by = _units(recordings)
    members = int(units.max()) + 1
    if not 2 <= count <= members:
        raise DataError(f"folds must be between 2 and the {members} {by.value}s of the recordings, not {count}")
    rng = np.random.default_rng([seed, 17])
    counts = _counts(units, recordings.labels, len(recordings.classes))
    order = rng.permutation(members)
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    filled, fold, sizes = np.zeros((count, counts.shape[1])), np.empty(members, np.int64), np.zeros(count)
    for unit in order:  # the largest first, each to the fold that lacks its classes most; none stays empty
        lacking = (filled * counts[unit]).sum(axis=1) + 1e-9 * sizes
        fold[unit] = np.lexsort((sizes, lacking))[0] if (sizes > 0).all() else np.flatnonzero(sizes == 0)[0]
        filled[fold[unit]] += counts[unit]
        sizes[fold[unit]] += counts[unit].sum()
    of = fold[units]
    return [(recordings.chosen(np.flatnonzero(of != k)), recordings.chosen(np.flatnonzero(of == k))) for k in range(count)]


def _units(recordings):
    """(int64 [recordings] numbers of units, what they are)."""
    names = [("group", recording.group) if recording.group is not None else ("source", recording.source)
             for recording in recordings.recordings]
    groups = {name for kind, name in names if kind == "group"}
    by = SplitBy.GROUP if groups else SplitBy.FILE
    numbers = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64), by


def _counts(units, labels, classes):
    """float64 [units, classes]: recordings of each class in each unit."""
    counts = np.zeros((int(units.max()) + 1, classes))
    np.add.at(counts, (units, labels), 1)
    return counts


def _check_classes(recordings):
    labels = recordings.labels
    if (labels < 0).any():
        raise DataError(f"{recordings.recordings[int((labels < 0).argmax())].source} must have a label to be trained on; put "
                        "each file into a folder that is named as its class")
    present = [recordings.classes[k] for k in np.unique(labels)]
    if len(present) < 2:
        raise DataError(f"Recordings must be of two classes or more, and all {len(labels)} are {present[0]!r}")


def _deal(units, labels, classes, share, rng, part):
    """bool [recordings]: those of the units that are held out, about ``share`` of each class."""
    names, units = np.unique(units, return_inverse=True)
    if len(names) < 2:
        raise DataError(f"Recordings must come in two groups or files or more to hold out a part for {part.value}, and all "
                        f"{len(units)} belong together; record another person, device or day")
    counts = _counts(units, labels, classes)
    totals = counts.sum(axis=0)
    present = totals > 0
    wanted = share * totals
    best, chosen = None, None
    for _ in range(max(2, min(_DEALS, _DEALT // len(names)))):
        held = _greedy(counts, wanted, totals, rng.permutation(len(names)))
        sums = counts[held].sum(axis=0)
        lost = int((present & (sums >= totals)).sum()) * 2 + int((present & (sums == 0)).sum())
        cost = (lost, float((((sums - wanted) / np.maximum(totals, 1)) ** 2).sum()))
        if best is None or cost < best:
            best, chosen = cost, held
    return chosen[units]


def _greedy(counts, wanted, totals, order):
    """bool [units]: taken in ``order``, each that brings the sums nearer to those wanted, or a class that was not there yet.

    One or more are, never all.
    """
    held, scale = np.zeros(len(counts), bool), np.maximum(totals, 1)
    missing, left = wanted / scale, totals.copy()
    shares = counts / scale
    for unit in order:
        after, own = missing - shares[unit], counts[unit] > 0
        new = (own & (left == totals)).any() and (left > counts[unit])[own].all()
        if new or after @ after < missing @ missing:
            held[unit], missing = True, after
            left -= counts[unit]
    if not held.any():  # a unit is more than what is wanted of any class: the smallest that comes first
        held[order[np.argmin(counts[order].sum(axis=1))]] = True
    if held.all():
        held[order[-1]] = False
    return held


def _given_twice(units, given):
    """A sentence if the files put one group on both sides."""
    sides = {}
    for unit, part in zip(units.tolist(), given):
        sides.setdefault(unit, set()).add(part)
    both = sum(len(parts - {None}) > 1 for parts in sides.values())
    return [f"the files put {counted(both, 'group')} into more than one of train, validation and test; scores come out too "
            "high for anybody new"] if both else []


def _missing(recordings, parts):
    """A sentence for each part that lacks a class."""
    labels = recordings.labels
    for part in dict.fromkeys(parts):
        present = {int(label) for label, own in zip(labels, parts) if own is part}
        lacking = [name for k, name in enumerate(recordings.classes) if k not in present]
        if lacking:
            yield (f"the {part.value} part has no recording of {', '.join(lacking[:3])}"
                   + (f" and {len(lacking) - 3} other classes" if len(lacking) > 3 else ""))
