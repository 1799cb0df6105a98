# SPDX-License-Identifier: BSD-2-Clause
"""Wires between wide words: the right ones, and emitted as operations on whole words."""

import random

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from hadam_hw.recurrence import Hadamard
from rtl_gen.design.verilog import emit_verilog
from rtl_gen.gateware.serial.network import SerialNetwork
from rtl_gen.gateware.words import gather
from rtl_gen.plan.adder_graph import recurrence_graph
from rtl_gen.plan.networks import SerialNetworkPlan

WIDTH = 96


class Gathering(wiring.Component):
    def __init__(self, places):
        self.places = places
        super().__init__({"i": In(WIDTH), "o": Out(len(places))})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(gather(self.i, self.places))
        return m


@pytest.mark.parametrize("places", [
    range(WIDTH), [i ^ 16 for i in range(WIDTH)], [i & ~4 for i in range(WIDTH)], [i | 32 for i in range(64)],
    range(40, 90), [5], [3] * 20, random.Random(1).sample(range(WIDTH), 50),
], ids=["all", "swapped", "low", "high", "slice", "one", "copies", "mixed"])
def test_gathered_bits_are_the_places_bits(places):
    value = random.Random(0).getrandbits(WIDTH)
    gathering = Gathering(list(places))
    seen = []

    async def bench(ctx):
        ctx.set(gathering.i, value)
        seen.append(ctx.get(gathering.o))

    simulator = Simulator(gathering)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [sum((value >> place & 1) << i for i, place in enumerate(places))]


def test_a_network_of_butterflies_is_emitted_as_operations_on_whole_words():
    # Bit by bit, the virtual board and every simulation take three times as long.
    size = 128
    signs = np.random.default_rng(0).choice(np.array([-1, 1], dtype=np.int8), size)
    text = emit_verilog(SerialNetwork(SerialNetworkPlan(recurrence_graph(Hadamard(size, 64, signs)), 1)), "network")
    operations = [line for line in text.splitlines() if line.startswith("  assign") and line.count("[") > size // 2]
    assert len(operations) <= 2, operations  # the order of the outputs, and its alias
