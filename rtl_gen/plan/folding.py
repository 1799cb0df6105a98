# SPDX-License-Identifier: BSD-2-Clause
"""Where a folded core keeps its words, and in which order it works on them; no gateware in it.

The units of a lane are numbered ``i`` from 0, whole blocks after each other. With banks of radix ``r = 2**rho`` the word
of unit ``i`` lies in row ``i >> rho`` of bank ``bank(i)``, whose bit ``k`` is the exclusive or of the bits of ``i`` within
the block at the places ``k, k + rho, k + 2 rho ...``. Any ``rho`` neighbouring bits of ``i`` hold each ``k`` once, so
the ``r`` words that differ in such a window lie in ``r`` different banks: a butterfly over any window reads each bank once.

In butterfly ``c`` of a pass the bits of ``c`` are those of ``i`` outside the window. Along axis ``k`` (bit ``k`` of the
bank) bank ``b`` holds the word whose bit in the window is ``b_k ^ turn(c)_k``, and ``turn`` does not depend on the pass.
Where it is 1 the two ends of the axis change places, which costs the sum and the difference an exchange of their roles.

Wires are behind the last pass: it writes what unit ``i`` takes into the row of ``i``. That is not in place, for that row may
not have been read yet. So with wires the state is kept twice, in two pages of one memory: all passes but the last stay in the
page that holds the state, the last one writes the other, and the pages change. Words never leave their bank.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from hadam_hw.errors import ArchitectureError
from hadam_hw.recurrence.hadamard import bank_of, turn_of


@dataclass(frozen=True)
class Pass:
    """One way through the memory: levels of the butterfly on the window of bits ``start .. start + rho - 1``.

    ``axes`` are those whose level is done; the others of the window belong to another pass.
    """

    start: int
    axes: frozenset[int]


@dataclass(frozen=True)
class Folding:
    """The places of the words of one lane.

    Parameters
    ----------
    units : int
        Units of the lane, a multiple of ``block``.
    block : int
    log2_radix : int
        rho, at least 1 and at most ``log2(block)``.
    takers : tuple of tuple of int, optional
        With wires, for each lane, for each of its words of ``K Z``: the unit of that lane that takes it. None is in place.
    """

    units: int
    block: int
    log2_radix: int
    takers: tuple[tuple[int, ...], ...] | None = None

    @property
    def radix(self):
        """r, the banks of a lane."""
        return 1 << self.log2_radix

    @property
    def levels(self):
        """q, the levels of butterflies of a block."""
        return self.block.bit_length() - 1

    @property
    def rows(self):
        """Words of a bank, and butterflies of a pass."""
        return self.units // self.radix

    @cached_property
    def passes(self):
        """``ceil(q / rho)`` passes. A short one comes first, so that the words in memory stay short: ``w + q - rho`` bits."""
        rho = self.log2_radix
        short = self.levels % rho
        found = [Pass(0, frozenset(range(short)))] if short else []
        found += [Pass(start, frozenset(range(rho))) for start in range(short, self.levels, rho)]
        return tuple(found)

    def turn(self, butterfly):
        """For each axis whether its ends change places: the bits of ``butterfly`` within the block, folded on each other."""
        return turn_of(butterfly, self.block, self.log2_radix)

    def bank(self, unit):
        """The bank of a unit."""
        return bank_of(unit, self.block, self.log2_radix)

    def row(self, unit):
        """The row of a unit in its bank."""
        return unit >> self.log2_radix

    def unit(self, number, butterfly, bank):
        """The unit whose word butterfly ``butterfly`` of pass ``number`` finds in ``bank``."""
        start, rho = self.passes[number].start, self.log2_radix
        ends = bank ^ self.turn(butterfly)
        unit = (butterfly >> start << start + rho) | (butterfly & ((1 << start) - 1))
        for bit in range(start, start + rho):
            unit |= (ends >> bit % rho & 1) << bit
        return unit

    @property
    def row_bits(self):
        """Bits of a row's number."""
        return (self.rows - 1).bit_length()

    @property
    def memory_rows(self):
        """Rows of a bank's memory; with wires two pages, each a power of two, so that the page is the top bit of an address."""
        return max(2, self.rows if self.takers is None else 2 << self.row_bits)

    def finished(self, lane, butterfly, bank):
        """The unit of ``lane`` whose new state the last pass makes of the word of ``bank`` in butterfly ``butterfly``."""
        unit = self.unit(len(self.passes) - 1, butterfly, bank)
        return unit if self.takers is None else self.takers[lane][unit]

    @property
    def table(self):
        """With wires the rows that the last pass writes: for each butterfly those of all banks, bank 0 of lane 0 lowest."""
        if self.takers is None:
            return ()
        places = [(lane, bank) for lane in range(len(self.takers)) for bank in range(self.radix)]
        return tuple(sum(self.row(self.finished(lane, butterfly, bank)) << k * self.row_bits
                         for k, (lane, bank) in enumerate(places)) for butterfly in range(self.rows))

    def row_bit(self, number, bit):
        """What bit ``bit`` of the row is in pass ``number``: ``("butterfly", j)``, its bit ``j``, or ``("end", k)``.

        The latter stands for ``bank_k ^ turn_k``.
        """
        start, rho, place = self.passes[number].start, self.log2_radix, bit + self.log2_radix
        if place < start:
            return "butterfly", place
        return ("end", place % rho) if place < start + rho else ("butterfly", place - rho)


def fold(recurrence, architecture):
    """The :class:`Folding` of a recurrence in a ``folded`` architecture of radix 2 or more.

    Raises
    ------
    ArchitectureError
        If the architecture cannot render the recurrence.
    """
    size, block = recurrence.size, recurrence.foldable_block
    if block is None:
        raise ArchitectureError(recurrence.unfoldable)
    if architecture.radix > block:
        raise ArchitectureError(f"Radix must be at most the block of {block} unit{'s' * (block > 1)}, not {architecture.radix}")
    if size // block % architecture.lanes:
        raise ArchitectureError(f"Lanes must divide the {size // block} block{'s' * (size != block)} of the recurrence, "
                                f"since a block stays in one lane; {architecture.lanes} do not")
    folding = Folding(size // architecture.lanes, block, architecture.radix.bit_length() - 1)
    takers = np.argsort(recurrence.rows)
    if (takers == np.arange(size)).all():
        return folding
    if not recurrence.keeps_banks([(unit // folding.units, folding.bank(unit % folding.units)) for unit in range(size)]):
        raise ArchitectureError(f"Wires must keep every word in its bank, one of {folding.radix} a lane, since a bank takes "
                                "one word a clock; use 'serial', or draw wires that keep the banks")
    return replace(folding, takers=tuple(map(tuple, (takers % folding.units).reshape(architecture.lanes, -1).tolist())))
