# SPDX-License-Identifier: BSD-2-Clause
"""Digit-serial adders, and an adder graph made of them.

A *digit stream* carries words least significant digit first, ``digit`` bits a clock. Streams of many words that move
together are bundled by bit position: a port of ``digit`` fields of ``count`` bits each, field ``j`` holding bit ``j`` of
the current digit of every word. One statement on such a field is then an operation on all words at once.
"""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.words import gather
from rtl_gen.plan.networks import split_shift


def bundle(digit, count):
    """The shape of ``count`` digit streams that move together: ``digit`` fields of ``count`` bits."""
    return data.ArrayLayout(count, digit)


class SerialAdders(wiring.Component):
    """``count`` digit-serial adders: ``o = a + b``, or ``a - b`` where ``subtract`` says so. Latency 1 clock.

    The carry is a register; ``clear`` high in the clock before the first digit (or in any clock between words) loads it
    with 0, or with 1 for a subtraction. While both operands are 0 and ``clear`` is high the sum is 0 as well, so that
    zeros in front of a word stay zeros. Nothing here is reset: ``clear`` and the zeros between words flush it.

    On iCE40 an adder of one bit costs two logic cells, a subtraction no more than an addition: the inversion is part of
    the look-up table. Longer digits are chained look-up tables on purpose: the carry chain wastes a cell at the start
    of each short chain.

    Members
    -------
    a, b : In(bundle)
    clear : In(1)
    o : Out(bundle)
    """

    def __init__(self, digit, subtract):
        self.digit = digit
        self.subtract = tuple(bool(bit) for bit in subtract)
        shape = bundle(digit, len(self.subtract))
        super().__init__({"a": In(shape), "b": In(shape), "clear": In(1), "o": Out(shape)})

    def elaborate(self, platform):
        m = Module()
        count = len(self.subtract)
        inverted = Const(sum(bit << i for i, bit in enumerate(self.subtract)), count)
        carry = Signal(count, init=inverted.value, reset_less=True)
        running = carry
        for j, (a, b) in enumerate(zip(self.a, self.b)):
            operand = b ^ inverted
            total = Signal(count, name=f"sum{j}", reset_less=True)
            m.d.sync += total.eq(a ^ operand ^ running)
            m.d.comb += self.o[j].eq(total)
            running = (a & operand) | (running & (a ^ operand))
        # Not `If(clear)`: that would become the flip-flops' reset, a net for each level, and on iCE40 the eight cells of a
        # tile share theirs: placing a chip that is 80 % full took forever. Here it is the fourth input of a look-up table.
        clear = self.clear.replicate(count)
        m.d.sync += carry.eq((running & ~clear) | (inverted & clear))
        return m


class SerialNetwork(wiring.Component):
    """An adder graph on digit streams: every adder registered, operands that come early delayed to meet.

    The outputs' signs are not applied: who adds an output takes :attr:`negated` as its subtraction.

    Digit ``j`` of every output is valid ``plan.latency`` clocks after digit ``j`` of every input. Between two words there are
    at least ``plan.gap`` clocks; the digits on ``i`` are 0 in all but the first of them.

    Parameters
    ----------
    plan : SerialNetworkPlan

    Members
    -------
    i : In(bundle)
        One word an input of the graph.
    clear : In(1)
        Low while the digits of a word are on ``i``, high in at least ``plan.gap`` clocks between two words.
    o : Out(bundle)
        One word an output of the graph; 0 where the graph's output is constant.
    """

    def __init__(self, plan):
        self.plan = plan
        graph, digit = plan.graph, plan.digit
        self.negated = tuple(edge is not None and edge.negate for edge in graph.outputs)
        super().__init__({"i": In(bundle(digit, graph.inputs)), "clear": In(1), "o": Out(bundle(digit, len(graph.outputs)))})

    def elaborate(self, platform):
        m = Module()
        plan, digit, graph = self.plan, self.plan.digit, self.plan.graph
        # The fields that a node is a bit of, and which. streams[node][d]: its digit, a Value of `digit` bits, d clocks late.
        origins = {k: (self.i, k) for k in range(graph.inputs)}
        streams = {k: [Cat(field[k] for field in self.i)] for k in range(graph.inputs)}

        def late(node, clocks):
            stream = streams[node]
            while len(stream) <= clocks:
                delayed = Signal(digit, name=f"node{node}_late{len(stream)}", reset_less=True)
                m.d.sync += delayed.eq(stream[-1])
                stream.append(delayed)
            return stream[clocks]

        def take(edge, when):
            delay = plan.delay(edge, when)
            rest = split_shift(edge.shift, digit)[1]
            if not rest:
                return late(edge.node, delay)
            return Cat(late(edge.node, delay + 1)[digit - rest:], late(edge.node, delay)[:digit - rest])

        levels = {}
        for time in range(1, max(plan.times, default=0) + 1):
            members = [node for node in range(graph.inputs, len(plan.times)) if plan.times[node] == time]
            adders = [graph.adders[node - graph.inputs] for node in members]
            m.submodules[f"level{time}"] = level = SerialAdders(digit, [adder.right.negate for adder in adders])
            levels[time] = level, adders
            for k, node in enumerate(members):
                origins[node] = level.o, k
                streams[node] = [Cat(field[k] for field in level.o)]

        def bundled(edges, when):
            """The fields of the streams that ``edges`` name."""
            sources = {id(origins[edge.node][0]) for edge in edges}
            if len(sources) == 1 and not any(edge.shift or plan.delay(edge, when) for edge in edges):
                source, places = origins[edges[0].node][0], [origins[edge.node][1] for edge in edges]
                return [gather(field, places) for field in source]
            words = [take(edge, when) for edge in edges]
            return [Cat(word[j] for word in words) for j in range(digit)]

        # Connected only now: a shifted operand may come from the same level, or even a later one.
        clear = self.clear
        for time, (level, adders) in levels.items():
            m.d.comb += [a.eq(left) for a, left in zip(level.a, bundled([adder.left for adder in adders], time - 1))]
            m.d.comb += [b.eq(right) for b, right in zip(level.b, bundled([adder.right for adder in adders], time - 1))]
            m.d.comb += level.clear.eq(clear)
            delayed_clear = Signal(name=f"clear{time}", init=1)
            m.d.sync += delayed_clear.eq(clear)
            clear = delayed_clear
        words = [Const(0, digit) if edge is None else take(edge, plan.latency) for edge in graph.outputs]
        for j, field in enumerate(self.o):
            m.d.comb += field.eq(Cat(word[j] for word in words))
        return m
