# SPDX-License-Identifier: BSD-2-Clause
"""Pairs of units that oscillate for ever, by shifts and additions alone (docs/numerics.md, "Oscillators").

A step turns the two units x and y of a pair by an angle: a shear along x, then one along y. Shears have determinant 1, whatever
their factors, so the angle may be rounded to few binary digits and the pair neither grows nor dies.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hadam_hw.checks import as_integers, assign
from hadam_hw.errors import ModelError
from hadam_hw.recurrence import MAX_LEAK, MAX_SIZE, Recurrence

#: Of a: ``2**-i``.
MAX_SHIFT = 8
#: Of the first digit of b, ``2**-j``; and of a second one, ``2**-k``.
MIN_FIRST, MAX_FIRST, MAX_SECOND = -1, 9, 10
#: Of ``i + max(j, k)``: what a step has to scale by. More would bring no better frequencies that count.
MAX_REACH = 12


@dataclass(frozen=True)
class Oscillation:
    """The parameters of one pair: ``a = 2**-shift``, ``b = 2**-first + sign * 2**-second``, both rows negated or not.

    ``sign`` is 0 where b has one digit.
    """

    shift: int
    first: int
    second: int = 0
    sign: int = 0
    negated: bool = False

    @property
    def reach(self):
        """Fraction bits of the pair's matrix."""
        return self.shift + max(0, self.first, self.second)

    @property
    def trace(self):
        """``2 - a b``, negated for a negated pair; exact in a float."""
        b = 2.0**-self.first + self.sign * 2.0**-self.second
        return (2 - 2.0**-self.shift * b) * (-1 if self.negated else 1)

    @property
    def frequency(self):
        """The angle of a step in radians, between 0 and pi."""
        return math.acos(self.trace / 2)

    @property
    def adders(self):
        """2 or 3: one, and one a digit of b."""
        return 2 + (self.sign != 0)


@lru_cache
def oscillations(reach=MAX_REACH):
    """A tuple with one :class:`Oscillation` for each frequency that there is, the lowest first.

    b lies between a / 2 and 2 a, so that x and y are about equally loud. Of equal frequencies the one with the fewest digits is
    taken, of those the one with the least ``reach``, then the least shift.

    Parameters
    ----------
    reach : int
        The largest ``i + max(j, k)``; 18 leaves nothing out, and there are 397. A recurrence takes up to 12, of which there
        are 291.
    """
    found = {}
    for shift in range(MAX_SHIFT + 1):
        for first in range(MIN_FIRST, MAX_FIRST + 1):
            digits = [(0, 0)] + [(second, sign) for second in range(max(0, first + 1), MAX_SECOND + 1) for sign in (-1, 1)]
            for second, sign in digits:
                b = 2.0**-first + sign * 2.0**-second
                if not 0.5 <= b * 2.0**shift <= 2:
                    continue
                for negated in (False, True):
                    new = Oscillation(shift, first, second, sign, negated)
                    if new.reach <= reach:
                        found[new.trace] = min(found.get(new.trace, new), new, key=_cost)
    return tuple(found[trace] for trace in sorted(found, reverse=True))


def _cost(oscillation):
    return oscillation.adders, oscillation.reach, oscillation.shift, oscillation.negated


