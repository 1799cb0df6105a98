# SPDX-License-Identifier: BSD-2-Clause
"""From the exact sum of a step to the new state, on whole words."""

from amaranth.hdl import Cat, Const, Module, Mux, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Saturate(wiring.Component):
    """``o = saturate(round_shift(i, shift))``, or its relu; combinational. Half a unit is in ``i`` already (see ``alignment``).

    Parameters
    ----------
    alignment : Alignment
        Of whole words: with the same output shift in every phase.
    width : int
        Bits of the state.
    relu : bool
        A negative ``o`` becomes 0.

    Members
    -------
    i : In(signed)
    phase : In(1)
    o : Out(signed)
    overflow : Out(1)
        ``o`` is a limit in place of the value.
    """

    def __init__(self, alignment, width, relu):
        self.alignment = alignment
        self.width = width
        self.relu = relu
        super().__init__({"i": In(signed(alignment.width)), "phase": In(1), "o": Out(signed(width)),
                          "overflow": Out(1)})

    def elaborate(self, platform):
        m = Module()
        phases, pre, width = self.alignment.phases, self.i, self.width
        shift = phases[0].output_shift
        ties = [~pre[:shift].any() if phase.ties_to_even else Const(0) for phase in phases]
        tie = Mux(self.phase, ties[1], ties[0]) if len(ties) > 1 else ties[0]
        upper, sign = pre[shift + width - 1:], pre[-1]
        m.d.comb += self.overflow.eq(upper.any() & ~upper.all())
        with m.If(self.overflow):
            m.d.comb += self.o.eq(Cat((~sign).replicate(width - 1), sign))
        with m.Else():
            m.d.comb += self.o.eq(Cat(pre[shift] & ~tie, pre[shift + 1:shift + width]))
        if self.relu:
            with m.If(sign):
                m.d.comb += self.o.eq(0)
        return m
