# SPDX-License-Identifier: BSD-2-Clause
"""One step of the recurrence as a pipeline of whole words."""

from amaranth.hdl import Const, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hadam_hw.layer import Activation
from rtl_gen.gateware.delay import late
from rtl_gen.gateware.rendering import Rendering
from rtl_gen.gateware.rounding import Saturate
from rtl_gen.gateware.word_network import ParallelNetwork
from rtl_gen.gateware.words import vector_layout
from rtl_gen.plan.parallel import StepPlan


class ParallelStep(Rendering, renders=StepPlan):
    """``o = saturate(round_shift((R z << state_shift) + (C x << input_shift) + bias, output_shift))``, or its relu.

    With ``L`` levels in the recurrence's adder network and ``M`` in the input's, ``o`` is valid ``max(L + 2, M + 1)`` clocks
    after ``x`` and ``phase``, and ``L + 2`` clocks after ``z``, which so comes ``plan.state_clock`` clocks later than they. A
    new step may enter in each clock. The recurrence's sum gets its bias first: sums of a product and a bias are alike in many
    units, synthesis makes one of what is alike, and that one has a long way to each of them.

    Where ``steady``, the inputs stay until ``o`` was taken, and nothing waits in flip-flops: the bias and the product are added
    before they are needed, and ``o`` is valid ``max(L, M + 1) + 1`` and ``L + 1`` clocks after them.

    Parameters
    ----------
    plan : StepPlan

    Members
    -------
    x : In(ArrayLayout(inputs))
    phase : In(1)
    z : In(ArrayLayout(signed(state width), n))
    o : Out(ArrayLayout(signed(state width), n))
    overflow : Out(n)
        With ``o``: the units that saturate.
    """

    def __init__(self, plan):
        self.plan = plan
        self._network = ParallelNetwork(plan.network)
        self._input_network = ParallelNetwork(plan.input_network)
        layer, state = plan.layer, plan.layer.state
        words = data.ArrayLayout(signed(state.width), layer.size)
        super().__init__({"x": In(vector_layout(layer)), "phase": In(1), "z": In(words), "o": Out(words),
                          "overflow": Out(layer.size)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.network = network = self._network
        m.submodules.input_network = input_network = self._input_network
        plan, layer, alignment, products = self.plan, self.plan.layer, self.plan.alignment, self.plan.products
        width = alignment.width
        product_clock = plan.latency - (2 if plan.steady else 1)
        wait = product_clock - plan.input_network.latency  # the product is not to come earlier than the recurrence
        phases = self._phases(m, {plan.state_clock, plan.latency - 2, product_clock, plan.latency})

        def by_phase(clock, values):
            return Mux(phases[clock], values[1], values[0]) if len(values) > 1 else values[0]

        shifts = [phase.state_shift for phase in alignment.phases]
        m.d.comb += [network.i[unit].eq(by_phase(plan.state_clock, [self.z[unit] << shift for shift in shifts]))
                     for unit in range(layer.size)]
        m.d.comb += [input_network.i[k].eq(self._late(m, self.x[k], wait)) for k in range(layer.inputs)]
        for unit in range(layer.size):
            bias = by_phase(plan.latency - 2, [Const(p.bias[unit], signed(width)) for p in alignment.phases])
            product, subtracted = None, False
            if products.units[unit] is not None:
                index, subtracted = products.units[unit]
                product = by_phase(product_clock, [
                    input_network.o[p * products.count + index] << aligned.input_shift
                    for p, aligned in enumerate(alignment.phases)])
            recurrent = network.o[unit], network.negated[unit]
            pre = Signal(signed(width), name=f"pre{unit}", reset_less=True)
            addend = Signal(signed(width), name=f"addend{unit}", reset_less=True)
            first, second = ((product, subtracted), recurrent) if plan.steady else (recurrent, (product, subtracted))
            m.d.sync += [addend.eq(_joined(bias, *first)), pre.eq(_joined(addend, *second))]

            setattr(m.submodules, f"saturate{unit}", saturate := Saturate(
                alignment, layer.state.width, relu=layer.activation is Activation.RELU))
            m.d.comb += [saturate.i.eq(pre), saturate.phase.eq(phases[plan.latency]), self.o[unit].eq(saturate.o),
                         self.overflow[unit].eq(saturate.overflow)]
        return m

    def _late(self, m, value, clocks):
        return value if self.plan.steady else late(m, value, clocks)

    def _phases(self, m, clocks):
        """The step's phase in each of ``clocks``."""
        if len(self.plan.alignment.phases) == 1:
            return dict.fromkeys(clocks, Const(0))
        found, value = {}, self.phase
        for clock in range(max(clocks) + 1):
            found[clock] = value
            value = self._late(m, value, 1)
        return found


def _joined(total, operand, subtracted):
    if operand is None:
        return total
    return total - operand if subtracted else total + operand
