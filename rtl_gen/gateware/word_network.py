# SPDX-License-Identifier: BSD-2-Clause
"""An adder graph on whole words."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out


class ParallelNetwork(wiring.Component):
    """An adder graph on whole words: every adder registered and as wide as its values need.

    Operands that come early are delayed, so that a new vector may enter in each clock; the outputs are valid
    ``plan.latency`` clocks later. The outputs' signs are not applied: who adds an output takes :attr:`negated` as its
    subtraction.

    Parameters
    ----------
    plan : WordNetworkPlan

    Members
    -------
    i : In(ArrayLayout(signed, inputs))
    o : Out(ArrayLayout(signed, outputs))
    """

    def __init__(self, plan):
        self.plan = plan
        self.negated = tuple(edge is not None and edge.negate for edge in plan.graph.outputs)
        super().__init__({
            "i": In(data.ArrayLayout(signed(plan.widths[0]), plan.graph.inputs)),
            "o": Out(data.ArrayLayout(signed(plan.width), len(plan.graph.outputs))),
        })

    def elaborate(self, platform):
        m = Module()
        graph = self.plan.graph
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
            total = Signal(signed(self.plan.widths[node]), name=f"node{node}", reset_less=True)
            level = graph.levels[node] - 1
            left, right = take(adder.left, level), take(adder.right, level)
            m.d.sync += total.eq(left - right if adder.right.negate else left + right)
            words.append([total])
        m.d.comb += [self.o[k].eq(0 if edge is None else take(edge, self.plan.latency))
                     for k, edge in enumerate(graph.outputs)]
        return m
