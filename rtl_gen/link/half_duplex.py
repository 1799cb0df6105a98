# SPDX-License-Identifier: BSD-2-Clause
"""A UART whose receiver and transmitter are one: a third of the cells, for a device that does not listen while it answers."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

#: So that a byte stays for the nine clocks that its CRC takes.
LEAN_DIVISOR = 16
#: Bits that are sampled of a byte that comes: start, data, stop; and shifted out for one that goes, the line's rest before it.
COMING, GOING = 10, 11


class HalfDuplexPhy(wiring.Component):
    """Bytes from the line or to it, 8 data bits, no parity, 1 stop bit, least significant bit first; a byte at a time.

    Receives as :class:`rtl_gen.link.uart.UartReceiver` does, with the same tolerance, but not while it sends; what comes then
    is lost. A byte in ``i`` waits for one that is coming. It takes ``10 * divisor`` clocks, and half a bit before its start
    bit.

    Parameters
    ----------
    divisor : int
        Clocks a bit, at least 16.

    Members
    -------
    As those of :class:`rtl_gen.link.uart.UartPhy`. ``data`` is the byte that came, or that was taken from ``i``; it stays for
    half a bit at least.
    """

    def __init__(self, divisor):
        if divisor < LEAN_DIVISOR:
            raise ValueError(f"Divisor must be at least {LEAN_DIVISOR} clocks a bit, not {divisor}")
        self.divisor = divisor
        super().__init__({
            "rx": In(1, init=1), "tx": Out(1, init=1), "open": In(1), "data": Out(8), "valid": Out(1),
            "framing_error": Out(1), "i": In(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        bits = Signal(GOING)
        left = Signal(range(GOING))  # bits behind the one on the line
        coming, going = Signal(), Signal()
        # Below 0 a bit ends, so that one bit tells. The first of a byte is half as long: up to the middle of a start bit.
        count = Signal(range(-1, self.divisor - 1))
        ends = count[-1]
        first = self.divisor // 2 - 1
        m.d.comb += [self.data.eq(bits[2:10]), self.i.ready.eq(~coming & ~going)]
        m.d.sync += [self.tx.eq(bits[0] | ~going), self.valid.eq(0), self.framing_error.eq(0),
                     count.eq(Mux(ends, self.divisor - 2, count - 1))]
        with m.If(~coming & ~going):
            m.d.sync += [count.eq(first), left.eq(COMING - 1), coming.eq(~line)]
            with m.If(self.i.valid):
                m.d.sync += [bits.eq(Cat(Const(0b01, 2), self.i.payload, Const(1, 1))), left.eq(GOING - 1), going.eq(1),
                             coming.eq(0)]
        with m.Elif(ends):
            m.d.sync += [bits.eq(Cat(bits[1:], line)), left.eq(left - 1)]
            with m.If((left == 0) | (coming & (left == COMING - 1) & line)):  # the last, or it was no start bit
                m.d.sync += [coming.eq(0), going.eq(0)]
            with m.If(coming & (left == 0)):
                m.d.sync += [self.valid.eq(line), self.framing_error.eq(~line)]
        return m
