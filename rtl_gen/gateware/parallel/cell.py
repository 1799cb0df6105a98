# SPDX-License-Identifier: BSD-2-Clause
"""The parallel cell: whole words, every adder registered, the state in registers."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.delay import any_late, late
from rtl_gen.gateware.rendering import Rendering, render
from rtl_gen.gateware.selector import Selector
from rtl_gen.gateware.words import vector_layout, word_signature
from rtl_gen.plan.parallel import ParallelPlan


class ParallelCell(Rendering, renders=ParallelPlan):
    """One step of the recurrence on whole words, and the state word by word when asked for.

    Computes what :class:`rtl_gen.gateware.serial.cell.SerialCell` computes, with the same members. Where a cell above takes
    its states there is one more member, ``copied``, the rectified state.

    Parameters
    ----------
    plan : ParallelPlan
    """

    def __init__(self, plan):
        self.plan = plan
        self.layer = layer = plan.layer
        self._step = render(plan.step)
        self._selector = Selector(layer.size, layer.state.width)
        super().__init__({
            "start": In(1), "x": In(vector_layout(layer)), "phase": In(1), "first": In(1), "unload": In(1),
            "ready": Out(1), "z": Out(word_signature(layer.state.width)), "saturated": Out(1),
        } | ({"copied": Out(data.ArrayLayout(layer.state.width - 1, layer.size))} if plan.copies else {}))

    def elaborate(self, platform):
        m = Module()
        m.submodules.step = step = self._step
        layer, interval = self.layer, self.plan.timing.interval
        state = [Signal(signed(layer.state.width), name=f"state{unit}", reset_less=True) for unit in range(layer.size)]
        x = Signal.like(self.x)
        phase = Signal()
        count = Signal(range(interval + 1), init=interval)
        updating = Signal()
        with m.If(count != interval):
            m.d.sync += count.eq(count + 1)
        m.d.sync += updating.eq(count == interval - 1)
        with m.If(updating):
            m.d.sync += [word.eq(new) for word, new in zip(state, step.o)]
        any_overflow, latency = any_late(m, step.overflow)
        m.d.comb += self.saturated.eq(any_overflow & late(m, updating, latency))
        with m.If(self.start):
            m.d.sync += [count.eq(1), x.eq(self.x), phase.eq(self.phase)]
            with m.If(self.first):
                m.d.sync += [word.eq(0) for word in state]
        m.d.comb += [step.x.eq(x), step.phase.eq(phase), *(field.eq(word) for field, word in zip(step.z, state))]
        if self.plan.copies:
            m.d.comb += [field.eq(Mux(word[-1], 0, word[:-1])) for field, word in zip(self.copied, state)]
        self._unload(m, state, count == interval)
        return m

    def _unload(self, m, state, idle):
        unit = Signal(range(self.layer.size))
        unloading = Signal()
        m.submodules.selector = selector = self._selector
        m.d.comb += [self.ready.eq(idle & ~unloading), selector.unit.eq(unit),
                     self.z.valid.eq(late(m, unloading, selector.latency)), self.z.data.eq(selector.o)]
        m.d.comb += [field.eq(Cat(word[j] for word in state)) for j, field in enumerate(selector.i)]
        with m.If(self.unload):
            m.d.sync += unloading.eq(1)
        with m.If(unloading):
            m.d.sync += unit.eq(unit + 1)
            with m.If(unit == self.layer.size - 1):
                m.d.sync += [unit.eq(0), unloading.eq(0)]
