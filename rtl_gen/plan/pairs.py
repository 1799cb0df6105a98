# SPDX-License-Identifier: BSD-2-Clause
"""A folded core of oscillators: where the pairs lie, how far their words are shifted, and when; no gateware in it.

A lane reads both words of a pair at once, x from one bank and y from another, and makes one of the two new ones in a clock:
that of x, then that of y. With many inputs the new x is there before the old one was read for the second time, so the state is
kept twice, in two pages, as :mod:`rtl_gen.plan.one_word` does it for wires.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hadam_hw.errors import ArchitectureError
from hadam_hw.fixed import signed_width
from hadam_hw.oscillators import Oscillators
from rtl_gen.plan.folded import table_rams
from rtl_gen.plan.one_word import OneWordInputPlan, OneWordPlan, OneWordSchedule
from rtl_gen.plan.parts import MUX


@dataclass(frozen=True)
class PairFolding:
    """The places of the words: lane ``l`` holds the units from ``l rows`` on, x and y of a pair in a row of its two banks.

    Parameters
    ----------
    rows : int
        Units of a lane.
    lanes : int
    """

    rows: int
    lanes: int

    #: Units are read in their order, so that a counter does it and no table.
    offset = first_row = 0
    table = ()

    @property
    def banks(self):
        """Memories: one for all x of a lane, one for all y."""
        return 2 * self.lanes

    @property
    def last_row(self):
        """The unit of a lane that is made last."""
        return self.rows - 1

    @property
    def row_bits(self):
        """Bits of a unit's number in its lane; the lowest is its bank."""
        return self.last_row.bit_length()

    @property
    def memory_rows(self):
        """Rows of a bank: two pages, each a power of two, so that the page is the top bit of an address."""
        return 1 << self.row_bits


@dataclass(frozen=True)
class Shifts:
    """Amounts of a shifter, and which of them each pair takes.

    Parameters
    ----------
    amounts : tuple of int
        Bits to the right, different and in order.
    places : tuple of int
        For each pair its amount's place among them.
    """

    amounts: tuple[int, ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, amounts):
        """Of the amounts of all pairs; those that are None are the first, whichever it is."""
        known = tuple(sorted({amount for amount in amounts if amount is not None})) or (0,)
        return cls(known, tuple(0 if amount is None else known.index(amount) for amount in amounts))

    @property
    def bits(self):
        """Bits of a place."""
        return (len(self.amounts) - 1).bit_length()

    def cells(self, width):
        """Logic cells of a shifter to words of ``width`` bits, its register included."""
        return width * max(1, MUX * (len(self.amounts) - 1))


@dataclass(frozen=True, eq=False)
class ShearPlan:
    """The rows of ``R Z`` of pairs but for their signs, a word a clock (:class:`rtl_gen.gateware.folded.pairs.Shears`).

    In units of ``2**-s``, s the recurrence's ``reach``:

        A = (x << s) + (y << s - i)                                 the row of x
        (y << s) - (A >> j) -+ (A >> k)                             the row of y

    and of either, where pairs leak, ``(row << Lm) - (row << Lm - leak)``. Nothing that is shifted out is other than 0.

    Parameters
    ----------
    recurrence : Oscillators
    width : int
        Bits of a word of the state.
    """

    recurrence: Oscillators
    width: int

    @cached_property
    def shear(self):
        """Of y for A: i, a pair."""
        return Shifts.of([pair.shift for pair in self.recurrence.pairs])

    @cached_property
    def first(self):
        """Of A for the first digit of b: j, a pair; -1 is a shift to the left."""
        return Shifts.of([pair.first for pair in self.recurrence.pairs])

    @cached_property
    def second(self):
        """Of A for the second digit: k, a pair that has one."""
        return Shifts.of([pair.second if pair.sign else None for pair in self.recurrence.pairs])

    @cached_property
    def leak(self):
        """Of a row that leaks, which is then taken away from it: a leak a pair that has one."""
        return Shifts.of([leak or None for leak in self._leaks])

    @property
    def _leaks(self):
        leaks = self.recurrence.leaks
        return [0] * len(self.recurrence.pairs) if leaks is None else leaks.tolist()

    @property
    def has_second(self):
        """Whether a pair has a second digit."""
        return any(pair.sign for pair in self.recurrence.pairs)

    @property
    def has_leak(self):
        """Whether a pair leaks."""
        return any(self._leaks)

    @property
    def latency(self):
        """Clocks from x and y to the row."""
        return 4 + self.has_second + 2 * self.has_leak

    @cached_property
    def widths(self):
        """Bits of signed words that hold: y shifted, A, A by the first and by the second digit, the row without the second
        digit, the row, the row with its leak."""
        reach, most = self.recurrence.reach, 1 << self.width - 1
        one, largest = 1 << reach, [0] * 7
        for pair in self.recurrence.pairs:
            y = one >> pair.shift
            total = one + y
            first = total << 1 if pair.first < 0 else total >> pair.first
            second = total >> pair.second if pair.sign else 0
            # the bounds of sums are those of their parts: a bit more than needed, at most
            row = max(total, one + first)
            sums = [y, total, first, second, row, row + second, row + second << self.recurrence.leak]
            largest = [max(pair) for pair in zip(largest, sums)]
        return tuple(signed_width(-most * bound, most * bound) for bound in largest)

    @property
    def fields(self):
        """Bits of what a pair says: places of i and j; of k with its sign and whether there is one; of the leak and whether."""
        return (self.shear.bits, self.first.bits, *((self.second.bits, 1, 1) if self.has_second else (0, 0, 0)),
                *((self.leak.bits, 1) if self.has_leak else (0, 0)))

    @property
    def field_bits(self):
        """All of them."""
        return sum(self.fields)

    @cached_property
    def table(self):
        """For each pair what it says, as an integer, the first field lowest."""
        rows = []
        for p, (pair, leak) in enumerate(zip(self.recurrence.pairs, self._leaks)):
            values = (self.shear.places[p], self.first.places[p], self.second.places[p], pair.sign > 0, pair.sign != 0,
                      self.leak.places[p], leak > 0)
            row = place = 0
            for value, bits in zip(values, self.fields):
                row |= (int(value) if bits else 0) << place
                place += bits
            rows.append(row)
        return tuple(rows)

    def cells(self):
        """Logic cells of a lane."""
        y, total, first, second, before, row, leaky = self.widths
        cells = self.shear.cells(y) + self.first.cells(first) + 2 * before + total  # A, and a register of it
        cells += total + 4 * self.width + 2 * self.field_bits
        if self.has_second:
            cells += self.second.cells(second) + 2 * row + second
        if self.has_leak:
            cells += self.leak.cells(leaky) + 2 * leaky + row
        return cells


