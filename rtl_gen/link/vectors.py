# SPDX-License-Identifier: BSD-2-Clause
"""Bytes of a payload become vectors for the core."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.words import input_stream
from rtl_gen.link.frames import element_bytes


class VectorAssembler(wiring.Component):
    """Gathers the bytes of a vector, element 0 first, each little-endian, and offers it to the core.

    A vector is offered in the clock after its last byte, from the registers that gathered it: none of its own, which would be
    most of a link with wide vectors. So it must be taken before the next byte comes; a core that keeps up with a line does
    so at once. Of a vector whose bytes come while another still waits no bit is kept; it is dropped and reported as overrun.

    Members
    -------
    begin : In(1)
        Forgets a part of a vector.
    first : In(1)
        With ``begin``: the next vector is the first of its sequence.
    data : In(8)
    valid : In(1)
        ``data`` is the next byte.
    counted : In(1)
        With ``valid``: the byte only counts for ``partial``.
    final : In(1)
        With ``valid``: the byte is the last of its sequence.
    x : Out(stream)
    overrun : Out(1)
        High for one clock.
    partial : Out(1)
        The bytes so far are not whole vectors.
    owed : Out(1)
        A vector with ``last`` was offered, and ``answered`` has not come yet.
    answered : In(1)
    """

    def __init__(self, model):
        self.model = model
        super().__init__({
            "begin": In(1), "first": In(1), "data": In(8), "valid": In(1), "counted": In(1), "final": In(1),
            "answered": In(1), "x": Out(input_stream(model)), "overrun": Out(1), "partial": Out(1), "owed": Out(1)})

    def elaborate(self, platform):
        m = Module()
        width, size = self.model.input.width, element_bytes(self.model.input.width)
        total = size * self.model.inputs
        gathered = Signal(8 * total)
        count = Signal(range(total))
        first, spoiled = Signal(), Signal()
        arriving = self.valid & ~self.counted
        m.d.comb += [self.partial.eq(count != 0), self.overrun.eq(arriving & self.x.valid & ~spoiled)]
        m.d.comb += [self.x.payload.data[k].eq(gathered[8 * size * k:][:width]) for k in range(self.model.inputs)]

        with m.If(arriving & ~self.x.valid):
            m.d.sync += gathered.eq(Cat(gathered[8:], self.data))
        with m.If(self.x.ready):
            m.d.sync += self.x.valid.eq(0)
        with m.If(self.answered):
            m.d.sync += self.owed.eq(0)
        with m.If(self.begin):
            m.d.sync += [count.eq(0), first.eq(self.first), spoiled.eq(0)]
        with m.Elif(self.valid):
            m.d.sync += [count.eq(count + 1), spoiled.eq(spoiled | self.overrun)]
            with m.If(count == total - 1):
                m.d.sync += [count.eq(0), spoiled.eq(0)]
                with m.If(arriving & ~self.x.valid & ~spoiled):
                    m.d.sync += [
                        self.x.valid.eq(1), self.x.payload.first.eq(first), self.x.payload.last.eq(self.final),
                        self.owed.eq(self.final), first.eq(0)]
        return m
