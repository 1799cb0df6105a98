# SPDX-License-Identifier: BSD-2-Clause
"""The plan of a read-out with stages: accumulators, widths, rows of memories, clocks. Data only.

An output has an accumulator, a *lane*; as many outputs as there are lanes are a *group* and are computed at the same time. A
group takes a bit for each lane a clock: those of the biases, which are codes of an input that is always 1, then those of the
codes of input 0, of input 1 and so on, each from the lowest bit up. All groups of all stages one after the other are the *code
stream*.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from hadam_hw.errors import ArchitectureError
from hadam_hw.fixed import signed_width
from hadam_hw.readout import Pooling
from rtl_gen.plan.code_store import MOST_SPRAMS, SPRAM_ROWS, CodeImage, CodeStore

#: How many accumulators there may be.
LANES = (1, 2, 4, 8, 16)
#: Clocks in which a read-out should answer, unless someone asks for another bound.
ANSWER_CYCLES = 14_000
#: Rows of a bank of codes. A block RAM of iCE40 can be as deep, with two bits a row, so a bank has no multiplexer within.
BANK_ROWS = 2048
#: Bits of a block RAM of iCE40.
BLOCK_BITS = 4096
#: The least bits of a row of codes: a block RAM of iCE40 is not narrower.
ROW_BITS = 2


@dataclass(frozen=True)
class StagePlan:
    """One stage.

    Parameters
    ----------
    inputs, outputs : int
    lanes : int
        Outputs that are computed at the same time.
    code_bits : int
        Stored bits of a code, at least 2.
    phases : int
        Vectors of biases. All of them are in the code stream; the lanes add the one of the phase.
    bias_bits : int
        Bits of a bias in the code stream.
    bias_zeros : int
        Lower bits that are 0 in each bias and not in the stream.
    base : int
        The row of the vector memory with input 0.
    width : int
        Bits of a sum. In a hidden stage half a unit of the requantisation is part of it, and there is a bit beyond its shift.
    shift, activation_width : int
        Of the requantisation; 0 in the last stage.
    """

    inputs: int
    outputs: int
    lanes: int
    code_bits: int
    phases: int
    bias_bits: int
    bias_zeros: int
    base: int
    width: int
    shift: int = 0
    activation_width: int = 0

    @property
    def groups(self):
        """Groups of ``lanes`` outputs."""
        return -(-self.outputs // self.lanes)

    @property
    def elements(self):
        """Inputs of a group, the biases among them."""
        return self.phases + self.inputs

    @property
    def additions(self):
        """Clocks in which a group adds: the bits of the biases and those of the codes."""
        return self.phases * self.bias_bits + self.inputs * self.code_bits


@dataclass(frozen=True, eq=False)
class ReadoutPlan:
    """The whole read-out, with ``lanes`` accumulators.

    The code stream lies in rows of :attr:`row_bits` bits. Where a stage uses all of a row, a row is a clock; where it has fewer
    lanes (a *narrow* stage), a row is as many clocks as fit. No bit of a row is lost, since narrow stages come last.

    A group takes more clocks than its additions: one to begin and :attr:`code_latency` until the sums are there; then one for
    each lane in a hidden stage, and :attr:`offer` for each output in the last stage, if no one makes it wait.

    Parameters
    ----------
    readout : Readout
    state : FixedPoint
    size : int
        Units of the top layer.
    lanes : int
        Accumulators, k: one of :data:`LANES`.
    last_lanes : int
        Accumulators that the last stage uses; if there is no other stage, ``lanes``.
    store : CodeStore
        Where the codes lie.

    Raises
    ------
    ArchitectureError
        If there are no such accumulators.
    """

    #: Clocks from the last word of a step that is pooled, but not the last, until the next state may come.
    pooling_cycles: ClassVar[int] = 3

    readout: object
    state: object
    size: int
    lanes: int
    last_lanes: int
    store: CodeStore = CodeStore.BLOCK

    def __post_init__(self):
        if self.lanes not in LANES:
            raise ArchitectureError(f"Accumulators must be one of {LANES}, not {self.lanes}")
        few = tuple(lanes for lanes in LANES if lanes <= self.lanes) if self.hidden else (self.lanes,)
        if self.last_lanes not in few:
            raise ArchitectureError(f"Accumulators of the last stage must be one of {few}, not {self.last_lanes}")

    @classmethod
    def smallest(cls, readout, state, size, answer_cycles=ANSWER_CYCLES, store=CodeStore.BLOCK):
        """The plan with the fewest accumulators, and then the fewest in the last stage, that answers within ``answer_cycles``.

        In SPRAM also one whose rows no chip lacks: with few accumulators most bits of a row are lost. If there is none: the
        one with the most.
        """
        alone = len(readout.stages) == 1
        plans = [cls(readout, state, size, lanes, last, store) for lanes in LANES for last in LANES
                 if last == lanes or (last < lanes and not alone)]
        return next((plan for plan in plans if plan.cycles <= answer_cycles and plan.sprams <= MOST_SPRAMS), plans[-1])

    @property
    def hidden(self):
        """Hidden stages."""
        return len(self.readout.stages) - 1

    @property
    def pooled(self):
        """Whether the vector is a sum of states."""
        return self.readout.pooling is Pooling.SUM

    @property
    def phases(self):
        """Phases of the top layer."""
        return len(self.readout.stages[0].biases)

    # The vectors

    @property
    def signed(self):
        """Whether the vector memory's words have a sign."""
        return not self.readout.rectified

    @cached_property
    def activation_width(self):
        """Bits of the widest activation; 0 without a hidden stage."""
        return max((stage.requantization.width for stage in self.readout.stages[:-1]), default=0)

    @cached_property
    def word_width(self):
        """Bits of a signed word that holds a state or an activation."""
        return max(self.state.width, self.activation_width + 1)

    @property
    def pool_width(self):
        """Bits of a rectified state, or of the sum of them."""
        return self.state.width - 1 + self.readout.pool_bits

    @property
    def vector_width(self):
        """Bits of a word of the vector memory."""
        return self.word_width if self.signed else max(self.pool_width, self.activation_width)

    @cached_property
    def _regions(self):
        """Rows that each stage's vector takes: activations come in whole groups."""
        return (self.size, *(-(-stage.outputs // self.lanes) * self.lanes for stage in self.readout.stages[:-1]))

    @property
    def vector_ring(self):
        """Vectors lie one behind the other in a ring of so many rows, with room for a stage's input and output at a time.

        A power of two, so that addresses need no comparison.
        """
        regions = self._regions
        pairs = [a + b for a, b in zip(regions, regions[1:])]
        return 1 << (max(2, self.size, *pairs) - 1).bit_length()

    @property
    def vector_rows(self):
        """Rows of the ring that are used."""
        return max(2, min(self.vector_ring, sum(self._regions)))

    # The stages

    @cached_property
    def _biases(self):
        """For each stage what is added to its products, [phases][outputs]; half a unit is part of it in a hidden stage."""
        biases = []
        for stage in self.readout.stages:
            requantization = stage.requantization
            half = 1 << requantization.shift >> 1 if requantization else 0
            biases.append([[(int(c) << stage.bias_shift) + half for c in bias] for bias in stage.biases])
        return biases

    @property
    def settling(self):
        """The least bits of a bias in a stage that follows another: while they are added, the last activation is stored."""
        return 1 + 2 * self.pooled

    @cached_property
    def stages(self):
        """A :class:`StagePlan` for each stage."""
        plans = []
        least, most = self.readout.range(self.state)
        for k, (stage, biases) in enumerate(zip(self.readout.stages, self._biases)):
            last = k == self.hidden
            flat = [bias for phase in biases for bias in phase]
            zeros = min(((bias & -bias).bit_length() - 1 for bias in flat if bias), default=0)
            half = 1 << stage.requantization.shift >> 1 if not last else 0
            low, high = stage.bounds(least, most)
            plans.append(StagePlan(
                inputs=stage.inputs, outputs=stage.outputs, lanes=self.last_lanes if last else self.lanes,
                code_bits=max(2, signed_width(stage.codes.min(), stage.codes.max())), phases=len(biases),
                bias_bits=max(2, self.settling if k else 0, signed_width(min(flat) >> zeros, max(flat) >> zeros)),
                bias_zeros=zeros,
                base=sum(self._regions[:k]) % self.vector_ring,
                width=max(signed_width(low + half, high + half), 0 if last else stage.requantization.shift + 1),
                shift=0 if last else stage.requantization.shift, activation_width=0 if last else stage.requantization.width))
            least, most = 0, 0 if last else stage.requantization.maximum
        return tuple(plans)

    # The sums

    @property
    def hidden_width(self):
        """Bits of the widest sum of a hidden stage; 0 if there is none."""
        return max((stage.width for stage in self.stages[:-1]), default=0)

    @property
    def hidden_shift(self):
        """Bits that no hidden stage's requantisation looks at."""
        return min((stage.shift for stage in self.stages[:-1]), default=0)

    @property
    def accumulator_widths(self):
        """Bits of each accumulator: those that the last stage does not use hold only what hidden stages need."""
        last_width = self.stages[-1].width
        return tuple(max(self.hidden_width, last_width if lane < self.last_lanes else 0) for lane in range(self.lanes))

    @property
    def operand_width(self):
        """Bits of what the accumulators add, its sign beyond them if words have none."""
        return max(max(self.vector_width + stage.code_bits - 1, stage.bias_zeros + stage.bias_bits + self.signed)
                   for stage in self.stages)

    # The codes

    @property
    def row_bits(self):
        """Bits of a row of codes."""
        return max(ROW_BITS, self.lanes)

    @property
    def narrow(self):
        """For each stage whether a row holds several of its clocks."""
        return tuple(stage.lanes < self.row_bits for stage in self.stages)

    @property
    def clocks_a_row(self):
        """Clocks that a row holds in a narrow stage."""
        return self.row_bits // self.last_lanes

    @cached_property
    def code_rows(self):
        """Rows of codes."""
        wide = sum(stage.groups * stage.additions for stage, narrow in zip(self.stages, self.narrow) if not narrow)
        packed = sum(stage.groups * stage.additions for stage, narrow in zip(self.stages, self.narrow) if narrow)
        return wide + -(-packed // self.clocks_a_row)

    @cached_property
    def banks(self):
        """Rows of each bank: whole ones, then the rest in powers of two; of SPRAMs, which are all the same, the rest as it is.

        So there is no block RAM more than needed, and every bank begins at a multiple of its depth.
        """
        if self.store is CodeStore.SPRAM:
            return tuple(min(SPRAM_ROWS, self.code_rows - begin) for begin in range(0, self.code_rows, SPRAM_ROWS))
        unit = BLOCK_BITS // self.row_bits
        whole, rest = divmod(self.code_rows, BANK_ROWS)
        banks, left = [BANK_ROWS] * whole, rest
        for depth in (BANK_ROWS >> i for i in range((BANK_ROWS // unit).bit_length())):
            if left and -(-left // unit) * unit & depth:
                banks.append(min(left, depth))
                left -= banks[-1]
        return tuple(banks)

    def code_table(self):
        """The rows of codes as integers: lane 0 in the lowest bit; in a narrow stage the first clock of a row lowest."""
        wide, packed = [], []
        for stage, plan, biases, narrow in zip(self.readout.stages, self.stages, self._biases, self.narrow):
            lanes, padding = plan.lanes, plan.groups * plan.lanes - plan.outputs
            bits = [[bias >> plan.bias_zeros + place & 1 for bias in phase]
                    for phase in biases for place in range(plan.bias_bits)]
            codes = (stage.codes.T.astype(np.int64)[:, None] >> np.arange(plan.code_bits)[:, None]) & 1
            table = np.concatenate([np.array(bits), codes.reshape(-1, plan.outputs)])  # [clock, output]
            table = np.pad(table, ((0, 0), (0, padding))).reshape(plan.additions, plan.groups, lanes)
            (packed if narrow else wide).append(table.transpose(1, 0, 2).reshape(-1, lanes))
        if packed:
            stream = np.concatenate(packed)
            stream = np.pad(stream, ((0, -len(stream) % self.clocks_a_row), (0, 0)))
            wide.append(stream.reshape(-1, self.row_bits))
        return (np.concatenate(wide) @ (1 << np.arange(self.row_bits))).tolist()

    @property
    def memories(self):
        """(rows, bits of a row) of each memory in block RAM."""
        banks = self.banks if self.store is CodeStore.BLOCK else ()
        return (*((rows, self.row_bits) for rows in banks), (self.vector_rows, self.vector_width))

    @property
    def sprams(self):
        """SPRAMs with codes."""
        return len(self.banks) if self.store is CodeStore.SPRAM else 0

    @cached_property
    def image(self):
        """The :class:`~rtl_gen.plan.code_store.CodeImage` that the codes are loaded from; None where they are in block RAM."""
        return CodeImage(tuple(self.code_table())) if self.store is CodeStore.SPRAM else None

    # The clocks

    @property
    def row_latency(self):
        """Clocks from the data of the banks to the row: none for one bank of which every bit is used in the same clock.

        Behind SPRAMs there is always one, since they stand at the edges of the chip.
        """
        return int(len(self.banks) > 1 or any(self.narrow) or self.store is CodeStore.SPRAM)

    @property
    def code_latency(self):
        """Clocks from the address of a code to the accumulators: the memory, the row, the code."""
        return 1 + self.row_latency + 1

    @property
    def choice(self):
        """Clocks from the last stage's sum to the port: none for one lane."""
        return int(self.last_lanes > 1)

    @property
    def offer(self):
        """Clocks from one output to the next of the same group: choice, transfer, and one to see it."""
        return self.choice + 2

    @property
    def lead(self):
        """Clocks from the last state word to the beginning of the first group."""
        return 3 if self.pooled else 2

    @cached_property
    def stage_cycles(self):
        """Clocks of each stage, the last one's without waiting for what takes ``y``."""
        return tuple(stage.groups * (1 + stage.additions + self.code_latency)
                     + (stage.outputs * self.offer if k == self.hidden else stage.groups * self.lanes)
                     for k, stage in enumerate(self.stages))

    @property
    def cycles(self):
        """Clocks from the last state word to the one in which the last output is offered, if none has to wait."""
        return self.lead + sum(self.stage_cycles) - 2
