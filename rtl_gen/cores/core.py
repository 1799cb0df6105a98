# SPDX-License-Identifier: BSD-2-Clause
"""The core: a model's recurrence and read-out behind two streams."""

from dataclasses import replace

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.readout import Pooling
from rtl_gen.cores.readouts import build_readout
from rtl_gen.gateware.words import input_stream, output_stream, word_signature
from rtl_gen.plan.timing import SequenceTiming


class Core(wiring.Component):
    """Turns sequences of input vectors into the integers of :func:`hadam_hw.golden.run`.

    A vector is accepted every :attr:`timing` ``.interval`` clocks. After the vector with ``last`` (for ``emit = every`` and
    ``emit = sum`` after each vector) the state is handed to the read-out, during which nothing is accepted; the read-out
    then computes while the next sequence runs (for ``emit = sum`` only after ``last``; otherwise it adds up). A read-out that
    is not finished when the next state is ready makes the core wait.

    Both streams follow the rules of ``docs/streams.md``. A sequence begins with ``first``, which may come at any time and
    forgets an unfinished sequence; the first vector after reset must have it.

    Parameters
    ----------
    model : Model
    architecture : Architecture
    cell : SerialCell, ParallelCell or FoldedCell

    Members
    -------
    x : In(stream of {data: ArrayLayout(inputs), first, last})
    y : Out(stream of {data: signed, last})
        One class a transfer, class 0 first; ``last`` with the last class of a read-out.
    tap : Out(words)
        For observation: the saturated state words as they are handed to the read-out, unit 0 first. No back-pressure.
    saturated : Out(1)
        For observation: high for one clock a step in which at least one unit saturated, some clocks after that step.
    """

    def __init__(self, model, architecture, cell):
        self.model = model
        self.architecture = architecture
        self._cell = cell
        self._readout = build_readout(model)
        super().__init__({
            "x": In(input_stream(model)), "y": Out(output_stream(model.readout_width)),
            "tap": Out(word_signature(model.top.state.width)), "saturated": Out(1)})

    @property
    def cell(self):
        """The cell, whose parts an estimate counts."""
        return self._cell

    @property
    def timing(self):
        """:class:`Timing` of one step, from an accepted vector to the next that can be accepted.

        For ``emit = sum`` the handing over of each state is part of its step: ``S = max(I + U, D + 3)`` clocks in the terms of
        :meth:`sequence_timing`.
        """
        step = self._cell.timing
        if self.model.pooling is not Pooling.SUM:
            return step
        unloaded = step.interval + 1 + self._cell.unload_interval
        return replace(step, interval=max(unloaded, 1 + self._cell.unload_cycles + self._readout.POOLING))

    def sequence_timing(self, steps):
        """:class:`SequenceTiming` of sequences of ``steps`` vectors that never wait for their host, nor the answer for it.

        With ``I`` clocks a step, ``D`` from a finished step to the last word handed over, ``U`` till the cell goes on and
        ``r`` of read-out, a read-out comes every ``E = max(steps I + U, D + r + 2)`` clocks for ``emit = last``, and the
        latency is ``steps I + D + r``. For ``emit = every`` each step pays for its own: ``E = max(I + U, D + r + 2)``, the
        interval is ``steps E`` and the latency ``I + (steps - 1) E + D + r``. For ``emit = sum`` only the last does, and the
        others take ``S = max(I + U, D + 3)``: the interval is ``(steps - 1) S + E``, the latency
        ``I + (steps - 1) S + D + r``.
        """
        step, unload, readout = self._cell.timing.interval, 1 + self._cell.unload_cycles, self._readout.cycles
        if self.model.pooling is Pooling.SUM:
            before = (steps - 1) * self.timing.interval
            last = max(step + 1 + self._cell.unload_interval, unload + readout + 2)
            return SequenceTiming(step + before + unload + readout, before + last)
        batch = steps if self.model.pooling is Pooling.LAST else 1
        each = max(batch * step + 1 + self._cell.unload_interval, unload + readout + 2)
        batches = steps // batch
        return SequenceTiming(batch * step + (batches - 1) * each + unload + readout, batches * each)

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
        return m
