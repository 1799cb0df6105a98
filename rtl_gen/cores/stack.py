# SPDX-License-Identifier: BSD-2-Clause
"""What the cores of two layers have in common."""

from amaranth.hdl import Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.rendering import Rendering, render
from rtl_gen.gateware.words import input_stream, output_stream, word_signature
from rtl_gen.plan.code_store import SPRAM_BITS


class StackOfCells(Rendering):
    """Two cells and a read-out with the members of :class:`rtl_gen.cores.core.Core`; a subclass connects the layers.

    Parameters
    ----------
    plan : StackedCorePlan

    Members
    -------
    x : In(stream of {data: ArrayLayout(inputs), first, last})
    y : Out(stream of {data: signed, last})
    tap : Out(words)
        The upper layer's saturated state words as they are handed to the read-out.
    saturated : Out(1)
        High for one clock for each layer and step in which at least one unit saturated.
    codes : In(stream of 16 bits)
        Only where codes lie in SPRAM: the rows of ``plan.image``, once after each reset. Sequences may come before; what
        needs the codes waits.
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

    def _hand_on(self, m, unload):
        """Connects upper cell, read-out and ports; the upper state goes to the read-out from ``unload`` on."""
        lower, upper, readout = self._lower, self._upper, self._readout
        m.d.comb += [upper.unload.eq(unload), readout.z.valid.eq(upper.z.valid), readout.z.data.eq(upper.z.data),
                     self.tap.valid.eq(upper.z.valid), self.tap.data.eq(upper.z.data)]
        # Two at a time are told one after the other.
        both = Signal()
        m.d.sync += both.eq((lower.saturated & upper.saturated) | (both & (lower.saturated | upper.saturated)))
        m.d.comb += self.saturated.eq(lower.saturated | upper.saturated | both)
        wiring.connect(m, readout.y, wiring.flipped(self.y))

    def _mark_step(self, m, first, last, unload):
        """Says which step's state comes to the read-out, which looks when the first word is there."""
        readout, kept_first, kept_last = self._readout, Signal(), Signal()
        with m.If(self._upper.start):
            m.d.sync += [kept_first.eq(first), kept_last.eq(last)]
        with m.If(unload):
            m.d.sync += [readout.first.eq(kept_first), readout.last.eq(kept_last)]
