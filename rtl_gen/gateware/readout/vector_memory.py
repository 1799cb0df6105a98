# SPDX-License-Identifier: BSD-2-Clause
"""The vectors of a read-out's stages: states or their pool, then activations, in the rows of one memory."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.delay import late
from rtl_gen.gateware.memories import BLOCK
from rtl_gen.gateware.words import word_signature


class VectorMemory(wiring.Component):
    """Stores state words as they come, rectified where the read-out says so, then activations behind them; reads vectors.

    For ``pooling = sum`` a word is added to the one that its unit has stored, in a word that saturates at its upper end; in a
    step with ``first`` it takes its place.

    Latency: an element may be current two clocks after it came, four for ``pooling = sum``. ``data`` is the element that was
    current in the clock before.

    Parameters
    ----------
    plan : ReadoutPlan

    Members
    -------
    z : In(words)
        Unit 0 first, all units of a state; only after ``ready`` was high.
    first, last : In(1)
        Only for ``pooling = sum``: of the step whose state comes, valid with the first word and the clock after.
    ready : Out(1)
        The next state may come. Falls two clocks after the first word.
    begins : Out(1)
        The first word is here: one clock after ``z``.
    filled : Out(1)
        High for a clock: the vector is complete, the read-out may begin in the next one.
    activation : In(words)
        An activation a clock where ``valid``, lane 0 of the first group first; never together with ``z``.
    base : In(range(ring))
        With ``restart``.
    restart : In(1)
        The element in row ``base`` is current from the next clock on.
    advance : In(1)
        The element after the current one is current from the next clock on.
    data : Out(vector_width)
    done : In(1)
        The read-out is finished: the next state may come.
    """

    def __init__(self, plan):
        self.plan = plan
        words = word_signature(plan.word_width)
        super().__init__({
            "z": In(word_signature(plan.state.width)), "ready": Out(1, init=1), "begins": Out(1), "filled": Out(1),
            "base": In(range(plan.vector_ring)), "restart": In(1), "advance": In(1), "data": Out(plan.vector_width),
            "done": In(1),
        } | ({"activation": In(words)} if plan.hidden else {}) | ({"first": In(1), "last": In(1)} if plan.pooled else {}))

    def elaborate(self, platform):
        m = Module()
        plan = self.plan
        m.submodules.memory = memory = Memory(shape=plan.vector_width, depth=plan.vector_rows, init=[], attrs=BLOCK)
        write_port, read_port = memory.write_port(), memory.read_port()

        # A register at the border: states come from the far end of the cell, activations through the choice of their lane.
        word, write = Signal(plan.word_width, reset_less=True), Signal(range(plan.vector_ring))
        arrived = late(m, self.z.valid, 1)
        stored = arrived
        m.d.sync += word.eq(self.z.data)
        if plan.hidden:
            stored = late(m, self.z.valid | self.activation.valid, 1)
            with m.If(self.activation.valid):
                m.d.sync += word.eq(self.activation.data)
        element = word if plan.signed else Mux(word[-1], 0, word[:-1])
        complete = arrived & (write == plan.size - 1)
        m.d.comb += self.begins.eq(arrived & self.ready)

        pooled = None
        if plan.pooled:
            pooled = self._pool(m, arrived, stored, complete, element, write, write_port)
        else:
            m.d.comb += [self.filled.eq(complete),
                         write_port.addr.eq(write), write_port.en.eq(stored), write_port.data.eq(element)]

        with m.If(self.done | pooled if plan.pooled else self.done):
            m.d.sync += [write.eq(0), self.ready.eq(1)]
        with m.Else():
            with m.If(stored):
                m.d.sync += write.eq(write + 1)
            with m.If(arrived):
                m.d.sync += self.ready.eq(0)
        self._read(m, arrived, pooled, read_port)
        return m

    def _pool(self, m, arrived, stored, complete, element, write, write_port):
        """Adds each word to what is stored, activations to nothing; returns a pulse after a step that is not the last.

        A register stands behind what was stored: from memory through an adder to memory would be a long way.
        """
        fresh, ending = Signal(), Signal()
        with m.If(self.begins):
            m.d.sync += [fresh.eq(self.first), ending.eq(self.last)]
        with m.Elif(self.filled):
            m.d.sync += fresh.eq(1)
        before, total = Signal.like(self.data), Signal(len(self.data) + 1)
        m.d.sync += before.eq(Mux(fresh, 0, self.data))
        # A narrow pool ends before the widest activation does, which does not saturate.
        kept = self.plan.pool_width
        most, above = late(m, arrived, 2) & total[kept:].any(), total[kept:-1]
        m.d.comb += [
            total.eq(before + late(m, element, 2)),
            write_port.addr.eq(late(m, write, 2)), write_port.en.eq(late(m, stored, 2)),
            write_port.data.eq(Cat(total[:kept] | most.replicate(kept), above & ~most.replicate(len(above)))),
        ]
        # A clock later: in a state of one word `ending` is not known sooner.
        completed = late(m, complete, 1)
        m.d.comb += self.filled.eq(completed & ending)
        return completed & ~ending

    def _read(self, m, arrived, pooled, port):
        """The current element; for a pool, while states come, the one of the unit that comes."""
        current = Signal(range(self.plan.vector_ring), reset_less=not self.plan.pooled)
        m.d.comb += [port.addr.eq(current), self.data.eq(port.data)]
        advance = self.advance
        if self.plan.pooled:
            advance = advance | arrived
            with m.If(self.done | pooled):
                m.d.sync += current.eq(0)
        with m.If(self.restart):
            m.d.sync += current.eq(self.base)
        with m.Elif(advance):
            m.d.sync += current.eq(current + 1)
