# SPDX-License-Identifier: BSD-2-Clause
"""A folded core without butterflies: where its words lie, in which order they are read, and when; no gateware in it.

Blocks of 1 have no level to compute: a step only moves words, gives them their signs and adds the input. Wires are not in
place, for a word may be wanted after its row was given a new one. So each lane keeps the state twice, in two pages of one
memory: a step reads one page in the order of the wires, writes the other in the order of the units, and the pages change.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from hadam_hw.errors import ArchitectureError
from hadam_hw.layer import Layer
from rtl_gen.plan.feed import Feed
from rtl_gen.plan.folded import FoldedInputPlan, table_rams
from rtl_gen.plan.parts import MUX, observation_cells, saturation_cells, selection_latency, selector_cells
from rtl_gen.plan.ram import block_rams
from rtl_gen.plan.timing import Timing


@dataclass(frozen=True)
class OneWordFolding:
    """The places of the words: lane ``l`` holds the units from ``l rows`` on, one a row.

    Parameters
    ----------
    rows : int
        Units of a lane.
    sources : tuple of tuple of int
        For each lane, for each of its units: the row of the same lane whose word it takes.
    """

    rows: int
    sources: tuple[tuple[int, ...], ...]

    @property
    def lanes(self):
        """Words that are moved side by side."""
        return len(self.sources)

    @property
    def banks(self):
        """Memories, one a lane."""
        return self.lanes

    @property
    def row_bits(self):
        """Bits of a row's number, at least 1."""
        return max(1, (self.rows - 1).bit_length())

    @property
    def memory_rows(self):
        """Rows of a lane's memory: two pages, each a power of two, so that the page is the top bit of an address."""
        return 2 << self.row_bits

    @cached_property
    def offset(self):
        """c, where row ``j`` takes row ``(j + c) mod rows`` in every lane, as in a ring: then a counter makes the order of the
        reads. Otherwise None, and a table does."""
        first = self.sources[0][0]
        ring = tuple((row + first) % self.rows for row in range(self.rows))
        return first if all(lane == ring for lane in self.sources) else None

    @property
    def first_row(self):
        """What the counter of the reads begins a step with."""
        return self.offset or 0

    @property
    def last_row(self):
        """What it ends a step with."""
        return (self.first_row - 1) % self.rows

    @property
    def table(self):
        """The rows of the table of reads as integers, lane 0 lowest; empty where the counter does.

        The first half is the order of a step. The other half is that of the units, in which the words are handed over: so
        nothing has to choose between table and counter.
        """
        if self.offset is not None:
            return ()
        orders = [zip(*self.sources), ((row,) * self.lanes for row in range(self.rows))]
        half = 1 << self.row_bits
        packed = [[sum(row << lane * self.row_bits for lane, row in enumerate(rows)) for rows in order] for order in orders]
        return tuple(row for rows in packed for row in rows + [0] * (half - self.rows))


@dataclass(frozen=True)
class OneWordSchedule:
    """The clocks of a step, counted from the one after ``start`` (clock 0); those of a word from the one in which the sequencer
    shows its row with the last element of the input.

    Parameters
    ----------
    rows : int
    inputs : int
        Elements of the input, each a clock of every word.
    multiples : int
        Latency of the bank of multiples.
    product : int
        Clocks from a word to its row of the recurrence but for the sign: 1 with a leak, 0 without, more for oscillators.
    table : int
        Clocks that the table of reads takes: 1 or, where a counter does, 0.
    """

    rows: int
    inputs: int
    multiples: int
    product: int
    table: int

    @property
    def lead(self):
        """The word is addressed so much later, where ``C X`` takes longer than the word."""
        return max(0, self.multiples + 1 - self.table - self.product)

    @property
    def words(self):
        """The word comes out of the memory."""
        return self.lead + self.table + 1

    @property
    def joined(self):
        """The word's row of the recurrence gets its sign; a clock later its ``C X + bias`` is complete."""
        return self.words + self.product

    @property
    def element(self):
        """The element is multiplied: its product is to be there at :attr:`joined`."""
        return self.joined - self.multiples - 2

    @property
    def write(self):
        """The new state goes to the memory: sign, sum, rounding and saturation take a clock each."""
        return self.joined + 3

    @property
    def tail(self):
        """Clocks from the last row's number to the one before ``ready``.

        The next step may read its first word in the clock after the last one was written, and that comes as late after
        ``ready`` as any word. But its signs, biases and ``first`` must not come before the last word had its own.
        """
        return max(self.product + 3, self.joined - 1)

    @property
    def interval(self):
        """A step: each row as long as there are elements, and the way from the last one into the memory."""
        return self.rows * self.inputs + self.tail + 1


