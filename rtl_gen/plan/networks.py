# SPDX-License-Identifier: BSD-2-Clause
"""When and how wide each sum of an adder graph is, on digits and on whole words; no gateware in it."""

from dataclasses import dataclass
from functools import cached_property

from hadam_hw.fixed import signed_width
from rtl_gen.plan.adder_graph import AdderGraph


def split_shift(shift, digit):
    """A left shift as (whole digits, remaining bits)."""
    return divmod(shift, digit)


def longest_shift(graph, digit):
    """The largest sum of an adder graph's shifts along a path from an input to an output, each shift in whole digits."""
    longest = [0] * graph.inputs

    def behind(edge):
        return longest[edge.node] - (-edge.shift // digit)

    for adder in graph.adders:
        longest.append(max(behind(adder.left), behind(adder.right)))
    return max((behind(edge) for edge in graph.outputs if edge is not None), default=0)


@dataclass(frozen=True, eq=False)
class SerialNetworkPlan:
    """An adder graph on digit streams, ``digit`` bits a clock (:class:`rtl_gen.gateware.serial.network.SerialNetwork`).

    A shift by ``s`` bits is a delay of the stream: the low digits of the shifted word are the ``ceil(s / digit)`` digits in
    front of it, which must be 0. If a sum is shifted, they are sums of digits in front of its own operands, and so on. So
    with ``P`` the largest sum of ``ceil(s / digit)`` over the edges of a path from an input to an output

    - the digits of an input must be 0 in the last ``P`` clocks before a word, and
    - the carries must be cleared in the last ``P + 1``: it takes a clock to load a carry, and a carry once loaded stays while
      zeros are added. The longest way behind an adder is at most ``P``.

    Delays that only let operands meet need no zeros: each digit of theirs is used in a clock of its own word.
    """

    graph: AdderGraph
    digit: int

    @cached_property
    def times(self):
        """For each node the clock in which its digit 0 is there, the inputs' being 0."""
        times = [0] * self.graph.inputs
        for adder in self.graph.adders:
            times.append(1 + max(0, *(_early(times, edge, self.digit) for edge in (adder.left, adder.right))))
        return tuple(times)

    @cached_property
    def latency(self):
        """Clocks from digit ``j`` of every input to digit ``j`` of every output."""
        return max([0, *(_early(self.times, edge, self.digit) for edge in self.graph.outputs if edge is not None)])

    @cached_property
    def gap(self):
        """``P + 1``: clocks between two words, at least; digits of inputs are 0 in all but the first of them."""
        return 1 + longest_shift(self.graph, self.digit)

    def delay(self, edge, when):
        """Clocks by which the node's stream is delayed so that the shifted value's digit 0 comes in clock ``when``."""
        return when - _early(self.times, edge, self.digit)

    @cached_property
    def registers(self):
        """Registers of a digit that delay operands and outputs; what is left of a shift beyond whole digits takes one too."""
        longest = {}  # of a node's delays: the shorter ones are taken on the way
        for edge, when in _uses(self.graph, self.times, self.latency):
            delay = self.delay(edge, when) + (split_shift(edge.shift, self.digit)[1] > 0)
            longest[edge.node] = max(longest.get(edge.node, 0), delay)
        return sum(longest.values())


@dataclass(frozen=True, eq=False)
class WordNetworkPlan:
    """An adder graph on whole words between ``low`` and ``high`` (:class:`rtl_gen.gateware.word_network.ParallelNetwork`)."""

    graph: AdderGraph
    low: int
    high: int

    @cached_property
    def widths(self):
        """Bits of each node."""
        return tuple(signed_width(negative * self.high + positive * self.low, negative * self.low + positive * self.high)
                     for negative, positive in self.graph.node_bounds)

    @cached_property
    def width(self):
        """Bits of an output."""
        return max((self.widths[edge.node] + edge.shift for edge in self._ends), default=1)

    @cached_property
    def latency(self):
        """Clocks from the inputs to the outputs."""
        return max((self.graph.levels[edge.node] for edge in self._ends), default=0)

    @property
    def sums(self):
        """Bits of all sums."""
        return sum(width for width, adder in self._sized if not adder.right.negate)

    @property
    def differences(self):
        """Bits of all differences."""
        return sum(width for width, adder in self._sized if adder.right.negate)

    @property
    def delays(self):
        """Bits of the registers that delay operands and outputs."""
        levels, longest = self.graph.levels, {}
        for edge, when in _uses(self.graph, levels, self.latency):
            longest[edge.node] = max(longest.get(edge.node, 0), when - levels[edge.node])
        return sum(self.widths[node] * delay for node, delay in longest.items())

    @property
    def _ends(self):
        return [edge for edge in self.graph.outputs if edge is not None]

    @property
    def _sized(self):
        return list(zip(self.widths[self.graph.inputs:], self.graph.adders))


def _early(times, edge, digit):
    """The first clock in which the shifted value's digit 0 could be taken from the node's stream."""
    return times[edge.node] - split_shift(edge.shift, digit)[0]


def _uses(graph, times, latency):
    """Each edge of the graph with the clock in which it is taken."""
    for k, adder in enumerate(graph.adders):
        yield from ((edge, times[graph.inputs + k] - 1) for edge in (adder.left, adder.right))
    yield from ((edge, latency) for edge in graph.outputs if edge is not None)
