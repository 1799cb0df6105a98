# SPDX-License-Identifier: BSD-2-Clause
"""The core of two stacked layers: a cell that feeds a cell."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.readout import Pooling
from rtl_gen.gateware.delay import late
from rtl_gen.gateware.readout.code_memory import port_of_codes
from rtl_gen.gateware.rendering import Rendering, render
from rtl_gen.gateware.words import input_stream, output_stream, word_signature
from rtl_gen.plan.core import StackedCorePlan

#: Words of a state that is handed over so soon that the next step may begin before the read-out has its first word.
SHORT_STATE = 2


class StackedCore(Rendering, renders=StackedCorePlan):
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

    Members
    -------
    x : In(stream of {data: ArrayLayout(inputs), first, last})
    y : Out(stream of {data: signed, last})
    tap : Out(words)
        The upper layer's saturated state words as they are handed to the read-out.
    saturated : Out(1)
        High for one clock for each layer and step in which at least one unit saturated.
    codes : In(stream of 16 bits)
        Only where the read-out's codes lie in SPRAM: the rows of ``plan.image``, once after each reset. Sequences may
        come before; their read-out waits.
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
        } | port_of_codes(plan.readout))

    def sequence_timing(self, steps):
        """:class:`SequenceTiming` of sequences of ``steps`` vectors."""
        return self.plan.sequence_timing(steps)

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
            upper.start.eq(full & settled & upper.ready & ~pending), upper.first.eq(first), upper.unload.eq(unload),
            # where the upper cell takes the words at once, the lower one may begin anew in the same clock
            self.x.ready.eq(lower.ready & ~taking & (~full | (upper.start if self.plan.lower.at_once else 0))),
            lower.start.eq(self.x.valid & self.x.ready), lower.x.eq(vector.data), lower.first.eq(vector.first),
            readout.z.valid.eq(upper.z.valid), readout.z.data.eq(upper.z.data),
            self.tap.valid.eq(upper.z.valid), self.tap.data.eq(upper.z.data),
        ]
        with m.If(unload):
            m.d.sync += pending.eq(0)
        with m.If(upper.start):
            m.d.sync += [full.eq(0), pending.eq(last if self.model.pooling is Pooling.LAST else 1)]
        if self.model.pooling is Pooling.SUM:
            self._tell_step(m, first, last, unload)
        with m.If(lower.start):
            m.d.sync += [full.eq(1), first.eq(vector.first), last.eq(vector.last)]
        # Two at a time are told one after the other.
        both = Signal()
        m.d.sync += both.eq((lower.saturated & upper.saturated) | (both & (lower.saturated | upper.saturated)))
        m.d.comb += self.saturated.eq(lower.saturated | upper.saturated | both)
        wiring.connect(m, readout.y, wiring.flipped(self.y))
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
        kept_first, kept_last = Signal(), Signal()
        with m.If(upper.start):
            m.d.sync += [kept_first.eq(first), kept_last.eq(last)]
        with m.If(unload):
            m.d.sync += [readout.first.eq(kept_first), readout.last.eq(kept_last)]

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