def fold_words(recurrence, lanes):
    """The :class:`OneWordFolding` of a recurrence in ``lanes`` lanes.

    Raises
    ------
    ArchitectureError
        If the architecture cannot render the recurrence.
    """
    size = recurrence.size
    if recurrence.foldable_block is None:
        raise ArchitectureError(recurrence.unfoldable)
    if recurrence.foldable_block != 1:
        raise ArchitectureError("A folded core of radix 1 has no butterfly and needs blocks of 1, not of "
                                f"{recurrence.foldable_block}; use a radix of 2 or more")
    if size % lanes:
        raise ArchitectureError(f"Lanes must divide the {size} units, of which each lane holds as many; {lanes} do not")
    rows = size // lanes
    if not recurrence.keeps_banks([unit // rows for unit in range(size)]):
        raise ArchitectureError(f"Wires must keep every word among the {rows} units of its lane, since a lane reads only its "
                                f"own memory; use 'folded:1', or draw wires for {lanes} lanes")
    return OneWordFolding(rows, tuple(tuple(int(row) - lane * rows for row in recurrence.rows[lane * rows:(lane + 1) * rows])
                                      for lane in range(lanes)))


@dataclass(frozen=True, eq=False)
class OneWordInputPlan(FoldedInputPlan):
    """``C X + bias`` for a unit of each lane at a time."""

    @property
    def steady(self):
        """Whether the multiples are the input itself, shifted, in every clock of a step: then they need no registers."""
        return self.layer.inputs == 1 and not self.depth


@dataclass(frozen=True, eq=False)
class OneWordPlan:
    """One step of a layer in blocks of 1, a word of each lane a clock (:class:`rtl_gen.gateware.folded.one_word.OneWordCell`).

    With ``n`` units in ``l`` lanes and ``d`` inputs a step takes ``d n / l + 4`` clocks (one more with a leak, and more where
    the bank of multiples of the input is deep). Unloading takes a clock a unit.

    Parameters
    ----------
    layer : Layer
    folding : OneWordFolding
    feed : Feed, optional
        The layer stands on another one.
    """

    layer: Layer
    folding: OneWordFolding
    feed: Feed | None = None

    @property
    def alignment(self):
        """The :class:`~rtl_gen.plan.alignment.Alignment` of the words."""
        return self.source.alignment

    @property
    def leak(self):
        """The leak of all units, which each word gets before it is added; 0 for none."""
        return self.layer.recurrence.leak

    @cached_property
    def source(self):
        """What makes ``C X + bias``, a :class:`OneWordInputPlan`."""
        return OneWordInputPlan(self.layer, self.order, self.feed)

    @property
    def order(self):
        """The units that are finished side by side, one after the other."""
        folding = self.folding
        return tuple(tuple(lane * folding.rows + row for lane in range(folding.lanes)) for row in range(folding.rows))

    @cached_property
    def schedule(self):
        """The :class:`OneWordSchedule`."""
        return OneWordSchedule(
            rows=self.folding.rows, inputs=self.layer.inputs, multiples=self.source.depth,
            product=int(self.leak > 0), table=int(self.folding.offset is None))

    @property
    def timing(self):
        """:class:`Timing` of a step."""
        return Timing(self.schedule.interval, self.schedule.interval)

    @property
    def selection(self):
        """Clocks in which one of the lanes' words is chosen while they are handed over; none for one lane."""
        return selection_latency(self.folding.lanes) if self.folding.lanes > 1 else 0

    @property
    def unload_cycles(self):
        """Clocks from ``unload`` to the one in which the last word is valid."""
        return self.layer.size + self.schedule.words + self.selection

    @property
    def unload_interval(self):
        """Clocks from ``unload`` to the one in which the cell is ready again."""
        return self.layer.size + 1

    def parts(self):
        """(cells, block RAMs): a Counter of the parts' cells, and a number."""
        layer, folding, alignment, source = self.layer, self.folding, self.alignment, self.source
        lanes, width, leak, multiples = folding.lanes, layer.state.width, self.leak, source.network
        order = [(folding.table, lanes * folding.row_bits)] if folding.table else []
        shrinking = 2 * (width + leak) * (leak > 0)
        parts = Counter({
            "moved words": lanes * (width + alignment.width + saturation_cells(layer, alignment) + shrinking),
            "moved sums": lanes * (alignment.width + multiples.width + MUX * (sum(source.widths) - max(source.widths))),
            "moved input": multiples.sums + 2 * multiples.differences + source.element_cells
            + sum(source.widths) * (not source.steady),
            "moved control": 25 + 3 * folding.row_bits + folding.row_bits * self.schedule.lead,
            "selector": selector_cells(lanes, width) if lanes > 1 else 0,
            "observation": observation_cells(lanes),
        })
        tables = table_rams([*source.memories, *order])
        return parts, folding.banks * block_rams(folding.memory_rows, width) + tables + source.element_rams
