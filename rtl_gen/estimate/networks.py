# SPDX-License-Identifier: BSD-2-Clause
"""Adders and delays of an adder graph's network, counted from the graph: what the gateware's networks will be made of."""

from dataclasses import dataclass

from hadam_hw.fixed import signed_width


@dataclass(frozen=True)
class WordNetwork:
    """A network on whole words: bits of sums, of differences, and of registers that delay operands; bits of an output."""

    sums: int
    differences: int
    delays: int
    width: int


def _uses(graph, times, latency):
    """Each edge of the graph with the clock in which it is taken."""
    for k, adder in enumerate(graph.adders):
        yield from ((edge, times[graph.inputs + k] - 1) for edge in (adder.left, adder.right))
    yield from ((edge, latency) for edge in graph.outputs if edge is not None)


def word_network(graph, low, high):
    """The :class:`WordNetwork` of inputs between ``low`` and ``high``."""
    widths = [signed_width(negative * high + positive * low, negative * low + positive * high)
              for negative, positive in graph.node_bounds]
    ends = [edge for edge in graph.outputs if edge is not None]
    latency = max((graph.levels[edge.node] for edge in ends), default=0)
    longest = {}  # of a node's delays: the shorter ones are taken on the way
    for edge, when in _uses(graph, graph.levels, latency):
        longest[edge.node] = max(longest.get(edge.node, 0), when - graph.levels[edge.node])
    each = list(zip(widths[graph.inputs:], graph.adders))
    return WordNetwork(
        sum(width for width, adder in each if not adder.right.negate),
        sum(width for width, adder in each if adder.right.negate),
        sum(widths[node] * delay for node, delay in longest.items()),
        max((widths[edge.node] + edge.shift for edge in ends), default=1))


def serial_delays(graph, digit):
    """Registers of a digit that delay operands and outputs of a digit-serial network; a shift of an edge is a delay too."""
    times = [0] * graph.inputs

    def early(edge):
        return times[edge.node] - edge.shift // digit

    for adder in graph.adders:
        times.append(1 + max(0, early(adder.left), early(adder.right)))
    latency = max([0, *(early(edge) for edge in graph.outputs if edge is not None)])
    longest = {}
    for edge, when in _uses(graph, times, latency):
        longest[edge.node] = max(longest.get(edge.node, 0), when - early(edge) + (edge.shift % digit > 0))
    return sum(longest.values())
