# SPDX-License-Identifier: BSD-2-Clause
"""One of many words, chosen at run time without a deep multiplexer."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.delay import late
from rtl_gen.plan.parts import GROUP, selection_latency


class Selector(wiring.Component):
    """``o`` is word ``unit`` of ``i``, ``latency = max(1, ceil(log4(size)))`` clocks later: one of every four, of these one of
    every four, and so on.

    Parameters
    ----------
    size : int
        Number of words.
    width : int
        Bits of a word.

    Members
    -------
    i : In(ArrayLayout(size, width))
        Field ``j`` holds bit ``j`` of every word.
    unit : In(range(size))
    o : Out(width)
    """

    def __init__(self, size, width):
        self.size = size
        self.width = width
        #: Clocks from ``i`` and ``unit`` to ``o``.
        self.latency = selection_latency(size)
        super().__init__({"i": In(data.ArrayLayout(size, width)), "unit": In(range(size)), "o": Out(width)})

    def elaborate(self, platform):
        m = Module()
        fields = list(self.i)
        for stage in range(self.latency):
            choice = late(m, self.unit[2 * stage:2 * stage + 2], stage)
            groups = range(0, len(fields[0]), GROUP)
            chosen = [Signal(len(groups), name=f"of_fours{stage}_{j}", reset_less=True) for j in range(self.width)]
            m.d.sync += [signal.eq(Cat(bits[start:start + GROUP].bit_select(choice, 1) for start in groups))
                         for signal, bits in zip(chosen, fields)]
            fields = chosen
        m.d.comb += [bit.eq(field) for bit, field in zip(self.o, fields)]
        return m
