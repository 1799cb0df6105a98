# SPDX-License-Identifier: BSD-2-Clause
"""The core of two folded cells, one above the other."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring

from hadam_hw.readout import Pooling
from rtl_gen.cores.stack import StackOfCells
from rtl_gen.plan.folded_stack import FoldedStackPlan


class FoldedStackCore(StackOfCells, renders=FoldedStackPlan):
    """What :class:`rtl_gen.cores.core.Core` does, for two folded layers, with the same members and rules.

    A step of the lower layer, then its state word by word into the memory that the upper layer has its inputs from, then a
    step of the upper one, during which the lower one makes the next. With ``I1`` and ``I2`` clocks a step of the layers, ``U``
    until the lower one has handed over its state, ``W`` until its last word is there, a vector is accepted every
    ``max(I1 + U + 1, I2 + W + 2)`` clocks. For ``emit = sum`` the upper state's way to the read-out is part of a step.

    Parameters
    ----------
    plan : FoldedStackPlan
    """

    def elaborate(self, platform):
        m = Module()
        m.submodules.lower, m.submodules.upper, m.submodules.readout = self._lower, self._upper, self._readout
        lower, upper, readout, vector = self._lower, self._upper, self._readout, self.x.payload
        full, handing, handed = Signal(), Signal(), Signal()  # the lower layer has a state; it is on its way; it is there
        first, last = Signal(), Signal()
        m.d.comb += [
            self.x.ready.eq(lower.ready & ~full), lower.start.eq(self.x.valid & self.x.ready), lower.x.eq(vector.data),
            lower.first.eq(vector.first)]
        with m.If(lower.start):
            m.d.sync += [full.eq(1), first.eq(vector.first), last.eq(vector.last)]

        # The upper layer's step reads the memory that is handed over to.
        busy, upper_first, upper_last = Signal(), Signal(), Signal()
        free = ~busy | upper.ready
        m.d.sync += lower.unload.eq(full & lower.ready & free & ~handing & ~handed & ~lower.unload)
        with m.If(lower.unload):
            m.d.sync += [full.eq(0), handing.eq(1), upper_first.eq(first), upper_last.eq(last)]
        wiring.connect(m, lower.z, upper.feed)
        with m.If(self._last_word(m, lower.z.valid)):
            m.d.sync += [handing.eq(0), handed.eq(1)]

        pending, unload = Signal(), Signal()
        m.d.sync += unload.eq(pending & upper.ready & readout.ready & ~unload)
        m.d.comb += [
            upper.start.eq(handed & upper.ready & ~pending & self._loaded(m)), upper.first.eq(upper_first)]
        with m.If(unload):
            m.d.sync += pending.eq(0)
        with m.If(upper.ready):
            m.d.sync += busy.eq(0)
        with m.If(upper.start):
            m.d.sync += [busy.eq(1), handed.eq(0), pending.eq(upper_last if self.model.pooling is Pooling.LAST else 1)]
        if self.model.pooling is Pooling.SUM:
            self._mark_step(m, upper_first, upper_last, unload)
        self._hand_on(m, unload)
        return m

    def _last_word(self, m, valid):
        """High with the last word of a state that is handed over."""
        size = self.plan.lower.layer.size
        count = Signal(range(max(2, size)))
        last = valid & (count == size - 1)
        with m.If(last):
            m.d.sync += count.eq(0)
        with m.Elif(valid):
            m.d.sync += count.eq(count + 1)
        return last

    def _loaded(self, m):
        """Whether the matrix between the layers is there; distributes the rows of what lies in SPRAM."""
        if not self.plan.sprams:
            return 1
        upper, readout, takers = self._upper, self._readout, []
        if self.plan.upper.source.packed:
            takers.append(upper.rows)
        if self.plan.readout.sprams:
            takers.append(readout.codes)
        before = 0  # one that is still being served
        for taker in takers:
            m.d.comb += [taker.payload.eq(self.codes.payload), taker.valid.eq(self.codes.valid & ~before)]
            before |= taker.ready
        m.d.comb += self.codes.ready.eq(before)
        return ~upper.rows.ready
