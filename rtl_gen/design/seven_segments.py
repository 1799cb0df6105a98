# SPDX-License-Identifier: BSD-2-Clause
"""A label on two digits of seven segments that share their pins."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.sensors.shown import segments_of

#: Clocks of a digit as a power of 2: at 18 MHz each is lit 137 times a second.
HOLD_BITS = 16


class SevenSegments(wiring.Component):
    """Shows :func:`hadam_hw.sensors.shown.segments_of` the label, its digits in turn for ``2**hold_bits`` clocks each.

    Parameters
    ----------
    count : int
        Labels there are.
    hold_bits : int

    Members
    -------
    label : In(range(count))
    known : In(1)
        Low until there is a label.
    segments : Out(7)
        High is lit, a the lowest bit.
    right : Out(1)
        Which digit the segments are for.
    """

    def __init__(self, count, *, hold_bits=HOLD_BITS):
        self.count, self.hold_bits = count, hold_bits
        super().__init__({"label": In(range(max(2, count))), "known": In(1), "segments": Out(7), "right": Out(1)})

    def elaborate(self, platform):
        m = Module()
        turn, left, right = Signal(self.hold_bits + 1), Signal(7), Signal(7)
        m.d.sync += turn.eq(turn + 1)
        with m.Switch(self.label):
            for label in range(self.count):
                with m.Case(label):
                    m.d.comb += [side.eq(lit) for side, lit in zip((left, right), segments_of(label))]
        with m.If(~self.known):
            m.d.comb += [side.eq(lit) for side, lit in zip((left, right), segments_of(None))]
        m.d.comb += [self.right.eq(turn[-1]), self.segments.eq(Mux(self.right, right, left))]
        return m
