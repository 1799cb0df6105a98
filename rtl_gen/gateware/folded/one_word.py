# SPDX-License-Identifier: BSD-2-Clause
"""The folded cell without butterflies: the state in block RAM, of which a word a lane is moved each clock."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.delay import late
from rtl_gen.gateware.folded.elements import connect_inputs, input_members
from rtl_gen.gateware.folded.finish import finish_word
from rtl_gen.gateware.memories import BLOCK
from rtl_gen.gateware.rendering import Rendering, render
from rtl_gen.gateware.selector import Selector
from rtl_gen.gateware.words import word_signature
from rtl_gen.plan.one_word import OneWordPlan


class OneWordCell(Rendering, renders=OneWordPlan):
    """One step of a recurrence in blocks of 1, a word of each lane a clock, and the state word by word when asked for.

    Computes what :class:`rtl_gen.gateware.serial.cell.SerialCell` computes, with the same members; a layer on another one has
    others for its inputs (:func:`~rtl_gen.gateware.folded.elements.input_members`).

    Parameters
    ----------
    plan : OneWordPlan
    """

    def __init__(self, plan):
        self.plan = plan
        self.layer, self.folding, self.schedule = plan.layer, plan.folding, plan.schedule
        self._input = render(plan.source)
        layer = plan.layer
        self._selector = Selector(plan.folding.lanes, layer.state.width) if plan.selection else None
        super().__init__(input_members(plan.source) | {
            "start": In(1), "phase": In(1), "first": In(1), "unload": In(1),
            "ready": Out(1, init=1), "z": Out(word_signature(layer.state.width)), "saturated": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        schedule, folding = self.schedule, self.folding
        first, row, lane = Signal(), Signal(folding.row_bits), Signal(range(folding.lanes))
        running, unloading = Signal(), Signal()
        with m.If(self.start):
            m.d.sync += first.eq(self.first)
        last_element, ending = self._sequence(m, row, lane, running, unloading)

        m.submodules.input = source = self._input
        connect_inputs(m, self, source)
        m.d.comb += [
            source.load.eq(self.start), source.phase.eq(self.phase),
            source.element.eq(late(m, running, schedule.element)), source.last.eq(late(m, last_element, schedule.element)),
        ]
        written, complete = late(m, running & last_element, schedule.write), late(m, ending, schedule.write)
        page, write_row = Signal(), Signal(folding.row_bits)
        with m.If(written):
            m.d.sync += write_row.eq(write_row + 1)
        with m.If(complete):
            m.d.sync += [write_row.eq(0), page.eq(~page)]

        words, overflows = [], []
        for k, read_row in enumerate(self._read_rows(m, late(m, row, schedule.lead), late(m, unloading, schedule.lead))):
            word, product, store = self._lane(m, k, read_row, write_row, page, written)
            state, overflow = finish_word(m, self.plan, k, product, source, first=first, phase=Const(0))
            m.d.comb += store.eq(state)
            words.append(word)
            overflows.append(overflow)
        self._observe(m, Cat(overflows), written, complete)
        self._hand_over(m, words, late(m, lane, schedule.words), late(m, unloading, schedule.words))
        return m

    def _sequence(self, m, row, lane, running, unloading):
        """Counts through the rows of a step, or of each lane when unloading; whether the element is a row's last, and the
        step's."""
        schedule, folding = self.schedule, self.folding
        element, last_element, ending = Signal(range(schedule.inputs)), Signal(), Signal()
        last_row = row == folding.rows - 1
        m.d.comb += [last_element.eq(element == schedule.inputs - 1),
                     ending.eq(running & last_element & (row == folding.last_row))]
        with m.If(running):
            m.d.sync += element.eq(Mux(last_element, 0, element + 1))
        with m.If((running & last_element) | unloading):
            m.d.sync += row.eq(Mux(last_row, 0, row + 1))
        with m.If(unloading & last_row):
            m.d.sync += lane.eq(lane + 1)
            with m.If(lane == folding.lanes - 1):
                m.d.sync += [unloading.eq(0), lane.eq(0), self.ready.eq(1)]
        with m.If(ending):
            m.d.sync += running.eq(0)
        with m.If(late(m, ending, schedule.tail)):
            m.d.sync += self.ready.eq(1)
        with m.If(self.unload):
            m.d.sync += [unloading.eq(1), row.eq(0), self.ready.eq(0)]
        with m.If(self.start):
            m.d.sync += [running.eq(1), row.eq(folding.first_row), self.ready.eq(0)]
        return last_element, ending

    def _read_rows(self, m, row, unloading):
        """For each lane the row that is read: the counter, or what the table has for it, a clock later."""
        folding = self.folding
        if folding.offset is not None:
            return [row] * folding.lanes
        width, table = folding.row_bits, folding.table
        m.submodules.order = memory = Memory(shape=folding.lanes * width, depth=len(table), init=table, attrs=BLOCK)
        port = memory.read_port()
        m.d.comb += port.addr.eq(Cat(row, unloading))
        return [port.data[lane * width:(lane + 1) * width] for lane in range(folding.lanes)]

    def _lane(self, m, k, read_row, write_row, page, written):
        """Lane ``k``'s memory: (the word that was addressed a clock before, its row of the recurrence but for leak and sign,
        where the new state is to go)."""
        reader, writer = self._bank(m, f"bank{k}", Cat(read_row, page), Cat(write_row, ~page), written)
        word = reader.data.as_signed()
        return word, word, writer.data

    def _bank(self, m, name, read_row, write_row, write):
        """The memory of a lane: (the port whose word was addressed a clock before, the port that takes the new state)."""
        setattr(m.submodules, name, memory := Memory(
            shape=self.layer.state.width, depth=self.folding.memory_rows, init=[], attrs=BLOCK))
        reader, writer = memory.read_port(), memory.write_port()
        m.d.comb += [reader.addr.eq(read_row), writer.addr.eq(write_row), writer.en.eq(write)]
        return reader, writer

    def _observe(self, m, overflows, written, complete):
        """Whether a word of the step saturated, said with its last word."""
        overflow, before = late(m, overflows.any(), 1), Signal()  # that of the words that are written, of those before
        m.d.comb += self.saturated.eq(complete & (before | overflow))
        with m.If(written):
            m.d.sync += before.eq((before | overflow) & ~complete)

    def _hand_over(self, m, words, lane, valid):
        """The words of one lane after the other as ``z``."""
        if not self._selector:
            m.d.comb += [self.z.valid.eq(valid), self.z.data.eq(words[0])]
            return
        m.submodules.selector = selector = self._selector
        m.d.comb += [selector.unit.eq(lane), self.z.valid.eq(late(m, valid, selector.latency)), self.z.data.eq(selector.o)]
        m.d.comb += [field.eq(Cat(word[j] for word in words)) for j, field in enumerate(selector.i)]
