# SPDX-License-Identifier: BSD-2-Clause
"""Bytes of a payload become vectors for the core."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.words import input_stream
from rtl_gen.link.frames import element_bytes


class VectorAssembler(wiring.Component):
    """Gathers the bytes of a vector, element 0 first, each little-endian, and offers it to the core.

    A vector is offered in the clock after its last byte and waits for the core in a register of its own while the next
    one is gathered. A vector that is complete while another still waits is dropped and reported as overrun.

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
        whole = Cat(gathered[8:], self.data)
        count = Signal(range(total))
        first = Signal()
        m.d.comb += self.partial.eq(count != 0)

        with m.If(self.x.ready):
            m.d.sync += self.x.valid.eq(0)
        with m.If(self.answered):
            m.d.sync += self.owed.eq(0)
        with m.If(self.begin):
            m.d.sync += [count.eq(0), first.eq(self.first)]
        with m.Elif(self.valid):
            m.d.sync += [gathered.eq(whole), count.eq(count + 1)]
            with m.If(count == total - 1):
                m.d.sync += count.eq(0)
                with m.If(self.counted):
                    pass
                with m.Elif(self.x.valid & ~self.x.ready):
                    m.d.comb += self.overrun.eq(1)
                with m.Else():
                    m.d.sync += [
                        self.x.valid.eq(1), self.x.payload.first.eq(first), self.x.payload.last.eq(self.final),
                        self.owed.eq(self.final), first.eq(0)]
                    m.d.sync += [self.x.payload.data[k].eq(whole[8 * size * k:][:width]) for k in range(self.model.inputs)]
        return m
