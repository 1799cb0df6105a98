# SPDX-License-Identifier: BSD-2-Clause
"""The plan of a folded cell: widths, the clocks of a step, the contents of its memories, its parts. Data only."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hadam_hw.fixed import signed_width
from hadam_hw.layer import Layer
from rtl_gen.plan.adder_graph import matrix_graph
from rtl_gen.plan.alignment import align
from rtl_gen.plan.code_store import CodeStore
from rtl_gen.plan.feed import Feed, PackedCodes
from rtl_gen.plan.folding import Folding
from rtl_gen.plan.networks import WordNetworkPlan
from rtl_gen.plan.parts import MUX, observation_cells, saturation_cells, selection_latency, selector_cells
from rtl_gen.plan.ram import block_rams, varying_bits
from rtl_gen.plan.timing import Timing

#: Rows of a block RAM in words of 16 bits. A table of more is spread over several, and what chooses among them takes long.
BLOCK_ROWS = 256


@dataclass(frozen=True)
class FoldedSchedule:
    """The clocks of a step; those of a butterfly are counted from the one in which the sequencer shows its number.

    Parameters
    ----------
    passes, rows : int
    groups : int
        Parts of a butterfly of the last pass that are finished one after the other.
    inputs : int
    rho : int
        Levels of the butterfly.
    multiples : int
        Latency of the bank of multiples.
    leak : int
        Clocks that a leak takes: 1 or, without one, 0.
    """

    passes: int
    rows: int
    groups: int
    inputs: int
    rho: int
    multiples: int
    leak: int

    @property
    def lead(self):
        """The rows are addressed so much later where the bank of multiples is deeper than the butterfly."""
        return max(0, self.multiples - self.rho)

    @property
    def words(self):
        """The words come out of the memory: a clock for the row, one for the memory."""
        return self.lead + 2

    @property
    def done(self):
        """The butterfly's results are there."""
        return self.words + self.rho

    @property
    def joined(self):
        """The first of its groups, shrunk by the leak, meets its ``C X + bias``."""
        return self.done + self.leak

    @property
    def element(self):
        """The first element of the first group is multiplied: its product is to be there at :attr:`joined`."""
        return self.joined - self.multiples - 2

    @property
    def drain(self):
        """Clocks between two passes in which no butterfly begins: the last results are on their way to the memory."""
        return self.lead + self.rho + 2

    @property
    def finish(self):
        """Clocks of a butterfly in the last pass."""
        return self.groups * self.inputs

    @property
    def interval(self):
        """A step: the passes, the drain of each, and the way through sum, rounding and saturation after the last."""
        return (self.passes - 1) * (self.rows + self.drain) + self.rows * self.finish + self.tail + 1

    @property
    def tail(self):
        """Clocks from the last group's number to its words in the memory."""
        return self.lead + self.rho + self.leak + 4


