# SPDX-License-Identifier: BSD-2-Clause
"""The same constant matrix as pipelined Verilog by three ways: da4ml's, ours, and adder trees that share nothing."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.errors import ToolMissingError
from hadam_hw.recurrence import Hadamard, Ternary
from rtl_gen.design.verilog import emit_verilog
from rtl_gen.gateware.word_network import ParallelNetwork
from rtl_gen.plan.adder_graph import Adder, AdderGraph, Edge, recurrence_graph
from rtl_gen.plan.networks import WordNetworkPlan

LOW, HIGH, INPUT_WIDTH = -128, 127, 8
MODULE = "network"


@dataclass(frozen=True)
class Network:
    """Verilog of a module :data:`MODULE` with ``clk``, ``i`` and ``o``: words packed with the first one lowest.

    ``latency`` counts from ``i`` to ``o``; ``widths`` are those of the outputs.
    """

    text: str
    adders: int
    latency: int
    widths: tuple[int, ...]


def matrix_of(kind, size, seed=0):
    """A matrix to compare on: ``hadamard``, or random ``binary`` or ``ternary`` (a third zeros)."""
    if kind == "hadamard":
        return Hadamard(size, size, np.ones(size, dtype=np.int64)).matrix()
    return np.random.default_rng(seed).choice([-1, 1] if kind == "binary" else [-1, 0, 1], (size, size))


def ours(matrix, kind):
    """As our parallel cores have it: butterflies, or what our search for common sums finds."""
    size = len(matrix)
    recurrence = Hadamard(size, size, np.ones(size, dtype=np.int64)) if kind == "hadamard" else Ternary(matrix)
    return _emitted(recurrence_graph(recurrence))


def tree(matrix, kind):
    """A balanced tree of adders for each row, nothing shared."""
    adders, outputs = [], []
    for row in matrix:
        level = [Edge(column, 0, bool(value < 0)) for column, value in enumerate(row) if value]
        while len(level) > 1:
            level = [_joined(adders, len(matrix), *level[k:k + 2]) for k in range(0, len(level), 2)]
        outputs.append(level[0] if level else None)
    graph = AdderGraph(len(matrix), tuple(adders), tuple(outputs))
    if not np.array_equal(graph.matrix(), matrix):
        raise AssertionError("the trees do not compute their matrix")
    return _emitted(graph)


def _joined(adders, inputs, left, right=None):
    if right is None:
        return left
    if left.negate and not right.negate:
        left, right = right, left
    both = left.negate  # then so is the other, and the sum is negated as a whole
    adders.append(Adder(Edge(left.node), Edge(right.node, 0, right.negate and not both)))
    return Edge(inputs + len(adders) - 1, 0, both)


class _Whole(wiring.Component):
    """A network with its outputs' signs applied, flat ports."""

    def __init__(self, graph):
        self.network = ParallelNetwork(WordNetworkPlan(graph, LOW, HIGH))
        self.width = self.network.o.shape().elem_shape.width + any(self.network.negated)
        super().__init__({"i": In(INPUT_WIDTH * graph.inputs), "o": Out(self.width * len(graph.outputs))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.network = network = self.network
        m.d.comb += network.i.as_value().eq(self.i)
        for k, (word, negate) in enumerate(zip(network.o, network.negated)):
            m.d.comb += self.o[k * self.width:(k + 1) * self.width].eq(-word if negate else word)
        return m


def _emitted(graph):
    whole = _Whole(graph)
    latency, widths = whole.network.plan.latency, (whole.width,) * len(graph.outputs)
    return Network(emit_verilog(whole, MODULE), len(graph.adders), latency, widths)


def da4ml(matrix, kind):
    """What da4ml finds, as its own Verilog, a register behind every adder.

    Raises
    ------
    ToolMissingError
        If it is not installed.
    """
    if importlib.util.find_spec("da4ml") is None:
        raise ToolMissingError("Comparing needs da4ml, which is not here; install it: pip install 'hadam_hw[bench]'")
    from da4ml.cmvm import solve
    from da4ml.codegen.rtl import verilog
    from da4ml.codegen.rtl.verilog.pipeline import pipeline_logic_gen
    from da4ml.trace import FixedVariable, HWConfig, comb_trace, to_pipeline
    from da4ml.types import minimal_kif

    size = len(matrix)
    solution = solve(np.ascontiguousarray(matrix.T, dtype=np.float32), qintervals=[(float(LOW), float(HIGH), 1.0)] * size)
    settings = HWConfig(1, -1, 1)  # a clock an adder
    inputs = [FixedVariable(*interval, hwconf=settings) for interval in solution.inp_qint]
    pipeline = to_pipeline(comb_trace(inputs, list(solution(inputs))), 1, verbose=False)
    texts = pipeline_logic_gen(pipeline, "peer", timescale=None)
    sources = Path(verilog.__file__).parent / "source"
    widths = tuple(sum(minimal_kif(interval)) for interval in pipeline.out_qint)
    wrapper = (f"module {MODULE}(input clk, input [{INPUT_WIDTH * size - 1}:0] i, output [{sum(widths) - 1}:0] o);\n"
               "  peer peer(.clk(clk), .model_inp(i), .model_out(o));\nendmodule\n")
    helpers = [(sources / name).read_text() for name in ("shift_adder.v", "negative.v")]
    return Network("\n".join([*helpers, *texts.values(), wrapper]), round(solution.cost), len(pipeline.solutions) + 1, widths)


WAYS = {"da4ml": da4ml, "ours": ours, "tree": tree}