@dataclass(frozen=True, eq=False)
class PairInputPlan(OneWordInputPlan):
    """``C X + bias`` for a unit of each lane at a time, with the signs of pairs."""

    @property
    def signs(self):
        """int [n]: both rows of a negated pair are subtracted."""
        return np.repeat(1 - 2 * self.layer.recurrence.negated, 2)


def fold_pairs(recurrence, lanes):
    """The :class:`PairFolding` of a recurrence of pairs in ``lanes`` lanes.

    Raises
    ------
    ArchitectureError
        If they do not divide the pairs.
    """
    pairs = len(recurrence.pairs)
    if pairs % lanes:
        raise ArchitectureError(f"Lanes must divide the {pairs} pair{'s' * (pairs > 1)} of oscillators, of which each lane "
                                f"holds as many; {lanes} do not")
    return PairFolding(2 * pairs // lanes, lanes)


@dataclass(frozen=True, eq=False)
class PairPlan(OneWordPlan):
    """One step of a layer of oscillators, a word of each lane a clock (:class:`rtl_gen.gateware.folded.pairs.PairCell`).

    With ``n`` units in ``l`` lanes and ``d`` inputs a step takes ``d n / l + 8`` clocks, one more with second digits, two more
    with leaks. Unloading takes a clock a unit.

    Parameters
    ----------
    layer : Layer
    folding : PairFolding
    feed : Feed, optional
        The layer stands on another one.
    """

    @property
    def leak(self):
        """None besides that of the pairs."""
        return 0

    @cached_property
    def source(self):
        """What makes ``C X + bias``, a :class:`PairInputPlan`."""
        return PairInputPlan(self.layer, self.order, self.feed)

    @cached_property
    def shears(self):
        """The :class:`ShearPlan` of all pairs."""
        return ShearPlan(self.layer.recurrence, self.layer.state.width)

    @cached_property
    def schedule(self):
        """The :class:`~rtl_gen.plan.one_word.OneWordSchedule`."""
        return OneWordSchedule(rows=self.folding.rows, inputs=self.layer.inputs, multiples=self.source.depth,
                               product=self.shears.latency, table=0)

    def shear_rows(self, lane):
        """The rows of the table of ``lane``'s pairs."""
        count = self.folding.rows // 2
        return self.shears.table[lane * count:(lane + 1) * count]

    def parts(self):
        """(cells, block RAMs): a Counter of the parts' cells, and a number."""
        (parts, rams), shears, lanes = super().parts(), self.shears, range(self.folding.lanes)
        parts["sheared words"] = len(lanes) * (shears.cells() + shears.widths[-1])
        return parts, rams + table_rams([(self.shear_rows(lane), shears.field_bits) for lane in lanes])
