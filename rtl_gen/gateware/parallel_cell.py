# SPDX-License-Identifier: BSD-2-Clause
"""The parallel cell: whole words, every adder registered, the state in registers."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.fixed import signed_width
from hadam_hw.model import Activation
from rtl_gen.adder_graph import recurrence_graph
from rtl_gen.arch import Timing
from rtl_gen.gateware.alignment import align, input_products
from rtl_gen.gateware.rounding import Saturate
from rtl_gen.gateware.selector import Selector, late
from rtl_gen.gateware.words import vector_layout, word_signature


class ParallelNetwork(wiring.Component):
    """An adder graph on whole words: every adder registered and as wide as its values need.

    Operands that come early are delayed, so that a new vector may enter in each clock; the outputs are valid
    :attr:`latency` clocks later. The outputs' signs are not applied: who adds an output takes :attr:`negated` as its
    subtraction.

    Parameters
    ----------
    graph : AdderGraph
    low, high : int
        The range of every input.

    Members
    -------
    i : In(ArrayLayout(signed, inputs))
    o : Out(ArrayLayout(signed, outputs))
    """

    def __init__(self, graph, low, high):
        self.graph = graph
        edges = [edge for edge in graph.outputs if edge is not None]
        self.latency = max((graph.levels[edge.node] for edge in edges), default=0)
        self.negated = tuple(edge is not None and edge.negate for edge in graph.outputs)
        self._widths = [signed_width(negative * high + positive * low, negative * low + positive * high)
                        for negative, positive in graph.node_bounds]
        width = max((self._widths[edge.node] + edge.shift for edge in edges), default=1)
        super().__init__({
            "i": In(data.ArrayLayout(signed(self._widths[0]), graph.inputs)),
            "o": Out(data.ArrayLayout(signed(width), len(graph.outputs))),
        })

    def elaborate(self, platform):
        m = Module()
        graph = self.graph
        words = [[self.i[k]] for k in range(graph.inputs)]

        def take(edge, level):
            word = words[edge.node]
            while len(word) <= level - graph.levels[edge.node]:
                delayed = Signal.like(word[-1], name=f"node{edge.node}_late{len(word)}", reset_less=True)
                m.d.sync += delayed.eq(word[-1])
                word.append(delayed)
            return word[level - graph.levels[edge.node]] << edge.shift

        for k, adder in enumerate(graph.adders):
            node = graph.inputs + k
            total = Signal(signed(self._widths[node]), name=f"node{node}", reset_less=True)
            level = graph.levels[node] - 1
            left, right = take(adder.left, level), take(adder.right, level)
            m.d.sync += total.eq(left - right if adder.right.negate else left + right)
            words.append([total])
        m.d.comb += [self.o[k].eq(0 if edge is None else take(edge, self.latency))
                     for k, edge in enumerate(graph.outputs)]
        return m


class ParallelCell(wiring.Component):
    """One step of the recurrence on whole words, and the state word by word when asked for.

    Computes what :class:`rtl_gen.gateware.serial_cell.SerialCell` computes, with the same members. With ``L`` levels in
    the recurrence's adder network and ``M`` in the input's, a step takes ``max(L, M + 1) + 2`` clocks: the sum and the
    saturation are a register each. Unloading takes a clock a unit.

    Parameters
    ----------
    model : QuantizedModel
    """

    def __init__(self, model):
        self.model = model
        self.alignment = align(model, None)
        self.products = input_products(model)
        most = max(phase.state_shift for phase in self.alignment.phases)
        state, source = model.state, model.input
        self._network = ParallelNetwork(recurrence_graph(model.recurrence), state.minimum << most, state.maximum << most)
        self._input_network = ParallelNetwork(self.products.graph, min(source.minimum, -1), source.maximum)
        self._selector = Selector(model.size, state.width)
        interval = max(self._network.latency, self._input_network.latency + 1) + 2
        self.timing = Timing(interval, interval)
        #: Clocks from ``unload`` to the one in which the last word is valid.
        self.unload_cycles = model.size + self._selector.latency
        #: Clocks from ``unload`` to the one in which the cell is ready again.
        self.unload_interval = model.size + 1
        super().__init__({
            "start": In(1), "x": In(vector_layout(model)), "phase": In(1), "first": In(1), "unload": In(1),
            "ready": Out(1), "z": Out(word_signature(state.width)),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.network = network = self._network
        m.submodules.input_network = input_network = self._input_network
        model, interval = self.model, self.timing.interval
        units = range(model.size)
        state = [Signal(signed(model.state.width), name=f"state{unit}", reset_less=True) for unit in units]
        x = Signal.like(self.x)
        phase = Signal()
        count = Signal(range(interval + 1), init=interval)
        updating = Signal()

        def by_phase(values):
            return Mux(phase, values[1], values[0]) if len(values) > 1 else values[0]

        with m.If(count != interval):
            m.d.sync += count.eq(count + 1)
        m.d.sync += updating.eq(count == interval - 1)
        next_state = self._next_state(m, phase, by_phase)
        with m.If(updating):
            m.d.sync += [word.eq(new) for word, new in zip(state, next_state)]
        with m.If(self.start):
            m.d.sync += [count.eq(1), x.eq(self.x), phase.eq(self.phase)]
            with m.If(self.first):
                m.d.sync += [word.eq(0) for word in state]

        m.d.comb += [network.i[unit].eq(by_phase([state[unit] << p.state_shift for p in self.alignment.phases]))
                     for unit in units]
        m.d.comb += [input_network.i[k].eq(x[k]) for k in range(model.inputs)]
        self._unload(m, state, count == interval)
        return m

    def _next_state(self, m, phase, by_phase):
        """The words to be loaded: sum, rounding, saturation."""
        words = []
        for unit in range(self.model.size):
            addend = Signal(signed(self.alignment.width), name=f"addend{unit}", reset_less=True)
            bias = by_phase([Const(p.bias[unit], signed(self.alignment.width)) for p in self.alignment.phases])
            if self.products.units[unit] is None:
                m.d.sync += addend.eq(bias)
            else:
                index, negate = self.products.units[unit]
                product = by_phase([self._input_network.o[p * self.products.count + index] << aligned.input_shift
                                    for p, aligned in enumerate(self.alignment.phases)])
                m.d.sync += addend.eq(bias - product if negate else bias + product)
            pre = Signal(signed(self.alignment.width), name=f"pre{unit}", reset_less=True)
            recurrent = self._network.o[unit]
            m.d.sync += pre.eq(addend - recurrent if self._network.negated[unit] else addend + recurrent)

            setattr(m.submodules, f"saturate{unit}", saturate := Saturate(
                self.alignment, self.model.state.width, relu=self.model.activation is Activation.RELU))
            m.d.comb += [saturate.i.eq(pre), saturate.phase.eq(phase)]
            words.append(saturate.o)
        return words

    def _unload(self, m, state, idle):
        unit = Signal(range(self.model.size))
        unloading = Signal()
        m.submodules.selector = selector = self._selector
        m.d.comb += [self.ready.eq(idle & ~unloading), selector.unit.eq(unit),
                     self.z.valid.eq(late(m, unloading, selector.latency)), self.z.data.eq(selector.o)]
        m.d.comb += [field.eq(Cat(word[j] for word in state)) for j, field in enumerate(selector.i)]
        with m.If(self.unload):
            m.d.sync += unloading.eq(1)
        with m.If(unloading):
            m.d.sync += unit.eq(unit + 1)
            with m.If(unit == self.model.size - 1):
                m.d.sync += [unit.eq(0), unloading.eq(0)]

