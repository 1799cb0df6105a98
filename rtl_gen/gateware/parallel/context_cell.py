# SPDX-License-Identifier: BSD-2-Clause
"""The parallel cell for several sequences in turn: a pipeline, and a memory with a state each."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.delay import any_late, late
from rtl_gen.gateware.rendering import Rendering, render
from rtl_gen.gateware.words import vector_layout
from rtl_gen.plan.parallel import ContextPlan


class ContextCell(Rendering, renders=ContextPlan):
    """A step may begin in each clock, each of another context than the last ``plan.timing.interval`` clocks' steps.

    ``o`` is valid ``plan.latency`` clocks after ``start``.

    Parameters
    ----------
    plan : ContextPlan

    Members
    -------
    start : In(1)
        Begins a step with ``x`` in this clock.
    context : In(range(contexts))
    first : In(1)
        The step begins from a zero state.
    phase : Out(1)
        Of the step whose ``o`` is valid.
    o : Out(ArrayLayout(signed(state width), n))
        The new state.
    saturated : Out(1)
        High for one clock a step in which at least one unit saturated, some clocks after its ``o``.
    """

    def __init__(self, plan):
        self.plan = plan
        self._step = render(plan.step)
        layer, contexts = plan.layer, plan.contexts
        super().__init__({
            "start": In(1), "x": In(vector_layout(layer)), "context": In(range(contexts)), "first": In(1),
            "phase": Out(1), "o": Out(data.ArrayLayout(self._step.z[0].shape(), layer.size)), "saturated": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.step = step = self._step
        m.submodules.state = state = Memory(shape=step.z.shape().size, depth=self.plan.contexts, init=[])
        start, context, first = (late(m, value, 1) for value in (self.start, self.context, self.first))
        m.d.comb += [step.x.eq(late(m, self.x.as_value(), 2)), step.phase.eq(self._phase(m, start, context, first))]

        # A register behind an asynchronous memory, so that `first` is its reset and costs nothing.
        read, z = state.read_port(domain="comb"), Signal(step.z.shape().size, reset_less=True)
        m.d.comb += [read.addr.eq(late(m, context, step.plan.state_clock)), step.z.eq(z)]
        m.d.sync += z.eq(Mux(late(m, first, step.plan.state_clock), 0, read.data))

        any_overflow, tree = any_late(m, late(m, step.overflow, 1))
        m.d.comb += self.saturated.eq(any_overflow & late(m, start, self.plan.latency - 1 + tree))

        # The way from a limited word to two memories is as long as that from the sum to the word.
        done, write = Signal.like(step.o, reset_less=True), state.write_port()
        m.d.sync += done.eq(step.o)
        m.d.comb += [
            write.en.eq(late(m, start, self.plan.latency - 1)), write.addr.eq(late(m, context, self.plan.latency - 1)),
            write.data.eq(done), self.o.eq(done), self.phase.eq(late(m, step.phase, step.plan.latency + 1))]
        return m

    def _phase(self, m, start, context, first):
        """The step's phase, a clock after ``start``: two-phase layers begin with phase 1."""
        phase = Signal()
        if len(self.plan.layer.phases) > 1:
            previous = Signal(self.plan.contexts, reset_less=True)
            following = first | ~previous.bit_select(context, 1)
            m.d.sync += phase.eq(following)
            with m.If(start):
                m.d.sync += previous.bit_select(context, 1).eq(following)
        return phase
