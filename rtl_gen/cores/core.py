# SPDX-License-Identifier: BSD-2-Clause
"""The core: a model's recurrence and read-out behind two streams."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.readout import Pooling
from rtl_gen.gateware.readout.code_memory import port_of_codes
from rtl_gen.gateware.rendering import Rendering, render
from rtl_gen.gateware.words import input_stream, output_stream, word_signature
from rtl_gen.plan.core import CorePlan


class Core(Rendering, renders=CorePlan):
    """Turns sequences of input vectors into the integers of :func:`hadam_hw.golden.run`.

    A vector is accepted every ``timing.interval`` clocks. After the vector with ``last`` (for ``emit = every`` and
    ``emit = sum`` after each vector) the state is handed to the read-out, during which nothing is accepted; the read-out
    then computes while the next sequence runs (for ``emit = sum`` only after ``last``; otherwise it adds up). A read-out that
    is not finished when the next state is ready makes the core wait.

    Both streams follow the rules of ``docs/streams.md``. A sequence begins with ``first``, which may come at any time and
    forgets an unfinished sequence; the first vector after reset must have it.

    Parameters
    ----------
    plan : CorePlan

    Members
    -------
    x : In(stream of {data: ArrayLayout(inputs), first, last})
    y : Out(stream of {data: signed, last})
        One class a transfer, class 0 first; ``last`` with the last class of a read-out.
    tap : Out(words)
        For observation: the saturated state words as they are handed to the read-out, unit 0 first. No back-pressure.
    saturated : Out(1)
        For observation: high for one clock a step in which at least one unit saturated, some clocks after that step.
    codes : In(stream of 16 bits)
        Only where the read-out's codes lie in SPRAM: the rows of ``plan.image``, once after each reset. Sequences may
        come before; their read-out waits.
    """

    def __init__(self, plan):
        self.plan = plan
        self.model, self.architecture, self.timing = plan.model, plan.architecture, plan.timing
        self.cells = self._cell, = (render(plan.cell),)
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
        m.submodules.cell = cell = self._cell
        m.submodules.readout = readout = self._readout
        two_phases = len(self.model.top.phases) > 1
        vector = self.x.payload
        phase, unloaded_phase = Signal(), Signal()
        pending = Signal()  # the state of the last step is to be handed over
        unload = Signal()  # now; a register, since the way from the read-out's end of the chip to the cell's is long
        m.d.sync += unload.eq(pending & cell.ready & readout.ready & ~unload)
        m.d.comb += [
            self.x.ready.eq(cell.ready & ~pending),
            cell.start.eq(self.x.valid & self.x.ready),
            cell.x.eq(vector.data),
            cell.first.eq(vector.first),
            cell.phase.eq(Mux(vector.first, 1, ~phase) if two_phases else 0),
            cell.unload.eq(unload),
            readout.z.valid.eq(cell.z.valid),
            readout.z.data.eq(cell.z.data),
            readout.phase.eq(unloaded_phase),
            self.tap.valid.eq(cell.z.valid),
            self.tap.data.eq(cell.z.data),
            self.saturated.eq(cell.saturated),
        ]
        # The next step may begin before the first word of this one's state has arrived.
        with m.If(cell.unload):
            m.d.sync += [pending.eq(0), unloaded_phase.eq(phase)]
        with m.If(cell.start):
            m.d.sync += [phase.eq(cell.phase), pending.eq(vector.last if self.model.pooling is Pooling.LAST else 1)]
        if self.model.pooling is Pooling.SUM:
            first, last = Signal(), Signal()
            with m.If(cell.unload):
                m.d.sync += [readout.first.eq(first), readout.last.eq(last)]
            with m.If(cell.start):
                m.d.sync += [first.eq(vector.first), last.eq(vector.last)]
        wiring.connect(m, readout.y, wiring.flipped(self.y))
        if self.plan.readout.sprams:
            wiring.connect(m, wiring.flipped(self.codes), readout.codes)
        return m
