# SPDX-License-Identifier: BSD-2-Clause
"""The core of two stacked layers: a cell that feeds a cell."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring

from hadam_hw.readout import Pooling
from rtl_gen.cores.stack import StackOfCells
from rtl_gen.gateware.delay import late
from rtl_gen.plan.core import StackedCorePlan

#: Words of a state that is handed over so soon that the next step may begin before the read-out has its first word.
SHORT_STATE = 2


class StackedCore(StackOfCells, renders=StackedCorePlan):
    """What :class:`rtl_gen.cores.core.Core` does, for two layers, with the same members and rules.

    The upper layer makes its step while the lower one makes the next. Its input never stands anywhere: a serial cell takes
    the digits out of the lower one's memory as its adders want them, a parallel one the words out of its registers. With
    ``I1`` and ``I2`` clocks a step of the layers and ``H`` for handing over (1 + the clocks from the upper cell's start
    until it has the last digit; 1 where parallel) a vector is accepted every ``max(I1 + H, I2)`` clocks; the second of a
    sequence after ``I1 + H`` already. For ``emit = sum`` the upper state's way to the read-out is part of a step, which takes
    ``max(I1 + H, I2 + U + 1, D + 3)`` clocks.

    Parameters
    ----------
    plan : StackedCorePlan
    """

    def elaborate(self, platform):
        m = Module()
        m.submodules.lower, m.submodules.upper, m.submodules.readout = self._lower, self._upper, self._readout
        lower, upper, readout, vector = self._lower, self._upper, self._readout, self.x.payload
        full = Signal()  # the lower layer has a state that the upper one has not taken
        first, last, pending, unload = Signal(), Signal(), Signal(), Signal()
        taking = self._connect_input(m)
        # A parallel cell is ready in the clock in which its state is written: it can be copied in the next one.
        settled = lower.ready & late(m, lower.ready, 1) if self.plan.lower.at_once else lower.ready
        m.d.sync += unload.eq(pending & upper.ready & readout.ready & ~unload)
        m.d.comb += [
            upper.start.eq(full & settled & upper.ready & ~pending), upper.first.eq(first),
            # where the upper cell takes the words at once, the lower one may begin anew in the same clock
            self.x.ready.eq(lower.ready & ~taking & (~full | (upper.start if self.plan.lower.at_once else 0))),
            lower.start.eq(self.x.valid & self.x.ready), lower.x.eq(vector.data), lower.first.eq(vector.first),
        ]
        with m.If(unload):
            m.d.sync += pending.eq(0)
        with m.If(upper.start):
            m.d.sync += [full.eq(0), pending.eq(last if self.model.pooling is Pooling.LAST else 1)]
        if self.model.pooling is Pooling.SUM:
            self._tell_step(m, first, last, unload)
        with m.If(lower.start):
            m.d.sync += [full.eq(1), first.eq(vector.first), last.eq(vector.last)]
        self._hand_on(m, unload)
        if self.plan.readout.sprams:
            wiring.connect(m, wiring.flipped(self.codes), readout.codes)
        return m

    def _tell_step(self, m, first, last, unload):
        """Tells the read-out whose state comes; it looks when the first word is there."""
        upper, readout = self._upper, self._readout
        if self.model.top.size > SHORT_STATE:  # the upper layer's step stays the same until its state is on its way
            with m.If(upper.start):
                m.d.sync += [readout.first.eq(first), readout.last.eq(last)]
            return
        self._mark_step(m, first, last, unload)

    def _connect_input(self, m):
        """Connects the layers; high while the upper one reads the lower one's memory."""
        lower, upper = self._lower, self._upper
        if self.plan.lower.at_once:
            m.d.comb += [field.eq(word) for field, word in zip(upper.x, lower.copied)]
            return 0
        taking, taken = Signal(), late(m, upper.take, 1)
        m.d.comb += [lower.copy.eq(upper.take), upper.digits.eq(lower.copied)]
        with m.If(upper.start):
            m.d.sync += taking.eq(1)
        with m.Elif(taken & ~upper.take):
            m.d.sync += taking.eq(0)
        return taking
