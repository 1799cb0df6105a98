# SPDX-License-Identifier: BSD-2-Clause
"""Drives a core in Amaranth's simulator and writes down everything that comes out, with the clock it came in."""

from dataclasses import dataclass, field

from amaranth.sim import Simulator

from tests.gateware.stream_rules import check_stream


@dataclass
class Record:
    """What was observed: clocks are counted from reset."""

    accepted: list = field(default_factory=list)  # clocks of accepted vectors
    outputs: list = field(default_factory=list)  # (clock, value, last)
    tap: list = field(default_factory=list)  # state words


def drive_core(core, sequences, *, x_pause=lambda: 0, y_pause=lambda: 0, expected_outputs, check_count=True):
    """Sends integer sequences ([steps, inputs] each) and collects ``expected_outputs`` transfers of ``y``.

    ``x_pause`` and ``y_pause`` give the clocks to wait before each transfer.
    """
    record = Record()
    clock = 0

    async def count(ctx):
        nonlocal clock
        async for _ in ctx.tick():
            clock += 1

    async def send(ctx):
        for sequence in sequences:
            for t, vector in enumerate(sequence):
                await ctx.tick().repeat(pause) if (pause := x_pause()) else None
                ctx.set(core.x.payload, {
                    "data": [int(v) for v in vector], "first": int(t == 0), "last": int(t == len(sequence) - 1)})
                ctx.set(core.x.valid, 1)
                await ctx.tick().until(core.x.ready)
                record.accepted.append(clock)
                ctx.set(core.x.valid, 0)

    async def receive(ctx):
        for _ in range(expected_outputs):
            await ctx.tick().repeat(pause) if (pause := y_pause()) else None
            ctx.set(core.y.ready, 1)
            value, last = await ctx.tick().sample(core.y.payload.data, core.y.payload.last).until(core.y.valid)
            record.outputs.append((clock, value, last))
            ctx.set(core.y.ready, 0)
        if check_count:
            assert len(record.accepted) == sum(len(sequence) for sequence in sequences)

    async def watch(ctx):
        async for _, _, valid, word in ctx.tick().sample(core.tap.valid, core.tap.data):
            if valid:
                record.tap.append(word)

    simulator = Simulator(core)
    simulator.add_clock(1e-6)
    simulator.add_process(count)
    simulator.add_process(watch)
    simulator.add_process(check_stream(core.x))
    simulator.add_process(check_stream(core.y))
    simulator.add_testbench(send, background=True)
    simulator.add_testbench(receive)
    simulator.run()
    return record
