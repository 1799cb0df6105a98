# SPDX-License-Identifier: BSD-2-Clause
"""Products without a multiplier: an operand that moves left, and accumulators that add it where their code has a bit."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.delay import late
from rtl_gen.gateware.readout.choice import chosen
from rtl_gen.gateware.readout.sequencer import of_stage


class Accumulators(wiring.Component):
    """``lanes`` sums of products with one vector, and the way out: a lane's sum, or its requantisation.

    The operand is an element of the vector, or 1, and moves left a bit a clock. A lane adds it where ``code`` has its bit. The
    top bit of a code counts negative in two's complement: with it the operand is inverted once for all lanes, and the adders
    have a carry in.

    Latency: ``load``, ``load_one`` and ``top`` come a clock before the ``code`` that they belong to. A sum has what ``code``
    adds a clock after it. ``sum`` is of the lane that was chosen ``plan.choice`` clocks before, ``activation`` of the one that
    was chosen two clocks before.

    Parameters
    ----------
    plan : ReadoutPlan

    Members
    -------
    element : In(vector_width)
    load : In(1)
        The operand becomes ``element``.
    load_one : In(1)
        The operand becomes the lowest bit of a bias of the stage.
    top : In(1)
        The operand moves and is inverted: this is the top bit of a code. Not together with a load.
    stage : In(range(stages))
    code : In(lanes)
    clear : In(1)
        Lanes whose ``code`` is high become 0 instead.
    lane : In(lanes)
    sum : Out(signed)
        Of the last stage.
    activation : Out
        Of the hidden stages.
    """

    def __init__(self, plan):
        self.plan = plan
        super().__init__({
            "element": In(plan.vector_width), "load": In(1), "load_one": In(1), "top": In(1),
            "stage": In(range(len(plan.stages))), "code": In(plan.lanes), "clear": In(1),
            "lane": In(plan.lanes), "sum": Out(signed(plan.stages[-1].width)),
        } | ({"activation": Out(plan.activation_width)} if plan.hidden else {}))

    def elaborate(self, platform):
        m = Module()
        plan = self.plan
        addend, subtract = self._operand(m)
        sums = []
        for lane, width in enumerate(plan.accumulator_widths):
            total = Signal(width, name=f"sum{lane}", reset_less=True)
            # The adder is nothing but an adder, and the bit of the code an enable: a cell a bit.
            with m.If(self.code[lane]):
                m.d.sync += total.eq((Cat(Const(1, 1), total) + Cat(subtract, addend[:width]))[1:])
                with m.If(self.clear):
                    m.d.sync += total.eq(0)
            sums.append(total)

        exact = [total[:len(self.sum)] for total in sums[:plan.last_lanes]]
        m.d.comb += self.sum.eq((chosen(m, exact, self.lane, "exact") if plan.choice else exact[0]).as_signed())
        if plan.hidden:
            inexact = [total[plan.hidden_shift:plan.hidden_width] for total in sums]
            self._requantize(m, chosen(m, inexact, self.lane, "inexact"))
        return m

    def _operand(self, m):
        """(the operand, with its sign beyond; the carry in)."""
        plan = self.plan
        operand, subtract = Signal(plan.operand_width, reset_less=True), late(m, self.top, 1)
        element = self.element.as_signed() if plan.signed else self.element
        m.d.sync += operand.eq(Mux(self.load, element, operand << 1) ^ self.top.replicate(len(operand)))
        with m.If(self.load_one):
            m.d.sync += operand.eq(of_stage(self.stage, [1 << stage.bias_zeros for stage in plan.stages]))
        sign = operand[-1] if plan.signed else subtract
        return Cat(operand, sign.replicate(max(plan.accumulator_widths))), subtract

    def _requantize(self, m, value):
        """``value`` is a sum from bit ``hidden_shift`` up. Half a unit was added with the bias, so no bit below counts."""
        plan = self.plan
        magnitude, windows, exceeds, most = value[:-1], [], [], []
        for stage in plan.stages[:-1]:
            kept = magnitude[stage.shift - plan.hidden_shift:]
            windows.append(kept[:stage.activation_width])
            exceeds.append(kept[stage.activation_width:].any())
            most.append((1 << stage.activation_width) - 1)
        clipped = [window | Mux(exceed, maximum, 0) for window, exceed, maximum in zip(windows, exceeds, most)]
        # The next stage may have begun when a sum comes out of the choice.
        m.d.sync += self.activation.eq(of_stage(late(m, self.stage, 1), clipped))
        with m.If(value[-1]):
            m.d.sync += self.activation.eq(0)
