# SPDX-License-Identifier: BSD-2-Clause
"""One of many words, chosen at run time without a deep multiplexer."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

#: Words of which one is chosen in one clock; 16 are four levels of two-way multiplexers.
GROUP = 16


def late(m, value, clocks):
    """``value`` delayed by a number of clocks."""
    for _ in range(clocks):
        delayed = Signal.like(value, name="late", init=0)
        m.d.sync += delayed.eq(value)
        value = delayed
    return value


class Selector(wiring.Component):
    """``o`` is word ``unit`` of ``i``, two clocks later: one of every group of 16, then one of the groups.

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

    latency = 2

    def __init__(self, size, width):
        self.size = size
        self.width = width
        super().__init__({"i": In(data.ArrayLayout(size, width)), "unit": In(range(size)), "o": Out(width)})

    def elaborate(self, platform):
        m = Module()
        groups = range(0, self.size, GROUP)
        low, high = self.unit[:4], late(m, self.unit[4:], 1)
        for j, bits in enumerate(self.i):
            of_groups = Signal(len(groups), name=f"of_groups{j}", reset_less=True)
            m.d.sync += of_groups.eq(Cat(bits[start:start + GROUP].bit_select(low, 1) for start in groups))
            m.d.sync += self.o[j].eq(of_groups.bit_select(high, 1) if len(groups) > 1 else of_groups)
        return m
