# SPDX-License-Identifier: BSD-2-Clause
"""The core of two stacked layers: a cell that feeds a cell."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.errors import ArchitectureError
from hadam_hw.readout import Pooling
from rtl_gen.cores.readouts import build_readout
from rtl_gen.gateware.delay import late
from rtl_gen.gateware.parallel.cell import ParallelCell
from rtl_gen.gateware.serial.cell import SerialCell, check_digit
from rtl_gen.gateware.words import input_stream, output_stream, word_signature
from rtl_gen.plan.arch import Parallel, Serial
from rtl_gen.plan.timing import SequenceTiming, Timing

#: Words of a state that is handed over so soon that the next step may begin before the read-out has its first word.
SHORT_STATE = 2


def build_stack(model, architecture):
    """The :class:`StackedCore` of a model of two layers.

    Raises
    ------
    ArchitectureError
        If the architecture cannot render it.
    """
    if architecture != Parallel() and not isinstance(architecture, Serial):
        raise ArchitectureError(
            f"Architecture of two stacked layers must be 'serial', 'serial:D' or 'parallel', not {architecture}")
    if len(model.layers) > 2:
        raise ArchitectureError(f"Layers must be one or two in hardware, not {len(model.layers)}; "
                                "the golden model and C take more")
    lower, upper = model.layers
    if architecture == Parallel():
        return StackedCore(model, architecture, ParallelCell(lower, copies=True), ParallelCell(upper))
    for layer in model.layers:
        check_digit(layer, architecture)
    return StackedCore(model, architecture, SerialCell(lower, architecture.digit, copies=True),
                       SerialCell(upper, architecture.digit, chained=True))


class StackedCore(wiring.Component):
    """What :class:`rtl_gen.cores.core.Core` does, for two layers, with the same members and rules.

    The upper layer makes its step while the lower one makes the next. Its input never stands anywhere: a serial cell takes
    the digits out of the lower one's memory as its adders want them, a parallel one the words out of its registers. With
    ``I1`` and ``I2`` clocks a step of the layers and ``H`` for handing over (1 + the clocks from the upper cell's start
    until it has the last digit; 1 where parallel) a vector is accepted every ``max(I1 + H, I2)`` clocks; the second of a
    sequence after ``I1 + H`` already. For ``emit = sum`` the upper state's way to the read-out is part of a step, which takes
    ``max(I1 + H, I2 + U + 1, D + 3)`` clocks.

    Parameters
    ----------
    model : Model
        Of two layers.
    architecture : Serial or Parallel
    lower, upper : SerialCell or ParallelCell

    Members
    -------
    x : In(stream of {data: ArrayLayout(inputs), first, last})
    y : Out(stream of {data: signed, last})
    tap : Out(words)
        The upper layer's saturated state words as they are handed to the read-out.
    saturated : Out(1)
        High for one clock for each layer and step in which at least one unit saturated.
    """

    def __init__(self, model, architecture, lower, upper):
        self.model = model
        self.architecture = architecture
        self._lower, self._upper = lower, upper
        self._serial = isinstance(architecture, Serial)
        self._handing_over = upper.taken + 1 if self._serial else 1
        self._readout = build_readout(model)
        interval = max(lower.timing.interval + self._handing_over, upper.timing.interval)
        if model.pooling is Pooling.SUM:
            interval = max(interval, upper.timing.interval + 1 + upper.unload_interval,
                           1 + upper.unload_cycles + self._readout.POOLING)
        #: The latency is that of a step: from an accepted vector to the upper layer's new state.
        self.timing = Timing(lower.timing.interval + (not self._serial) + upper.timing.interval, interval)
        super().__init__({
            "x": In(input_stream(model)), "y": Out(output_stream(model.readout_width)),
            "tap": Out(word_signature(model.top.state.width)), "saturated": Out(1)})

    @property
    def cells(self):
        """The layers' cells, which an estimate counts."""
        return self._lower, self._upper

    def sequence_timing(self, steps):
        """:class:`SequenceTiming` of sequences of ``steps`` vectors that never wait for their host, nor the answer for it.

        As :meth:`rtl_gen.cores.core.Core.sequence_timing`, but that the lower layer goes on while the upper one is read out:
        with ``I`` clocks a step a read-out comes every ``E = max((steps - 1) I + max(I, I2 + U + 1), D + r + 2)`` clocks; for
        ``emit = sum`` every ``E = (steps - 1) I + max(I, I2 + U + 1, D + r + 2)``.
        """
        step, own = self.timing.interval, self._upper.timing.interval
        unload, readout = 1 + self._upper.unload_cycles, self._readout.cycles
        if self.model.pooling is Pooling.SUM:
            before = (steps - 1) * step
            last = max(step, own + 1 + self._upper.unload_interval, unload + readout + 2)
            return SequenceTiming(self.timing.latency + before + unload + readout, before + last)
        batch = steps if self.model.pooling is Pooling.LAST else 1
        each = max((batch - 1) * step + max(step, own + 1 + self._upper.unload_interval), unload + readout + 2)
        batches = steps // batch
        latency = self.timing.latency + (batch - 1) * step + (batches - 1) * each + unload + readout
        return SequenceTiming(latency, batches * each)

    def elaborate(self, platform):
        m = Module()
        m.submodules.lower, m.submodules.upper, m.submodules.readout = self._lower, self._upper, self._readout
        lower, upper, readout, vector = self._lower, self._upper, self._readout, self.x.payload
        full = Signal()  # the lower layer has a state that the upper one has not taken
        first, last, pending, unload = Signal(), Signal(), Signal(), Signal()
        taking = self._connect_input(m)
        # A parallel cell is ready in the clock in which its state is written: it can be copied in the next one.
        settled = lower.ready if self._serial else lower.ready & late(m, lower.ready, 1)
        m.d.sync += unload.eq(pending & upper.ready & readout.ready & ~unload)
        m.d.comb += [
            upper.start.eq(full & settled & upper.ready & ~pending), upper.first.eq(first), upper.unload.eq(unload),
            # where the upper cell takes the words at once, the lower one may begin anew in the same clock
            self.x.ready.eq(lower.ready & ~taking & (~full | (0 if self._serial else upper.start))),
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
        if not self._serial:
            m.d.comb += [field.eq(word) for field, word in zip(upper.x, lower.copied)]
            return 0
        taking, taken = Signal(), late(m, upper.take, 1)
        m.d.comb += [lower.copy.eq(upper.take), upper.digits.eq(lower.copied)]
        with m.If(upper.start):
            m.d.sync += taking.eq(1)
        with m.Elif(taken & ~upper.take):
            m.d.sync += taking.eq(0)
        return taking
