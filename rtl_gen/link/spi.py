# SPDX-License-Identifier: BSD-2-Clause
"""An SPI target: mode 0, most significant bit first, sampled with the system clock."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

#: Clocks of half a period of ``sck``, at least: two and a part to see an edge, one to shift, and the pad's way.
MIN_HALF_PERIOD = 4
#: What goes out while there is nothing to say; not the first byte of a frame.
IDLE = 0x00


class SpiPhy(wiring.Component):
    """Bytes in and out at the same time, while ``cs_n`` is low.

    ``sck`` is sampled: each of its halves must last at least 4 clocks, so its rate is at most ``clock / 8``. ``mosi`` is
    taken at the rising edge; ``miso`` changes at most 4 clocks after the falling edge, or after ``cs_n`` falls.

    What is sent while a byte comes in was chosen before its first edge: the byte that waited in ``i``, or else 0. ``ready``
    says that a byte would not be lost: that the next one that comes will be taken, or that one to be fetched waits. It is
    right 8 clocks after the last edge of a byte; a host that looks at it then, before each byte, loses none.

    Members
    -------
    sck, mosi, cs_n : In(1)
        Asynchronous.
    miso : Out(1)
    ready : Out(1)
    open : In(1)
        A byte that comes will be taken.
    data : Out(8)
    valid : Out(1)
        High for one clock with each byte.
    framing_error : Out(1)
        High for one clock where ``cs_n`` rose in the middle of a byte, which is lost.
    i : In(stream of 8 bits)
    """

    def __init__(self):
        super().__init__({
            "sck": In(1), "mosi": In(1), "cs_n": In(1, init=1), "miso": Out(1), "ready": Out(1), "open": In(1),
            "data": Out(8), "valid": Out(1), "framing_error": Out(1), "i": In(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        sck, mosi, idle = Signal(), Signal(), Signal(init=1)
        m.submodules.sck = FFSynchronizer(self.sck, sck)
        m.submodules.mosi = FFSynchronizer(self.mosi, mosi)
        m.submodules.cs_n = FFSynchronizer(self.cs_n, idle, init=1)
        before = Signal()
        m.d.sync += before.eq(sck)
        rising, falling = sck & ~before, ~sck & before

        count = Signal(3)  # rising edges of this byte
        sending = Signal(8)
        full = Signal()  # `sending` holds a byte of `i` that has not begun
        begun = Signal()  # a rising edge has come since the byte began
        ends = begun & falling & (count == 0)
        m.d.comb += [self.miso.eq(sending[-1]), self.i.ready.eq(~full & (~begun | ends))]
        m.d.sync += [self.valid.eq(0), self.framing_error.eq(0), self.ready.eq(full | self.open)]
        with m.If(idle):
            m.d.sync += [count.eq(0), begun.eq(0), self.framing_error.eq(begun & (count != 0))]
            # a byte that was cut off is lost, and what had not begun stays
            with m.If(begun):
                m.d.sync += [sending.eq(IDLE), full.eq(0)]
        with m.Elif(rising):
            m.d.sync += [self.data.eq(Cat(mosi, self.data)), count.eq(count + 1), begun.eq(1), full.eq(0),
                         self.valid.eq(count == 7)]
        with m.Elif(begun & falling):
            m.d.sync += [sending.eq(Mux(ends, IDLE, sending << 1)), begun.eq(~ends)]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [sending.eq(self.i.payload), full.eq(1)]
        return m
