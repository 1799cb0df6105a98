# SPDX-License-Identifier: BSD-2-Clause
"""A read-out of one or more dense stages, while the cell goes on."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out, connect, flipped

from rtl_gen.gateware.delay import late
from rtl_gen.gateware.readout.accumulators import Accumulators
from rtl_gen.gateware.readout.code_memory import CodeMemory, port_of_codes
from rtl_gen.gateware.readout.sequencer import Sequencer, of_stage
from rtl_gen.gateware.readout.vector_memory import VectorMemory
from rtl_gen.gateware.rendering import Rendering
from rtl_gen.gateware.words import word_signature
from rtl_gen.plan.readout_plan import ReadoutPlan


class StagedReadout(Rendering, renders=ReadoutPlan):
    """Stores the state words as they come, then sends ``Y = readout(vector, phase)`` output by output, exact and in full width.

    Latency: ``plan.cycles`` clocks from the last state word to the offer of the last output, if none has to wait. A stage takes
    ``ceil(outputs / lanes) inputs bits`` of them, and for each group the bits of its biases and a few more
    (:class:`ReadoutPlan`). The next state may come two clocks after the last output was taken.

    For ``pooling = sum`` the words of each step are added to those that are stored, the pool, in words that saturate; ``Y`` is
    that of the pool, after the last step.

    Parameters
    ----------
    plan : ReadoutPlan

    Members
    -------
    z : In(words)
        Unit 0 first, n words in all; only after ``ready`` was high.
    phase : In(1)
        The phase of the step whose state comes, valid with the first word and the clock after.
    first, last : In(1)
        Only for ``pooling = sum``: of the step whose state comes, valid as ``phase``.
    ready : Out(1)
        The next state may come. For ``pooling = sum`` it rises ``plan.pooling_cycles`` clocks after the last word of a step,
        unless that was the last step.
    y : Out(stream of {data: signed, last})
    codes : In(stream of 16 bits)
        Only for codes in SPRAM: :class:`CodeMemory` takes them. No state may come before all are there.
    """

    def __init__(self, plan):
        self.plan = plan
        super().__init__({
            "z": In(word_signature(plan.state.width)), "phase": In(1), "ready": Out(1, init=1),
            "y": Out(stream.Signature(data.StructLayout({"data": signed(self.plan.stages[-1].width), "last": 1}))),
        } | ({"first": In(1), "last": In(1)} if self.plan.pooled else {}) | port_of_codes(plan))

    def elaborate(self, platform):
        m = Module()
        plan = self.plan
        m.submodules.vector = vector = VectorMemory(plan)
        m.submodules.codes = codes = CodeMemory(plan)
        m.submodules.sums = sums = Accumulators(plan)
        m.submodules.sequencer = sequencer = Sequencer(plan)

        phase, taken = Signal(reset_less=True), Signal()
        with m.If(vector.begins):
            m.d.sync += phase.eq(self.phase)
        m.d.sync += taken.eq(self.y.valid & self.y.ready)  # what follows from a transfer is no part of the handshake's path
        m.d.comb += [
            vector.z.valid.eq(self.z.valid), vector.z.data.eq(self.z.data), self.ready.eq(vector.ready),
            sequencer.filled.eq(vector.filled), sequencer.phase.eq(phase), sequencer.taken.eq(taken),
            vector.done.eq(sequencer.done), codes.restart.eq(sequencer.done),
            codes.step.eq(sequencer.step), codes.add.eq(sequencer.add), codes.clear.eq(sequencer.begin),
            codes.narrow.eq(of_stage(sequencer.stage, plan.narrow)), sums.code.eq(codes.code),
            sums.element.eq(vector.data), sums.stage.eq(sequencer.stage), sums.lane.eq(sequencer.lane),
            vector.base.eq(of_stage(sequencer.stage, [stage.base for stage in plan.stages])),
        ]
        if plan.sprams:
            connect(m, codes.rows, flipped(self.codes))
            m.d.comb += self.ready.eq(vector.ready & ~codes.rows.ready)
        if plan.pooled:
            m.d.comb += [vector.first.eq(self.first), vector.last.eq(self.last)]

        # The codes come late, so the operand must: its address by two clocks less, since there is nothing behind its memory.
        begin, top, bias = (late(m, signal, plan.code_latency - 2)
                            for signal in (sequencer.begin, sequencer.top, sequencer.bias))
        m.d.comb += [vector.restart.eq(begin), vector.advance.eq(top & ~bias)]
        clear, first = late(m, begin, 2), late(m, begin | top, 2)
        top, bias = late(m, top, 1), late(m, bias, 1)
        m.d.comb += [sums.load.eq(first & ~bias), sums.load_one.eq(first & bias), sums.top.eq(top), sums.clear.eq(clear)]

        if plan.hidden:
            m.d.comb += [vector.activation.valid.eq(late(m, sequencer.activates, 2)),
                         vector.activation.data.eq(sums.activation)]
        m.d.comb += [self.y.payload.data.eq(sums.sum), self.y.payload.last.eq(sequencer.last)]
        offered = late(m, sequencer.offers, plan.choice)
        with m.If(offered):
            m.d.sync += self.y.valid.eq(1)
        with m.Elif(self.y.ready):
            m.d.sync += self.y.valid.eq(0)
        return m
