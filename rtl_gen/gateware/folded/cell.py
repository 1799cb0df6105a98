# SPDX-License-Identifier: BSD-2-Clause
"""The folded cell: the state in block RAM, a butterfly that goes through it several times a step."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.delay import late
from rtl_gen.gateware.folded.address import RowAddress
from rtl_gen.gateware.folded.butterfly import Butterfly
from rtl_gen.gateware.folded.elements import connect_inputs, input_members
from rtl_gen.gateware.folded.finish import finish_word
from rtl_gen.gateware.memories import BLOCK
from rtl_gen.gateware.rendering import Rendering, render
from rtl_gen.gateware.selector import Selector
from rtl_gen.gateware.words import word_signature
from rtl_gen.plan.folded import FoldedPlan


class FoldedCell(Rendering, renders=FoldedPlan):
    """One step of the recurrence, ``radix`` words of each lane a clock, and the state word by word when asked for.

    Computes what :class:`rtl_gen.gateware.serial.cell.SerialCell` computes, with the same members; a layer on another one has
    others for its inputs (:func:`~rtl_gen.gateware.folded.elements.input_members`). The words stay exact between
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
        super().__init__(input_members(plan.source) | {
            "start": In(1), "phase": In(1), "first": In(1), "unload": In(1),
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
        connect_inputs(m, self, source)
        butterflies = [Butterfly(folding.log2_radix, self.width, self._short) for _ in range(self.lanes)]
        for lane, butterfly in enumerate(butterflies):
            setattr(m.submodules, f"butterfly{lane}", butterfly)
        unit_row, unloading = self._unload(m, reading.turn, [word for butterfly in butterflies for word in butterfly.i])
        m.d.comb += [
            reading.butterfly.eq(Mux(unloading, unit_row, late(m, self._butterfly, schedule.lead))),
            reading.number.eq(self._number),
            source.load.eq(self.start), source.phase.eq(self.phase),
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
        rows = self._rows(m, reading, writing, finished)
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
                read_row, write_row = rows[lane * folding.radix + bank]
                self._bank(m, f"bank{lane}_{bank}", read_row, asking, butterfly.i[bank],
                           write_row, write[bank // self._half], kept)
        return m

    def _rows(self, m, reading, writing, finished):
        """For each bank of each lane the rows that are read and written; with wires in two pages, the last pass by a table."""
        folding, banks = self.folding, [(lane, bank) for lane in range(self.lanes) for bank in range(self.folding.radix)]
        if folding.takers is None:
            return [(reading.row(bank), writing.row(bank)) for _, bank in banks]
        moved, width = late(m, finished, 1), folding.row_bits  # what is written now are new states, not sums of a pass
        read_page, write_page = self._pages(m, moved)
        m.submodules.order = memory = Memory(
            shape=len(banks) * width, depth=folding.rows, init=folding.table, attrs=BLOCK)
        port = memory.read_port()
        m.d.comb += port.addr.eq(writing.butterfly)
        return [(Cat(reading.row(bank), read_page),
                 Cat(Mux(moved, port.data[k * width:(k + 1) * width], writing.row(bank)), write_page))
                for k, (_, bank) in enumerate(banks)]

    def _pages(self, m, moved):
        """The page that is read, and the one that is written."""
        page = Signal()
        with m.If(late(m, self._complete, 2)):  # the last words of the step are being written
            m.d.sync += page.eq(~page)
        return page, page ^ moved

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
        """The new states of a group, in registers."""
        states, overflows = [], []
        for k in range(self.lanes * self._half):
            lane, bank = divmod(k, self._half)
            low, high = butterflies[lane].o[bank], butterflies[lane].o[bank + self._half]
            state, overflow = finish_word(
                m, self.plan, k, Mux(group, high, low), self._input, first=self._first, phase=self._phase)
            states.append(state)
            overflows.append(overflow)
        self._overflow = Signal()  # of the words in the registers
        m.d.sync += self._overflow.eq(Cat(overflows).any())
        return states

    def _bank(self, m, name, read_row, read, word, write_row, write, kept):
        setattr(m.submodules, name, memory := Memory(
            shape=self.width, depth=self.folding.memory_rows, init=[], attrs=BLOCK))
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
