# SPDX-License-Identifier: BSD-2-Clause
"""The CRC of the frames, a bit a clock: half the cells of one that takes a byte at once."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

POLYNOMIAL = 0x1021


class SerialCrc(wiring.Component):
    """CRC-16/XMODEM of the bytes since ``start``; a byte takes nine clocks, in which ``data`` must stay.

    Members
    -------
    start : In(1)
        Begins anew.
    data : In(8)
    valid : In(1)
        ``data`` is the next byte; only while not ``busy``.
    busy : Out(1)
    crc : Out(16)
    """

    def __init__(self):
        super().__init__({"start": In(1), "data": In(8), "valid": In(1), "busy": Out(1), "crc": Out(16)})

    def elaborate(self, platform):
        m = Module()
        count = Signal(4)  # its top bit says that a bit is taken in this clock, the others which, the highest first
        m.d.comb += self.busy.eq(count[-1])
        with m.If(self.valid):
            m.d.sync += count.eq(8)
        with m.Elif(self.busy):
            m.d.sync += count.eq(count + 1)
            feedback = self.crc[-1] ^ self.data.bit_select(~count[:3], 1)
            m.d.sync += self.crc.eq(self.crc << 1 ^ Mux(feedback, POLYNOMIAL, 0))
        with m.If(self.start):
            m.d.sync += self.crc.eq(0)
        return m
