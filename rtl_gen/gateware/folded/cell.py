# SPDX-License-Identifier: BSD-2-Clause
"""The folded cell: the state in block RAM, a butterfly that goes through it several times a step."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hadam_hw.layer import Activation
from rtl_gen.gateware.arithmetic import add_with_carry, invert_if
from rtl_gen.gateware.delay import late
from rtl_gen.gateware.folded.address import RowAddress
from rtl_gen.gateware.folded.butterfly import Butterfly
from rtl_gen.gateware.memories import BLOCK
from rtl_gen.gateware.rendering import Rendering, render
from rtl_gen.gateware.rounding import Saturate
from rtl_gen.gateware.selector import Selector
from rtl_gen.gateware.words import vector_layout, word_signature
from rtl_gen.plan.folded import FoldedPlan


class FoldedCell(Rendering, renders=FoldedPlan):
    """One step of the recurrence, ``radix`` words of each lane a clock, and the state word by word when asked for.

    Computes what :class:`rtl_gen.gateware.serial.cell.SerialCell` computes, with the same members. The words stay exact between
    the passes; the last pass adds ``C X + bias`` to half of a butterfly's words at a time, rounds and saturates.

    Parameters
    ----------
    plan : FoldedPlan
    """

    def __init__(self, plan):
        self.plan = plan
        self.layer, self.folding, self.lanes, self.width = plan.layer, plan.folding, plan.lanes, plan.width
        self.alignment, self.schedule = plan.alignment, plan.schedule
        self._last, self._short, self._half = plan.last, plan.short, plan.half
        self._input = render(plan.source)
        layer = plan.layer
        self._selector = Selector(plan.lanes * plan.folding.radix, layer.state.width)
        super().__init__({
            "start": In(1), "x": In(vector_layout(layer)), "phase": In(1), "first": In(1), "unload": In(1),
            "ready": Out(1, init=1), "z": Out(word_signature(layer.state.width)), "saturated": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        schedule, folding = self.schedule, self.folding
        self._phase, self._first = Signal(), Signal()
        with m.If(self.start):
            m.d.sync += [self._phase.eq(self.phase), self._first.eq(self.first)]
        self._sequence(m)

        m.submodules.reading = reading = RowAddress(folding)
        m.submodules.writing = writing = RowAddress(folding)
        m.submodules.input = source = self._input
        butterflies = [Butterfly(folding.log2_radix, self.width, self._short) for _ in range(self.lanes)]
        for lane, butterfly in enumerate(butterflies):
            setattr(m.submodules, f"butterfly{lane}", butterfly)
        unit_row, unloading = self._unload(m, reading.turn, [word for butterfly in butterflies for word in butterfly.i])
        m.d.comb += [
            reading.butterfly.eq(Mux(unloading, unit_row, late(m, self._butterfly, schedule.lead))),
            reading.number.eq(self._number),
            source.load.eq(self.start), source.x.eq(self.x), source.phase.eq(self.phase),
            source.element.eq(late(m, self._running & self._in_last, schedule.element)),
            source.last.eq(late(m, self._last_element, schedule.element)),
        ]

        # Where the words come from is asked once a butterfly: while its groups are finished it must see no newer word.
        asking = late(m, late(m, self._running & self._fresh, schedule.lead) | unloading, 1)
        middle = late(m, self._running & ~self._in_last, schedule.done)
        if self._short < folding.log2_radix:
            early = late(m, self._running & (self._number == 0), schedule.words + self._short)
            middle = Mux(self._number == 0, early, middle)
        finished = late(m, self._running & self._in_last & self._last_element, schedule.joined + 3)
        group = late(m, self._group, schedule.done)
        finished_group = late(m, group, 3 + schedule.leak)
        self._count_written(m, writing, middle | (finished & finished_group))

        # The butterfly's results, or the finished words, in the registers before the memory.
        write = [late(m, middle | (finished & (finished_group == half)), 1) for half in range(2)]
        states = self._finish(m, butterflies, group)
        # The last words of a step are finished in the clock in which the cell becomes ready again.
        overflowed, last_words = Signal(), late(m, self._complete, 1)
        m.d.comb += self.saturated.eq(last_words & (overflowed | self._overflow))
        with m.If(finished):
            m.d.sync += overflowed.eq((overflowed | self._overflow) & ~last_words)
        for lane, butterfly in enumerate(butterflies):
            m.d.comb += butterfly.turn.eq(late(m, reading.turn, 1))
            for bank in range(folding.radix):
                partial, full = butterfly.partial[bank], butterfly.o[bank]
                word = full if self._short == folding.log2_radix else Mux(self._number == 0, partial, full)
                kept = Signal(signed(self.width), name=f"kept{lane}_{bank}", reset_less=True)
                m.d.sync += kept.eq(Mux(finished, states[lane * self._half + bank % self._half], word))
                self._bank(m, f"bank{lane}_{bank}", reading.row(bank), asking, butterfly.i[bank],
                           writing.row(bank), write[bank // self._half], kept)
        return m

    def _sequence(self, m):
        """Which butterfly of which pass it is; when the cell is ready."""
        schedule = self.schedule
        self._running = Signal()
        self._number = Signal(range(schedule.passes))
        self._butterfly = Signal(range(schedule.rows))
        self._group = Signal()
        element = Signal(range(schedule.inputs))
        self._in_last = Signal()
        self._last_element = Signal()
        self._fresh = Signal()
        ending = Signal()
        row_ends = ~self._in_last | (self._last_element & self._group)
        m.d.comb += [
            self._in_last.eq(self._number == self._last),
            self._last_element.eq(element == schedule.inputs - 1),
            self._fresh.eq(~self._in_last | ((element == 0) & ~self._group)),
            ending.eq(self._running & row_ends & (self._butterfly == schedule.rows - 1)),
        ]
        with m.If(self._running):
            with m.If(self._in_last):
                m.d.sync += element.eq(Mux(self._last_element, 0, element + 1))
                with m.If(self._last_element):
                    m.d.sync += self._group.eq(~self._group)
            with m.If(row_ends):
                m.d.sync += self._butterfly.eq(self._butterfly + 1)
        with m.If(ending):
            m.d.sync += [self._running.eq(0), self._butterfly.eq(0)]
        with m.If(self.start):
            m.d.sync += [self._running.eq(1), self.ready.eq(0)]
        drained = late(m, ending & ~self._in_last, schedule.drain)
        with m.If(drained):
            m.d.sync += [self._running.eq(1), self._number.eq(self._number + 1)]
        self._complete = late(m, ending & self._in_last, schedule.tail)
        with m.If(self._complete):
            m.d.sync += [self._number.eq(0), self.ready.eq(1)]

    def _count_written(self, m, address, written):
        """The butterfly and the pass whose words come next."""
        schedule = self.schedule
        butterfly, number = Signal(range(schedule.rows)), Signal(range(schedule.passes))
        m.d.comb += [address.butterfly.eq(butterfly), address.number.eq(number)]
        with m.If(written):
            m.d.sync += butterfly.eq(butterfly + 1)
            with m.If(butterfly == schedule.rows - 1):
                m.d.sync += [butterfly.eq(0), number.eq(Mux(number == self._last, 0, number + 1))]

    def _finish(self, m, butterflies, group):
        """The new states of a group: sum, rounding, saturation; in registers."""
        shifts = [phase.state_shift for phase in self.alignment.phases]
        states, overflows = [], []
        for k in range(self.lanes * self._half):
            lane, bank = divmod(k, self._half)
            low, high = butterflies[lane].o[bank], butterflies[lane].o[bank + self._half]
            negate = self._input.negate[k]
            chosen = self._leak(m, k, Mux(group, high, low))
            # in the first step the state is zero: the register is held in reset, and nothing is carried
            recurrent = Signal(signed(len(chosen)), name=f"recurrent{k}", reset_less=True)
            carry = Signal(name=f"carry{k}", reset_less=True)
            m.d.sync += [recurrent.eq(invert_if(chosen, negate)), carry.eq(negate)]
            with m.If(self._first):
                m.d.sync += [recurrent.eq(0), carry.eq(0)]
            operands = [Cat(carry.replicate(shift), recurrent).as_signed() for shift in shifts]
            operand = Mux(self._phase, operands[1], operands[0]) if len(shifts) > 1 else operands[0]
            total = Signal(signed(self.alignment.width), name=f"pre{k}", reset_less=True)
            m.d.sync += total.eq(add_with_carry(self._input.sum[k], operand, carry))
            setattr(m.submodules, f"saturate{k}", saturate := Saturate(
                self.alignment, self.layer.state.width, relu=self.layer.activation is Activation.RELU))
            state = Signal(signed(self.layer.state.width), name=f"state{k}", reset_less=True)
            m.d.comb += [saturate.i.eq(total), saturate.phase.eq(self._phase)]
            m.d.sync += state.eq(saturate.o)
            states.append(state)
            overflows.append(saturate.overflow)
        self._overflow = Signal()  # of the words in the registers
        m.d.sync += self._overflow.eq(Cat(overflows).any())
        return states

    def _leak(self, m, k, word):
        """``2**leak - 1`` times a butterfly's word, in a register; the word itself where there is no leak."""
        leak = self.layer.recurrence.leak
        if not leak:
            return word
        leaky = Signal(signed(len(word) + leak), name=f"leaky{k}", reset_less=True)
        m.d.sync += leaky.eq((word << leak) - word)
        return leaky

    def _bank(self, m, name, read_row, read, word, write_row, write, kept):
        setattr(m.submodules, name, memory := Memory(
            shape=self.width, depth=max(2, self.schedule.rows), init=[], attrs=BLOCK))
        reader, writer = memory.read_port(), memory.write_port()
        m.d.comb += [reader.addr.eq(read_row), reader.en.eq(read), word.eq(reader.data),
                     writer.addr.eq(write_row), writer.en.eq(write), writer.data.eq(kept)]

    def _unload(self, m, turn, words):
        """Unit after unit: (the row to be read, whether there is one)."""
        folding, rho = self.folding, self.folding.log2_radix
        unloading = Signal()
        end, row, lane = Signal(rho), Signal(range(folding.rows)), Signal(range(self.lanes))
        with m.If(self.unload):
            m.d.sync += [unloading.eq(1), self.ready.eq(0)]
        with m.If(unloading):
            m.d.sync += end.eq(end + 1)
            with m.If(end == folding.radix - 1):
                m.d.sync += row.eq(row + 1)
                with m.If(row == folding.rows - 1):
                    m.d.sync += [row.eq(0), lane.eq(lane + 1)]
                    with m.If(lane == self.lanes - 1):
                        m.d.sync += [unloading.eq(0), lane.eq(0), self.ready.eq(1)]

        # clock 0: the row's number, 1: row and turn, 2: words, then the selector's
        m.submodules.selector = selector = self._selector
        m.d.comb += [
            selector.unit.eq(Cat(late(m, end, 2) ^ late(m, turn, 1), late(m, lane, 2))),
            self.z.valid.eq(late(m, unloading, 2 + selector.latency)), self.z.data.eq(selector.o)]
        m.d.comb += [field.eq(Cat(word[j] for word in words)) for j, field in enumerate(selector.i)]
        return row, unloading
