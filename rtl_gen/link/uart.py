# SPDX-License-Identifier: BSD-2-Clause
"""A UART: 8 data bits, no parity, 1 stop bit, least significant bit first."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out, connect, flipped

#: Below this the middle of a bit is not the middle any more.
MIN_DIVISOR = 5


class UartReceiver(wiring.Component):
    """Bytes from the line.

    A start bit is checked again in its middle, each bit is sampled in its middle. With ``divisor`` clocks a bit, sampling
    is off by at most a clock (the synchroniser adds delay, not error), so sender and receiver may differ in rate by
    ``(1/2 - 1/divisor) / 9.5``: 4.5 % at 14 clocks a bit.

    Parameters
    ----------
    divisor : int
        Clocks a bit, at least 5.

    Members
    -------
    rx : In(1)
        The line; asynchronous.
    data : Out(8)
    valid : Out(1)
        High for one clock with each byte that had a stop bit.
    framing_error : Out(1)
        High for one clock where the stop bit was missing; the byte is lost.
    """

    def __init__(self, divisor):
        if divisor < MIN_DIVISOR:
            raise ValueError(f"Divisor must be at least {MIN_DIVISOR} clocks a bit, not {divisor}")
        self.divisor = divisor
        super().__init__({"rx": In(1), "data": Out(8), "valid": Out(1), "framing_error": Out(1)})

    def elaborate(self, platform):
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        count = Signal(range(self.divisor))
        # start bit, 8 data bits, stop bit: the 1 that was shifted in first comes out when all are there
        bits = Signal(10)
        busy = Signal()
        m.d.sync += [self.valid.eq(0), self.framing_error.eq(0)]
        m.d.comb += self.data.eq(bits[1:9])
        with m.If(~busy):
            with m.If(~line):
                m.d.sync += [busy.eq(1), count.eq(self.divisor // 2 - 1), bits.eq(1 << 9)]
        with m.Elif(count != 0):
            m.d.sync += count.eq(count - 1)
        with m.Else():
            m.d.sync += [count.eq(self.divisor - 1), bits.eq(Cat(bits[1:], line))]
            with m.If((bits == 1 << 9) & line):  # it was no start bit
                m.d.sync += busy.eq(0)
            with m.If(bits[0]):
                m.d.sync += [busy.eq(0), self.valid.eq(line), self.framing_error.eq(~line)]
        return m


class UartTransmitter(wiring.Component):
    """Bytes to the line, each in ``10 * divisor`` clocks and one more in which the next is taken.

    Parameters
    ----------
    divisor : int
        Clocks a bit.

    Members
    -------
    i : In(stream of 8 bits)
    tx : Out(1)
    """

    def __init__(self, divisor):
        self.divisor = divisor
        super().__init__({"i": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        count = Signal(range(self.divisor))
        bits = Signal(10, init=1)  # what is still to be sent; 1 when nothing is but the stop bit
        m.d.sync += self.tx.eq(bits[0])
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [bits.eq(Cat(Const(0, 1), self.i.payload, Const(1, 1))), count.eq(self.divisor - 1),
                         self.i.ready.eq(0)]
        with m.Elif(count != 0):
            m.d.sync += count.eq(count - 1)
        with m.Elif(bits != 1):
            m.d.sync += [bits.eq(bits >> 1), count.eq(self.divisor - 1)]
        with m.Else():
            m.d.sync += self.i.ready.eq(1)
        return m


class UartPhy(wiring.Component):
    """Receiver and transmitter of one rate; see there.

    Parameters
    ----------
    divisor : int
        Clocks a bit.

    Members
    -------
    rx : In(1)
    tx : Out(1)
    open : In(1)
        Of no use here: a UART has no way to say that it must wait.
    data : Out(8)
    valid, framing_error : Out(1)
    i : In(stream of 8 bits)
    """

    def __init__(self, divisor):
        self._receiver, self._transmitter = UartReceiver(divisor), UartTransmitter(divisor)
        super().__init__({
            "rx": In(1, init=1), "tx": Out(1, init=1), "open": In(1), "data": Out(8), "valid": Out(1),
            "framing_error": Out(1), "i": In(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = self._receiver
        m.submodules.transmitter = transmitter = self._transmitter
        connect(m, flipped(self.i), transmitter.i)
        m.d.comb += [receiver.rx.eq(self.rx), self.tx.eq(transmitter.tx), self.data.eq(receiver.data),
                     self.valid.eq(receiver.valid), self.framing_error.eq(receiver.framing_error)]
        return m