@dataclass(frozen=True, eq=False)
class FoldedInputPlan:
    """``C X + bias`` for a few units at a time (:class:`rtl_gen.gateware.folded.input.FoldedInput`).

    Parameters
    ----------
    layer : Layer
    groups : tuple of tuple of int
        The units of each group, in the order of work.
    feed : Feed, optional
        The inputs are the states of a layer below, kept in a memory; by default they come all at once with the step.
    """

    layer: Layer
    groups: tuple[tuple[int, ...], ...]
    feed: Feed | None = None

    @cached_property
    def alignment(self):
        """The :class:`~rtl_gen.plan.alignment.Alignment` of the words."""
        return align(self.layer, None)

    @property
    def signs(self):
        """int [n]: whose row of the recurrence is subtracted, -1, and whose is added, 1."""
        return self.layer.recurrence.signs

    @cached_property
    def _codes(self):
        """(the different magnitudes [count, phases], for each code the index of its magnitude and whether it is subtracted)."""
        codes = np.stack([phase.input_codes for phase in self.layer.phases], axis=-1)  # [n, d_in, phases]
        leading = np.where(codes[..., 0] != 0, codes[..., 0], codes[..., -1])
        negative = leading < 0
        magnitudes = np.where(negative[..., None], -codes, codes)
        levels, index = np.unique(magnitudes.reshape(-1, len(self.layer.phases)), axis=0, return_inverse=True)
        return levels, index.reshape(codes.shape[:2]), negative

    @property
    def levels(self):
        """The different magnitudes of codes, int64 [count, phases]."""
        return self._codes[0]

    @cached_property
    def network(self):
        """The bank of multiples: an element times all magnitudes, in phase ``p`` as outputs ``p * count`` and following."""
        graph = matrix_graph(self.levels.T.reshape(-1, 1), positive=True)
        return WordNetworkPlan(graph, min(self.layer.input.minimum, -1), self.layer.input.maximum)

    @property
    def depth(self):
        """Clocks from an element to its multiples: those of their bank, and of the memory that a feed fills."""
        return self.network.latency + (self.feed is not None)

    @property
    def latency(self):
        """Clocks from the last element of a group to the complete sum."""
        return self.depth + 3

    @property
    def widths(self):
        """For each magnitude of codes, of which a unit takes one: the bits that its multiples of an element need."""
        low, high = min(self.layer.input.minimum, -1), self.layer.input.maximum
        return [signed_width(min(low * largest, 0), high * largest) for largest in map(int, self.levels.max(axis=1))]

    @property
    def memories(self):
        """(rows as integers, bits of a row) of each constant memory."""
        contents = (self.bias_rows,) if self.packed else (self.code_rows, self.bias_rows)
        return [(packed_rows(each), len(self.groups[0]) * each[1]) for each in contents]

    @cached_property
    def packed(self):
        """The codes as :class:`PackedCodes` where they lie in SPRAM, else None."""
        if self.feed is None or self.feed.store is not CodeStore.SPRAM:
            return None
        return PackedCodes(tuple(packed_rows(self.code_rows)), len(self.groups[0]) * self.code_rows[1])

    @property
    def element_cells(self):
        """Cells that hold the inputs and go through them: registers, or what addresses the memory of a feed."""
        layer = self.layer
        if self.feed is None:
            return layer.inputs * layer.input.width
        packed = self.packed
        reading = 2 * len(self.groups[0]) * self.code_rows[1] * packed.clocks_a_row.bit_length() if packed else 0
        return 4 * layer.inputs.bit_length() + self.feed.width + reading

    @property
    def element_rams(self):
        """Block RAMs that hold the inputs."""
        return 0 if self.feed is None else block_rams(max(2, self.layer.inputs), self.layer.input.width)

    @property
    def steady(self):
        """Whether the multiples take no registers: here they always do, behind the choice of a phase."""
        return False

    @property
    def early_codes(self):
        """Whether codes are read a clock ahead, into a register: where their table is long, and multiples take a clock."""
        return len(self.groups) * self.layer.inputs > BLOCK_ROWS and self.depth > 0

    @cached_property
    def code_rows(self):
        """For each element of each group: per unit the index of the multiple, and above it whether it is subtracted."""
        bits = (len(self.levels) - 1).bit_length()
        rows = [[int(self._codes[1][unit, k]) | int(self._codes[2][unit, k]) << bits for unit in group]
                for group in self.groups for k in range(self.layer.inputs)]
        return [rows], bits + 1

    @cached_property
    def bias_rows(self):
        """For each phase, for each group: per unit the bias, and above it the sign of the recurrence."""
        width = max(signed_width(min(phase.bias), max(phase.bias)) for phase in self.alignment.phases)
        signs = self.signs
        return [[[(phase.bias[unit] & ((1 << width) - 1)) | int(signs[unit] < 0) << width for unit in group]
                 for group in self.groups] for phase in self.alignment.phases], width + 1


def table_rams(memories):
    """Block RAMs of constant memories, each (rows as integers, bits of a row); none for what is the same in all rows."""
    return sum(block_rams(len(rows), varying_bits(rows, bits)) for rows, bits in memories if len(set(rows)) > 1)


def packed_rows(contents):
    """The rows of a memory as integers, the first unit's field lowest."""
    tables, width = contents
    return [sum(field << k * width for k, field in enumerate(row)) for table in tables for row in table]