@dataclass(frozen=True, eq=False)
class Oscillators(Recurrence):
    """Pairs of units, x in unit 2 p and y in unit 2 p + 1: ``x1 = x + a y``, ``y1 = y - b x1``; both negated or not.

    ``a = 2**-i``, ``b = 2**-j`` or ``2**-j +- 2**-k``. The matrix of a pair is ``[[1, a], [-b, 1 - a b]]``, its
    determinant 1 and its trace ``2 - a b``, between -1 and 2. ``R`` is all of them times
    ``2**s``, with s the largest ``i + max(j, k)``.

    Parameters
    ----------
    shifts : int64 [pairs]
        i, 0 to 8. There are 1 to 2048 pairs.
    first : int64 [pairs]
        j, -1 to 9.
    second : int64 [pairs]
        k, 0 to 10 and above j; 0 where there is no second digit. ``i + max(j, k)`` is at most 12.
    second_signs : int64 [pairs]
        -1 or 1, or 0 for no second digit.
    negated : int64 [pairs]
        1 where both rows are negated: then the angle of a step is pi less what it would be.
    leaks : int64 [pairs], optional
        0 for a pair that forgets nothing, else a step shrinks it by ``1 - 2**-leak``; at most 12. None for no leak at all.

    Raises
    ------
    ModelError
    """

    kind = "oscillators"

    shifts: np.ndarray
    first: np.ndarray
    second: np.ndarray
    second_signs: np.ndarray
    negated: np.ndarray
    leaks: np.ndarray | None = None

    def __post_init__(self):
        names = ["shifts", "first", "second", "second_signs", "negated"] + ["leaks"] * (self.leaks is not None)
        assign(self, **{name: as_integers(_WORDS[name], getattr(self, name)) for name in names})
        if self.shifts.ndim != 1 or not 2 <= self.size <= MAX_SIZE:
            raise ModelError(f"Shifts must be a vector of 1 to {MAX_SIZE // 2} pairs, not of shape {list(self.shifts.shape)}")
        for name in names:
            if getattr(self, name).shape != self.shifts.shape:
                raise ModelError(f"{_WORDS[name]} must be one a pair, of shape {list(self.shifts.shape)}, "
                                 f"not {list(getattr(self, name).shape)}")
        for name, least, most in (("shifts", 0, MAX_SHIFT), ("first", MIN_FIRST, MAX_FIRST), ("second", 0, MAX_SECOND),
                                  ("second_signs", -1, 1), ("negated", 0, 1)):
            _check_range(_WORDS[name], getattr(self, name), least, most)
        one, two = self.second_signs == 0, self.second_signs != 0
        if self.second[one].any() or (self.second <= self.first)[two].any():
            raise ModelError("Second digit must be smaller than the first, k > j, or 0 where its sign is 0")
        if (self._reaches > MAX_REACH).any():
            raise ModelError(f"Shift and digits of a pair must reach {MAX_REACH} bits at most, i + max(j, k), "
                             f"not {self._reaches.max()}; hadam_hw.oscillators.oscillations lists what there is")
        if self.leaks is not None:
            _check_range(_WORDS["leaks"], self.leaks, 0, MAX_LEAK)
            if not self.leaks.any():
                assign(self, leaks=None)

    @classmethod
    def of(cls, pairs, leaks=None):
        """The recurrence of one :class:`Oscillation` a pair."""
        columns = [[getattr(pair, name) for pair in pairs] for name in ("shift", "first", "second", "sign")]
        return cls(*columns, [int(pair.negated) for pair in pairs], leaks)

    @property
    def pairs(self):
        """One :class:`Oscillation` a pair."""
        columns = (self.shifts, self.first, self.second, self.second_signs, self.negated != 0)
        return tuple(Oscillation(*row) for row in zip(*(column.tolist() for column in columns)))

    @property
    def size(self):
        """Units n, two a pair."""
        return 2 * self.shifts.size

    @property
    def _digits(self):
        """int64 [pairs]: m, the fraction bits of b."""
        return np.maximum(np.maximum(self.first, self.second), 0)

    @property
    def _reaches(self):
        return self.shifts + self._digits

    @property
    def reach(self):
        """s: ``R`` is ``2**s`` times what a step does, but for the leak."""
        return int(self._reaches.max())

    @property
    def leak(self):
        """The largest leak: rows have the factor ``2**leak - 2**(leak - leaks)``, where they leak."""
        return 0 if self.leaks is None else int(self.leaks.max())

    @property
    def unfoldable(self):
        """Pairs are no butterflies."""
        return "A folded core shears pairs of oscillators without a butterfly, a word at a time; use 'folded:1'"

    def shift(self, phase):
        """``k_0``: the right shift that scales a step."""
        return self.reach + self.leak

    @property
    def frequencies(self):
        """float [pairs]: the angle of a step in radians."""
        return np.array([pair.frequency for pair in self.pairs])

    @property
    def bits(self):
        """For each pair 4 bits of i, j, k and a leak (where there are any), 2 for the second digit's sign, 1 for negation."""
        return self.shifts.size * (15 if self.leaks is None else 19)

    @property
    def words(self):
        """Pairs, what they reach, and the leaks where there are any."""
        leaks = "" if self.leaks is None else f", leaks of up to {self.leak}"
        return f"{self.shifts.size} oscillators, shifts of up to {self.reach}{leaks}"

    def header(self):
        """Nothing: the arrays say all."""
        return {}

    def arrays(self):
        """One array for each parameter."""
        arrays = {name: getattr(self, name) for name in ("shifts", "first", "second", "second_signs", "negated")}
        return arrays | ({} if self.leaks is None else {"leaks": self.leaks})

    @classmethod
    def parse(cls, header, arrays):
        """The recurrence that a file holds."""
        return cls(*(arrays[name] for name in ("shifts", "first", "second", "second_signs", "negated")), arrays.get("leaks"),
                   **header)

    @property
    def _blocks(self):
        """int64 [2, 2, pairs]: the entries of ``R``; [row, column, pair], of x and y."""
        reach, factor = self.reach, np.where(self.negated, -1, 1)
        if self.leaks is not None:
            factor = factor * ((1 << self.leak) - np.where(self.leaks, 1 << self.leak - self.leaks, 0))
        digits = self._digits
        b = (1 << digits - self.first) + self.second_signs * (1 << digits - np.where(self.second_signs, self.second, 0))
        x = np.stack([np.full(self.shifts.size, 1 << reach), 1 << reach - self.shifts])
        y = np.stack([-(b << reach - digits), (1 << reach) - (b << reach - digits - self.shifts)])
        return factor * np.stack([x, y])

    def dense(self):
        """``R``, pair by pair on the diagonal."""
        matrix, pairs = np.zeros((self.size, self.size), np.int64), 2 * np.arange(self.shifts.size)
        for row in range(2):
            for column in range(2):
                matrix[pairs + row, pairs + column] = self._blocks[row, column]
        return matrix

    def apply(self, state):
        """``R Z`` along the last axis, int64."""
        return self._multiply(np.asarray(state, dtype=np.int64), self._blocks)

    def products(self, dtype):
        """Pair by pair, four products a pair."""
        blocks = self._blocks.astype(dtype)
        return lambda state: self._multiply(state, blocks)

    @staticmethod
    def _multiply(state, blocks):
        x, y, new = state[..., 0::2], state[..., 1::2], np.empty_like(state)
        for row in range(2):
            new[..., row::2] = x * blocks[row, 0] + y * blocks[row, 1]
        return new

    @property
    def gain(self):
        """The greatest sum of absolute values of a row of ``R``."""
        return int(np.abs(self._blocks).sum(axis=1).max())

    def sparse(self):
        """Two entries a row."""
        units = np.arange(self.size)
        columns = np.stack([units - units % 2, units - units % 2 + 1], axis=1)
        return 1, columns, self._blocks.transpose(2, 0, 1).reshape(self.size, 2)

    @property
    def adders(self):
        """One a pair for x, one a digit of b for y, and one a unit for a leak of 2 or more."""
        leaking = 0 if self.leaks is None else np.count_nonzero(self.leaks > 1)
        return 2 * self.shifts.size + np.count_nonzero(self.second_signs) + 2 * leaking

    def network(self, lanes, add):
        """The two shears of each pair, then the leak; what a row lacks to the common scale is a shift."""
        rows, reach, leaks = [], self.reach, np.zeros_like(self.shifts) if self.leaks is None else self.leaks
        for p, (pair, leak) in enumerate(zip(self.pairs, leaks.tolist())):
            x, y = lanes[2 * p], lanes[2 * p + 1]
            digits = pair.reach - pair.shift
            x = add(x << pair.shift, y)  # times 2**shift
            y = add(y << pair.reach, -(x << digits - pair.first))  # times 2**reach of the pair
            if pair.sign:
                second = x << digits - pair.second
                y = add(y, -second if pair.sign > 0 else second)
            for row in (x << reach - pair.shift, y << reach - pair.reach):
                if leak > 1:
                    row = add(row << leak, -row) << self.leak - leak
                else:
                    row = row << self.leak - leak  # 2**1 - 1 = 1 needs no adder
                rows.append(-row if pair.negated else row)
        return rows


_WORDS = {"shifts": "Shifts", "first": "First digits", "second": "Second digits", "second_signs": "Signs of second digits",
          "negated": "Negations", "leaks": "Leaks"}


def _check_range(name, values, least, most):
    if values.size and (values.min() < least or values.max() > most):
        raise ModelError(f"{name} must lie between {least} and {most}, not between {values.min()} and {values.max()}")
