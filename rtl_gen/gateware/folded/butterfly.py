# SPDX-License-Identifier: BSD-2-Clause
"""A pipelined butterfly whose ends may change places at run time."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.arithmetic import add_with_carry, invert_if
from rtl_gen.gateware.delay import late


class Butterfly(wiring.Component):
    """The Walsh-Hadamard transform of ``r = 2**levels`` words, a level a clock: latency ``levels``, interval 1.

    Along axis ``k`` bank ``b`` of every pair becomes the sum if ``b_k == turn_k``, else the difference, in which the word
    of the bank that becomes the sum is the minuend. Each level widens the words by a bit, so nothing overflows. On iCE40
    a sum or difference of ``w`` bits costs ``2 w`` logic cells: one to invert an operand, one to add.

    Parameters
    ----------
    levels : int
    width : int
        Bits of a word of ``i``.
    short : int
        The level after which ``partial`` is taken, 0 to ``levels``.

    Members
    -------
    i : In(ArrayLayout(signed(width), r))
    turn : In(levels)
        Valid with ``i``.
    o : Out(ArrayLayout(signed(width + levels), r))
    partial : Out(ArrayLayout(signed(width + short), r))
        After the first ``short`` levels, so many clocks later.
    """

    def __init__(self, levels, width, short):
        self.levels = levels
        self.width = width
        self.short = short
        self.radix = 1 << levels
        super().__init__({
            "i": In(data.ArrayLayout(signed(width), self.radix)), "turn": In(levels),
            "o": Out(data.ArrayLayout(signed(width + levels), self.radix)),
            "partial": Out(data.ArrayLayout(signed(width + short), self.radix))})

    def elaborate(self, platform):
        m = Module()
        words = list(self.i)
        for level in range(self.levels + 1):
            if level == self.short:
                m.d.comb += [field.eq(word) for field, word in zip(self.partial, words)]
            if level == self.levels:
                break
            turned = late(m, self.turn[level], level)
            words = self._level(m, level, turned, words)
        m.d.comb += [field.eq(word) for field, word in zip(self.o, words)]
        return m

    def _level(self, m, axis, turned, words):
        results = []
        for bank in range(self.radix):
            first, second = words[bank & ~(1 << axis)], words[bank | 1 << axis]
            # The sum of both, or the difference: the end that is subtracted is the bank's own.
            mine, other = (second, first) if bank >> axis & 1 else (first, second)
            subtract = ~turned if bank >> axis & 1 else turned
            result = Signal(signed(self.width + axis + 1), name=f"level{axis}_{bank}", reset_less=True)
            m.d.sync += result.eq(add_with_carry(other, invert_if(mine, subtract), subtract))
            results.append(result)
        return results
