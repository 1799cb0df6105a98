# SPDX-License-Identifier: BSD-2-Clause
"""The parallel cell for several sequences in turn: a pipeline, and a memory with a state each."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hadam_hw.errors import ArchitectureError
from rtl_gen.gateware.delay import any_late, late
from rtl_gen.gateware.parallel.step import ParallelStep
from rtl_gen.gateware.words import vector_layout
from rtl_gen.plan.timing import Timing


class ContextCell(wiring.Component):
    """A step may begin in each clock, each of another context than the last :attr:`timing` ``.interval`` clocks' steps.

    With ``L`` levels in the recurrence's adder network the loop of a context is ``P = L + 5`` clocks: reading its state, the
    adders, the bias, the input, the saturation, writing. ``o`` is valid :attr:`latency` clocks after ``start``.

    Parameters
    ----------
    layer : Layer
    contexts : int
        At most ``P``: more would not make it faster.

    Raises
    ------
    ArchitectureError
        If there are more contexts than the loop has clocks.

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

    def __init__(self, layer, contexts):
        self.layer = layer
        self.contexts = contexts
        self._step = ParallelStep(layer, steady=False)
        loop = self._step.state_latency + 3
        if contexts > loop:
            raise ArchitectureError(f"Contexts must be at most the {loop} clocks of this model's loop, not {contexts}: with "
                                    f"{loop} it takes a step a clock already")
        self.timing = Timing(loop, loop, contexts)
        #: Clocks from ``start`` to ``o``: the context's phase is looked up first, and the step's result has a register.
        self.latency = self._step.latency + 3
        super().__init__({
            "start": In(1), "x": In(vector_layout(layer)), "context": In(range(contexts)), "first": In(1),
            "phase": Out(1), "o": Out(data.ArrayLayout(self._step.z[0].shape(), layer.size)), "saturated": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.step = step = self._step
        m.submodules.state = state = Memory(shape=step.z.shape().size, depth=self.contexts, init=[])
        start, context, first = (late(m, value, 1) for value in (self.start, self.context, self.first))
        m.d.comb += [step.x.eq(late(m, self.x.as_value(), 2)), step.phase.eq(self._phase(m, start, context, first))]

        # A register behind an asynchronous memory, so that `first` is its reset and costs nothing.
        read, z = state.read_port(domain="comb"), Signal(step.z.shape().size, reset_less=True)
        m.d.comb += [read.addr.eq(late(m, context, step.state_clock)), step.z.eq(z)]
        m.d.sync += z.eq(Mux(late(m, first, step.state_clock), 0, read.data))

        any_overflow, tree = any_late(m, late(m, step.overflow, 1))
        m.d.comb += self.saturated.eq(any_overflow & late(m, start, self.latency - 1 + tree))

        # The way from a limited word to two memories is as long as that from the sum to the word.
        done, write = Signal.like(step.o, reset_less=True), state.write_port()
        m.d.sync += done.eq(step.o)
        m.d.comb += [
            write.en.eq(late(m, start, self.latency - 1)), write.addr.eq(late(m, context, self.latency - 1)),
            write.data.eq(done), self.o.eq(done), self.phase.eq(late(m, step.phase, step.latency + 1))]
        return m

    def _phase(self, m, start, context, first):
        """The step's phase, a clock after ``start``: two-phase layers begin with phase 1."""
        phase = Signal()
        if len(self.layer.phases) > 1:
            previous = Signal(self.contexts, reset_less=True)
            following = first | ~previous.bit_select(context, 1)
            m.d.sync += phase.eq(following)
            with m.If(start):
                m.d.sync += previous.bit_select(context, 1).eq(following)
        return phase
