# SPDX-License-Identifier: BSD-2-Clause
"""Drives a core in Amaranth's simulator and writes down everything that comes out, with the clock it came in."""

from dataclasses import dataclass, field

from amaranth.sim import Simulator

from sim.turns import take_turns
from tests.gateware.stream_rules import check_stream


@dataclass
class Record:
    """What was observed: clocks are counted from reset."""

    accepted: list = field(default_factory=list)  # clocks of accepted vectors
    sent: list = field(default_factory=list)  # (sequence, step) of each of them
    outputs: list = field(default_factory=list)  # (clock, value, last)
    owners: list = field(default_factory=list)  # context of each of them, where there are several
    tap: list = field(default_factory=list)  # state words
    saturated: int = 0  # clocks


def drive_core(core, sequences, *, x_pause=lambda: 0, y_pause=lambda: 0, idle=lambda: False, expected_outputs,
               check_count=True):
    """Sends integer sequences ([steps, inputs] each) and collects ``expected_outputs`` transfers of ``y``.

    ``x_pause`` and ``y_pause`` give the clocks to wait before each transfer; see :func:`take_turns` for ``idle``.
    """
    contexts = core.timing.contexts
    record = Record()
    clock = 0

    async def count(ctx):
        nonlocal clock
        async for _ in ctx.tick():
            clock += 1

    async def send(ctx):
        for turn in take_turns(sequences, contexts, idle):
            await ctx.tick().repeat(pause) if (pause := x_pause()) else None
            if turn is None:  # nothing else of such a transfer must matter
                payload = {"data": [core.model.input.maximum] * core.model.inputs, "first": 1, "last": 1, "idle": 1}
            else:
                k, t = turn
                payload = {"data": [int(v) for v in sequences[k][t]], "first": int(t == 0),
                           "last": int(t == len(sequences[k]) - 1)} | ({"idle": 0} if contexts > 1 else {})
            ctx.set(core.x.payload, payload)
            ctx.set(core.x.valid, 1)
            await ctx.tick().until(core.x.ready)
            ctx.set(core.x.valid, 0)
            if turn is not None:
                record.accepted.append(clock)
                record.sent.append(turn)

    async def receive(ctx):
        for _ in range(expected_outputs):
            await ctx.tick().repeat(pause) if (pause := y_pause()) else None
            ctx.set(core.y.ready, 1)
            owner = [core.y.payload.context] if contexts > 1 else []
            value, last, *owner = await ctx.tick().sample(core.y.payload.data, core.y.payload.last, *owner).until(core.y.valid)
            record.outputs.append((clock, value, last))
            record.owners += owner
            ctx.set(core.y.ready, 0)
        if check_count:
            assert len(record.accepted) == sum(len(sequence) for sequence in sequences)

    async def load(ctx):
        for row in core.plan.image.rows:
            ctx.set(core.codes.payload, row)
            ctx.set(core.codes.valid, 1)
            await ctx.tick().until(core.codes.ready)
            ctx.set(core.codes.valid, 0)
            await ctx.tick().repeat(pause) if (pause := x_pause()) else None

    async def watch(ctx):
        async for _, _, valid, word, saturated in ctx.tick().sample(core.tap.valid, core.tap.data, core.saturated):
            record.saturated += saturated
            if valid:
                record.tap.append(word)

    simulator = Simulator(core)
    simulator.add_clock(1e-6)
    simulator.add_process(count)
    simulator.add_process(watch)
    simulator.add_process(check_stream(core.x))
    simulator.add_process(check_stream(core.y))
    simulator.add_testbench(send, background=True)
    if core.plan.sprams:
        simulator.add_testbench(load, background=True)
    simulator.add_testbench(receive)
    simulator.run()
    return record