@dataclass(frozen=True, eq=False)
class FoldedPlan:
    """One step of a layer, ``radix`` words of each lane a clock (:class:`rtl_gen.gateware.folded.cell.FoldedCell`).

    The words stay exact between the passes; the last pass adds ``C X + bias`` to half of a butterfly's words at a time. With
    ``n`` units in ``l`` lanes, ``P = ceil(log2(block) / rho)`` passes of radix ``r = 2**rho`` and ``d`` inputs a step takes
    ``(P - 1) (n / (r l) + rho + 2) + 2 d n / (r l) + rho + 5`` clocks (one more with a leak, and ``P`` more for each level that
    the bank of multiples of the input is deeper than ``rho``). Unloading takes a clock a unit.

    Parameters
    ----------
    layer : Layer
    folding : Folding
        Of the units of one lane.
    lanes : int
    feed : Feed, optional
        The layer stands on another one.
    """

    layer: Layer
    folding: Folding
    lanes: int
    feed: Feed | None = None

    @property
    def alignment(self):
        """The :class:`~rtl_gen.plan.alignment.Alignment` of the words."""
        return self.source.alignment

    @property
    def leak(self):
        """The leak of all units, which each word gets before it is added; 0 for none."""
        return self.layer.recurrence.leak

    @property
    def last(self):
        """The number of the last pass."""
        return len(self.folding.passes) - 1

    @property
    def short(self):
        """Levels of the first pass."""
        return len(self.folding.passes[0].axes) if self.last else self.folding.log2_radix

    @property
    def half(self):
        """Words of a lane that are finished at once."""
        return self.folding.radix // 2

    @property
    def width(self):
        """Bits of a word in memory: a state, or a sum of all passes but the last."""
        return self.layer.state.width + self.folding.levels - self.folding.log2_radix

    @cached_property
    def source(self):
        """What makes ``C X + bias``, a :class:`FoldedInputPlan`."""
        folding, half = self.folding, self.half
        return FoldedInputPlan(self.layer, tuple(
            tuple(lane * folding.units + folding.finished(lane, butterfly, bank)
                  for lane in range(self.lanes) for bank in range(group * half, (group + 1) * half))
            for butterfly in range(folding.rows) for group in range(2)), self.feed)

    @cached_property
    def schedule(self):
        """The :class:`FoldedSchedule`."""
        return FoldedSchedule(
            passes=len(self.folding.passes), rows=self.folding.rows, groups=2, inputs=self.layer.inputs,
            rho=self.folding.log2_radix, multiples=self.source.depth, leak=int(self.leak > 0))

    @property
    def timing(self):
        """:class:`Timing` of a step."""
        return Timing(self.schedule.interval, self.schedule.interval)

    @property
    def unload_cycles(self):
        """Clocks from ``unload`` to the one in which the last word is valid."""
        return self.layer.size + 2 + selection_latency(self.lanes * self.folding.radix)

    @property
    def unload_interval(self):
        """Clocks from ``unload`` to the one in which the cell is ready again."""
        return self.layer.size + 1

    def parts(self):
        """(cells, block RAMs): a Counter of the parts' cells, and a number."""
        layer, folding, alignment, source = self.layer, self.folding, self.alignment, self.source
        banks, width, rho, phases = folding.radix * self.lanes, self.width, folding.log2_radix, len(layer.phases)
        finished, leak, multiples = banks // self.schedule.groups, self.leak, source.network
        parts = Counter({
            "butterflies": 2 * banks * sum(width + axis + 1 for axis in range(rho)),
            "folded words": banks * width * (1 + (self.short < rho)),
            "folded sums": finished * ((2 + phases) * alignment.width + width + rho + saturation_cells(layer, alignment)
                                       + 2 * (width + rho + leak) * (leak > 0)),
            "folded products": finished * (multiples.width + MUX * (sum(source.widths) - max(source.widths))),
            "folded input": multiples.sums + 2 * multiples.differences + sum(source.widths) * phases
            + source.element_cells,
            "folded control": 60 + 4 * folding.rows.bit_length() * len(folding.passes),
            "selector": selector_cells(banks, layer.state.width),
            "observation": observation_cells(finished),
        })
        order = [(folding.table, banks * folding.row_bits)] if folding.table else []
        parts["folded control"] += 2 * banks * folding.row_bits * len(order)  # a choice of rows, and two pages
        tables = table_rams([*source.memories, *order])
        return parts, banks * block_rams(folding.memory_rows, width) + tables + source.element_rams
