# SPDX-License-Identifier: BSD-2-Clause
"""One step of the recurrence as a pipeline of whole words."""

from amaranth.hdl import Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.layer import Activation
from rtl_gen.gateware.delay import late
from rtl_gen.gateware.rounding import Saturate
from rtl_gen.gateware.word_network import ParallelNetwork
from rtl_gen.gateware.words import vector_layout
from rtl_gen.plan.adder_graph import recurrence_graph
from rtl_gen.plan.alignment import align, input_products
from rtl_gen.plan.networks import WordNetworkPlan


class ParallelStep(wiring.Component):
    """``o = saturate(round_shift((R z << state_shift) + (C x << input_shift) + bias, output_shift))``, or its relu.

    With ``L`` levels in the recurrence's adder network and ``M`` in the input's, ``o`` is valid ``max(L + 2, M + 1)`` clocks
    after ``x`` and ``phase``, and ``L + 2`` clocks after ``z``, which so comes :attr:`state_clock` clocks later than they. A
    new step may enter in each clock. The recurrence's sum gets its bias first: sums of a product and a bias are alike in many
    units, synthesis makes one of what is alike, and that one has a long way to each of them.

    Where ``steady``, the inputs stay until ``o`` was taken, and nothing waits in flip-flops: the bias and the product are added
    before they are needed, and ``o`` is valid ``max(L, M + 1) + 1`` and ``L + 1`` clocks after them.

    Parameters
    ----------
    layer : Layer
    steady : bool

    Members
    -------
    x : In(ArrayLayout(inputs))
    phase : In(1)
    z : In(ArrayLayout(signed(state width), n))
    o : Out(ArrayLayout(signed(state width), n))
    overflow : Out(n)
        With ``o``: the units that saturate.
    """

    def __init__(self, layer, *, steady):
        self.layer = layer
        self.steady = steady
        self.alignment = align(layer, None)
        self.products = input_products(layer)
        most = max(phase.state_shift for phase in self.alignment.phases)
        state, source = layer.state, layer.input
        self._network = ParallelNetwork(WordNetworkPlan(
            recurrence_graph(layer.recurrence), state.minimum << most, state.maximum << most))
        self._input_network = ParallelNetwork(WordNetworkPlan(
            self.products.graph, min(source.minimum, -1), source.maximum))
        #: Clocks from ``z`` to ``o``.
        self.state_latency = self._network.plan.latency + (1 if steady else 2)
        #: Clocks from ``x`` to ``o``.
        self.latency = max(self.state_latency, self._input_network.plan.latency + (2 if steady else 1))
        #: Clocks from ``x`` to ``z``.
        self.state_clock = self.latency - self.state_latency
        words = data.ArrayLayout(signed(state.width), layer.size)
        super().__init__({"x": In(vector_layout(layer)), "phase": In(1), "z": In(words), "o": Out(words),
                          "overflow": Out(layer.size)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.network = network = self._network
        m.submodules.input_network = input_network = self._input_network
        layer, width = self.layer, self.alignment.width
        product_clock = self.latency - (2 if self.steady else 1)
        wait = product_clock - input_network.plan.latency  # the product is not to come earlier than the recurrence
        phases = self._phases(m, {self.state_clock, self.latency - 2, product_clock, self.latency})

        def by_phase(clock, values):
            return Mux(phases[clock], values[1], values[0]) if len(values) > 1 else values[0]

        shifts = [phase.state_shift for phase in self.alignment.phases]
        m.d.comb += [network.i[unit].eq(by_phase(self.state_clock, [self.z[unit] << shift for shift in shifts]))
                     for unit in range(layer.size)]
        m.d.comb += [input_network.i[k].eq(self._late(m, self.x[k], wait)) for k in range(layer.inputs)]
        for unit in range(layer.size):
            bias = by_phase(self.latency - 2, [Const(p.bias[unit], signed(width)) for p in self.alignment.phases])
            product, subtracted = None, False
            if self.products.units[unit] is not None:
                index, subtracted = self.products.units[unit]
                product = by_phase(product_clock, [
                    input_network.o[p * self.products.count + index] << aligned.input_shift
                    for p, aligned in enumerate(self.alignment.phases)])
            recurrent = network.o[unit], network.negated[unit]
            pre = Signal(signed(width), name=f"pre{unit}", reset_less=True)
            addend = Signal(signed(width), name=f"addend{unit}", reset_less=True)
            first, second = ((product, subtracted), recurrent) if self.steady else (recurrent, (product, subtracted))
            m.d.sync += [addend.eq(_joined(bias, *first)), pre.eq(_joined(addend, *second))]

            setattr(m.submodules, f"saturate{unit}", saturate := Saturate(
                self.alignment, layer.state.width, relu=layer.activation is Activation.RELU))
            m.d.comb += [saturate.i.eq(pre), saturate.phase.eq(phases[self.latency]), self.o[unit].eq(saturate.o),
                         self.overflow[unit].eq(saturate.overflow)]
        return m

    def _late(self, m, value, clocks):
        return value if self.steady else late(m, value, clocks)

    def _phases(self, m, clocks):
        """The step's phase in each of ``clocks``."""
        if len(self.alignment.phases) == 1:
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
