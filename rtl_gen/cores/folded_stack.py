# SPDX-License-Identifier: BSD-2-Clause
"""The core of two folded cells, one above the other."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.readout import Pooling
from rtl_gen.gateware.rendering import Rendering, render
from rtl_gen.gateware.words import input_stream, output_stream, word_signature
from rtl_gen.plan.code_store import SPRAM_BITS
from rtl_gen.plan.folded_stack import FoldedStackPlan


class FoldedStackCore(Rendering, renders=FoldedStackPlan):
    """What :class:`rtl_gen.cores.core.Core` does, for two folded layers, with the same members and rules.

    A step of the lower layer, then its state word by word into the memory that the upper layer has its inputs from, then a
    step of the upper one, during which the lower one makes the next. With ``I1`` and ``I2`` clocks a step of the layers, ``U``
    until the lower one has handed over its state, ``W`` until its last word is there, a vector is accepted every
    ``max(I1 + U + 1, I2 + W + 2)`` clocks. For ``emit = sum`` the upper state's way to the read-out is part of a step.

    Parameters
    ----------
    plan : FoldedStackPlan

    Members
    -------
    x : In(stream of {data: ArrayLayout(inputs), first, last})
    y : Out(stream of {data: signed, last})
    tap : Out(words)
        The upper layer's saturated state words as they are handed to the read-out.
    saturated : Out(1)
        High for one clock for each layer and step in which at least one unit saturated.
    codes : In(stream of 16 bits)
        Only where codes lie in SPRAM: the rows of ``plan.image``, once after each reset. Sequences may come before; the
        upper layer and the read-out wait.
    """

    def __init__(self, plan):
        self.plan = plan
        self.model, self.architecture, self.timing = plan.model, plan.architecture, plan.timing
        self.cells = self._lower, self._upper = render(plan.lower), render(plan.upper)
        self._readout = render(plan.readout)
        model = plan.model
        super().__init__({
            "x": In(input_stream(model)), "y": Out(output_stream(model.readout_width)),
            "tap": Out(word_signature(model.top.state.width)), "saturated": Out(1),
        } | ({"codes": In(stream.Signature(SPRAM_BITS))} if plan.sprams else {}))

    def sequence_timing(self, steps):
        """:class:`SequenceTiming` of sequences of ``steps`` vectors."""
        return self.plan.sequence_timing(steps)

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
            upper.start.eq(handed & upper.ready & ~pending & self._loaded(m)), upper.first.eq(upper_first),
            upper.unload.eq(unload), readout.z.valid.eq(upper.z.valid), readout.z.data.eq(upper.z.data),
            self.tap.valid.eq(upper.z.valid), self.tap.data.eq(upper.z.data)]
        with m.If(unload):
            m.d.sync += pending.eq(0)
        with m.If(upper.ready):
            m.d.sync += busy.eq(0)
        with m.If(upper.start):
            m.d.sync += [busy.eq(1), handed.eq(0), pending.eq(upper_last if self.model.pooling is Pooling.LAST else 1)]
        if self.model.pooling is Pooling.SUM:
            self._mark_step(m, upper_first, upper_last, unload)
        # Two at a time are told one after the other.
        both = Signal()
        m.d.sync += both.eq((lower.saturated & upper.saturated) | (both & (lower.saturated | upper.saturated)))
        m.d.comb += self.saturated.eq(lower.saturated | upper.saturated | both)
        wiring.connect(m, readout.y, wiring.flipped(self.y))
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

    def _mark_step(self, m, first, last, unload):
        """Says which step's state comes to the read-out, which looks when the first word is there."""
        readout, kept_first, kept_last = self._readout, Signal(), Signal()
        with m.If(self._upper.start):
            m.d.sync += [kept_first.eq(first), kept_last.eq(last)]
        with m.If(unload):
            m.d.sync += [readout.first.eq(kept_first), readout.last.eq(kept_last)]

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
