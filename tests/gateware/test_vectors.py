# SPDX-License-Identifier: BSD-2-Clause
"""The part that makes vectors of bytes: what waits is not touched, what is lost is said once."""

import pytest
from amaranth.sim import Simulator

from rtl_gen.link.vectors import VectorAssembler
from tests.gateware.stream_rules import StreamRuleBroken, check_stream
from tests.models_for_tests import random_model

MODEL = random_model(size=8, block=4, outputs=3, inputs=3)


class Bench:
    """An assembler for vectors of three bytes, and the vectors that were taken from it."""

    def __init__(self, dut=None):
        self.dut = dut or VectorAssembler(MODEL)
        self.taken, self.overruns = [], 0

    def run(self, script):
        """``script(ctx, bench)`` with the stream's rules watched."""
        async def whole(ctx):
            await script(ctx, self)

        simulator = Simulator(self.dut)
        simulator.add_clock(1e-6)
        simulator.add_process(check_stream(self.dut.x))
        simulator.add_testbench(whole)
        simulator.run()

    async def clock(self, ctx):
        """One clock, and what happened in it."""
        self.overruns += ctx.get(self.dut.overrun)
        if ctx.get(self.dut.x.valid) and ctx.get(self.dut.x.ready):
            self.taken.append([ctx.get(self.dut.x.payload.data[k]) for k in range(3)])
        await ctx.tick()

    async def send(self, ctx, data, counted=0):
        """Bytes, each with two clocks between it and the next."""
        ctx.set(self.dut.counted, counted)
        for byte in data:
            ctx.set(self.dut.data, byte)
            ctx.set(self.dut.valid, 1)
            await self.clock(ctx)
            ctx.set(self.dut.valid, 0)
            await self.clock(ctx)
            await self.clock(ctx)
        ctx.set(self.dut.counted, 0)


async def late(ctx, bench):
    """The second vector comes while the first one waits, which is taken in its middle; the third finds all free."""
    await bench.send(ctx, b"\x01\x02\x03\x04\x05")
    ctx.set(bench.dut.x.ready, 1)
    await bench.send(ctx, b"\x06\x07\x08\x09")
    await bench.clock(ctx)


def test_a_waiting_vector_stays_and_the_one_that_came_meanwhile_is_lost_as_a_whole():
    bench = Bench()
    bench.run(late)
    assert bench.taken == [[1, 2, 3], [7, 8, 9]] and bench.overruns == 1


def test_bytes_that_only_count_change_nothing():
    async def script(ctx, bench):
        await bench.send(ctx, b"\x01\x02\x03")
        await bench.send(ctx, b"\x0a\x0b", counted=1)
        assert ctx.get(bench.dut.partial)
        await bench.send(ctx, b"\x0c", counted=1)
        ctx.set(bench.dut.x.ready, 1)
        await bench.clock(ctx)
        await bench.send(ctx, b"\x04\x05\x06")
        await bench.clock(ctx)

    bench = Bench()
    bench.run(script)
    assert bench.taken == [[1, 2, 3], [4, 5, 6]] and bench.overruns == 0


def test_bytes_that_reach_a_waiting_vector_are_seen():
    class Touching(VectorAssembler):
        """Takes every byte, as if nothing could wait."""

        def elaborate(self, platform):
            module = super().elaborate(platform)
            module.d.comb += self.x.payload.data[0].eq(self.data)
            return module

    with pytest.raises(StreamRuleBroken, match="payload changed"):
        Bench(Touching(MODEL)).run(late)
