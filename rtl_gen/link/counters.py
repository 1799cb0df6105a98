# SPDX-License-Identifier: BSD-2-Clause
"""What the link counts, for STATUS."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl_gen.link.frames import COUNTER_BITS, SATURATED_STEPS_BITS


class LinkCounters(wiring.Component):
    """Counts events; a counter that has reached its largest value stays there.

    Members
    -------
    saturated, overrun, bad_frame : In(1)
        High for a clock an event.
    clear : In(1)
    values : Out
        Steps in which a unit saturated, vectors lost, damaged frames; as in the layout ``STATE``.
    """

    def __init__(self):
        super().__init__({"saturated": In(1), "overrun": In(1), "bad_frame": In(1), "clear": In(1),
                          "values": Out(SATURATED_STEPS_BITS + 2 * COUNTER_BITS)})

    def elaborate(self, platform):
        m = Module()
        counters = []
        for name, event, bits in (("saturated_steps", self.saturated, SATURATED_STEPS_BITS),
                                  ("overruns", self.overrun, COUNTER_BITS), ("bad_frames", self.bad_frame, COUNTER_BITS)):
            counter = Signal(bits, name=name)
            with m.If(self.clear):
                m.d.sync += counter.eq(0)
            with m.Elif(event & ~counter.all()):
                m.d.sync += counter.eq(counter + 1)
            counters.append(counter)
        m.d.comb += self.values.eq(Cat(counters))
        return m
