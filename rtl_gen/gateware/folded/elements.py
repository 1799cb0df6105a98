# SPDX-License-Identifier: BSD-2-Clause
"""The inputs of a folded cell, element after element: from registers, or from a memory that the layer below fills."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.memories import BLOCK
from rtl_gen.gateware.words import input_shape, vector_layout, word_signature
from rtl_gen.plan.code_store import SPRAM_BITS


def input_members(source):
    """By which members a cell takes its inputs, by the plan of their product ``source``.

    Either ``x``, In(ArrayLayout(inputs)), all elements with the step. Or, where the layer stands on another one, ``feed``,
    In(words), its states one after the other, before the step; and for codes in SPRAM ``rows``, In(stream of 16 bits), which
    has to be served once after each reset, before the first step.
    """
    if source.feed is None:
        return {"x": In(vector_layout(source.layer))}
    rows = {"rows": In(stream.Signature(SPRAM_BITS))} if source.packed else {}
    return {"feed": In(word_signature(source.feed.width))} | rows


def connect_inputs(m, cell, source):
    """Hands the inputs of ``cell`` on to its ``source``, a :class:`~rtl_gen.gateware.folded.input.FoldedInput`."""
    connect_elements(m, cell, source)
    if source.plan.packed:
        wiring.connect(m, wiring.flipped(cell.rows), source.rows)


def connect_elements(m, outer, inner):
    """Hands the elements on, not the codes."""
    if inner.plan.feed is None:
        m.d.comb += inner.x.eq(outer.x)
    else:
        wiring.connect(m, wiring.flipped(outer.feed), inner.feed)


def relu(word):
    """A word, or 0 where it is negative."""
    return Mux(word < 0, 0, word)


class Elements(wiring.Component):
    """One element of the input after the other, round and round.

    ``o`` is an element a clock after the ``load`` or ``step`` that asked for it; two clocks with a feed.

    Parameters
    ----------
    plan : FoldedInputPlan

    Members
    -------
    load : In(1)
        Begins with the first element; takes ``x``.
    x : In(ArrayLayout(inputs))
        Without a feed.
    feed : In(words)
        With one: the states of the layer below, unit 0 first, all of them between two steps.
    step : In(1)
        The next element is wanted.
    o : Out
    """

    def __init__(self, plan):
        self.plan = plan
        members = {name: member for name, member in input_members(plan).items() if name != "rows"}
        super().__init__(members | {"load": In(1), "step": In(1), "o": Out(input_shape(plan.layer))})

    def elaborate(self, platform):
        m = Module()
        if self.plan.feed is None:
            x = Signal.like(self.x)
            with m.If(self.load):
                m.d.sync += x.eq(self.x)
            with m.Elif(self.step):  # after the last element the first is there again
                m.d.sync += x.eq(Cat(*list(x)[1:], x[0]))
            m.d.comb += self.o.eq(x[0])
            return m
        count = self.plan.layer.inputs
        m.submodules.memory = memory = Memory(shape=len(self.o), depth=max(2, count), init=[], attrs=BLOCK)
        reader, writer = memory.read_port(), memory.write_port()
        with m.If(self.load):
            m.d.sync += reader.addr.eq(0)
        with m.Elif(self.step):
            m.d.sync += reader.addr.eq(Mux(reader.addr == count - 1, 0, reader.addr + 1))
        with m.If(self.feed.valid):
            m.d.sync += writer.addr.eq(Mux(writer.addr == count - 1, 0, writer.addr + 1))
        m.d.comb += [writer.en.eq(self.feed.valid), writer.data.eq(relu(self.feed.data)),
                     self.o.eq(reader.data)]
        return m
