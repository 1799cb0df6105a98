# SPDX-License-Identifier: BSD-2-Clause
"""The link's device end, byte for byte, with a real core behind it."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from amaranth.sim import Simulator

from hadam_hw import golden
from rtl_gen.arch import parse_architecture
from rtl_gen.core import build_core
from rtl_gen.link.frames import (
    SYNC,
    Command,
    ErrorCode,
    Frame,
    FrameReader,
    Identity,
    Result,
    crc16,
    encode_sequence,
    logit_bytes,
)
from rtl_gen.link.target import LinkTarget
from tests.models_for_tests import random_model

TIMEOUT = 400


class Bench:
    """A link target with a core, fed with bytes ``gap`` clocks apart."""

    def __init__(self, *, gap=60, architecture="serial", change=lambda model: model, **shape):
        self.gap = gap
        self.model = change(random_model(**{"size": 8, "block": 4, "outputs": 3, "seed": 4, **shape}))
        self.core = build_core(self.model, parse_architecture(architecture))
        self.identity = Identity("0123456789abcdef", self.model.size, self.model.inputs, self.model.outputs,
                                 self.model.input.width, self.model.input.signed, logit_bytes(self.model.readout_width),
                                 self.model.state.width, self.core.timing.interval, 42_000_000, 3_000_000)
        self.target = LinkTarget(self.model, self.identity, TIMEOUT)

    def run(self, script, settle=6000):
        """Plays a list of bytes, ``None`` (a pause longer than the timeout) and ``"framing"``; returns the bytes sent back."""
        m = Module()
        m.submodules.target, m.submodules.core = target, core = self.target, self.core
        connect(m, target.x, core.x)
        connect(m, core.y, target.y)
        sent = bytearray()

        async def feed(ctx):
            ctx.set(target.tx.ready, 1)
            for item in script:
                if item is None:
                    await ctx.tick().repeat(TIMEOUT + 2000)
                    continue
                ctx.set(target.data, 0 if item == "framing" else item)
                ctx.set(target.framing_error if item == "framing" else target.valid, 1)
                await ctx.tick()
                ctx.set(target.valid, 0)
                ctx.set(target.framing_error, 0)
                await ctx.tick().repeat(self.gap - 1)
            await ctx.tick().repeat(settle)

        async def listen(ctx):
            async for _, _, valid, byte in ctx.tick().sample(target.tx.valid, target.tx.payload):
                if valid:
                    sent.append(byte)

        simulator = Simulator(m)
        simulator.add_clock(1e-6)
        simulator.add_process(listen)
        simulator.add_testbench(feed)
        simulator.run()
        return bytes(sent)

    def sequence(self, steps, seed=0):
        rng = np.random.default_rng(seed)
        return rng.integers(self.model.input.minimum, self.model.input.maximum + 1, (steps, self.model.inputs))

    def infer(self, sequence):
        return list(Frame(Command.INFER, encode_sequence(sequence.tolist(), self.identity)).encode())

    def expect(self, sequence):
        outputs = golden.run(self.model, sequence[None]).outputs[0]
        return Result(tuple(outputs.tolist()), int(golden.classify(outputs)))


def frames(data):
    reader = FrameReader()
    found = reader.feed(data)
    assert reader.skipped == 0
    return found


def error(code):
    return Frame(Command.ERROR, bytes([code]))


def test_identify():
    bench = Bench()
    reply, = frames(bench.run(list(Frame(Command.IDENTIFY).encode())))
    assert reply.command == Command.IDENTITY
    assert Identity.decode(reply.payload) == bench.identity


@pytest.mark.parametrize("shape", [{}, dict(inputs=3, input_signed=True), dict(input_width=12), dict(size=8, block=8),
                                   dict(input_width=3, input_signed=True), dict(architecture="parallel")])
def test_infer_equals_the_golden_model(shape):
    bench = Bench(**shape)
    sequences = [bench.sequence(5, seed) for seed in range(3)]
    script = []
    for sequence in sequences:
        script += [*bench.infer(sequence), None]
    replies = frames(bench.run(script))
    assert [frame.command for frame in replies] == [Command.RESULT] * 3
    assert [Result.decode(frame.payload, bench.identity) for frame in replies] == [bench.expect(s) for s in sequences]


def bad_frames(bench):
    good = bench.infer(bench.sequence(4))
    flipped = good.copy()
    flipped[6] ^= 0x10
    crc = good.copy()
    crc[-1] ^= 1
    version = list(Frame(Command.IDENTIFY).encode())
    version[1] ^= 0x30
    return {
        "payload": (flipped, ErrorCode.BAD_CRC),
        "crc": (crc, ErrorCode.BAD_CRC),
        "version": (version, ErrorCode.BAD_CRC),
        "good-version-crc": ([SYNC, *_with_crc([0x21, 0, 0])], ErrorCode.BAD_VERSION),
        "command": (list(Frame(5).encode()), ErrorCode.UNKNOWN_COMMAND),
        "command-with-payload": (list(Frame(7, b"abc").encode()), ErrorCode.UNKNOWN_COMMAND),
        "identify-with-payload": (list(Frame(Command.IDENTIFY, b"a").encode()), ErrorCode.BAD_LENGTH),
        "empty-infer": (list(Frame(Command.INFER).encode()), ErrorCode.BAD_LENGTH),
        "truncated-header": (good[:3], ErrorCode.TRUNCATED),
        "truncated-payload": (good[:7], ErrorCode.TRUNCATED),
        "truncated-crc": (good[:-1], ErrorCode.TRUNCATED),
        "framing": ([*good[:6], "framing", *good[6:]], ErrorCode.FRAMING),
    }


def _with_crc(body):
    return [*body, *crc16(bytes(body)).to_bytes(2, "big")]


FAULTS = ["command", "command-with-payload", "crc", "empty-infer", "framing", "good-version-crc", "identify-with-payload",
          "payload", "truncated-crc", "truncated-header", "truncated-payload", "version"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_frame_is_reported_and_the_next_good_one_works(fault):
    bench = Bench()
    script, code = bad_frames(bench)[fault]
    after = bench.sequence(3, seed=9)
    replies = frames(bench.run([*script, None, *bench.infer(after), None]))
    assert replies[0] == error(code)
    assert [frame.command for frame in replies[1:]] == [Command.RESULT]
    assert Result.decode(replies[1].payload, bench.identity) == bench.expect(after)


def test_half_a_vector_is_a_bad_length():
    bench = Bench(inputs=3)
    payload = encode_sequence(bench.sequence(2).tolist(), bench.identity)[:-1]
    after = bench.sequence(3, seed=9)
    replies = frames(bench.run([*Frame(Command.INFER, payload).encode(), None, *bench.infer(after), None]))
    assert replies[0] == error(ErrorCode.BAD_LENGTH)
    assert Result.decode(replies[1].payload, bench.identity) == bench.expect(after)


def test_garbage_without_a_sync_byte_is_silence():
    bench = Bench()
    after = bench.sequence(3)
    garbage = [byte for byte in np.random.default_rng(1).integers(0, 256, 60).tolist() if byte != SYNC]
    reply, = frames(bench.run([*garbage, "framing", *bench.infer(after), None]))
    assert Result.decode(reply.payload, bench.identity) == bench.expect(after)


def test_vectors_that_come_faster_than_steps_are_an_overrun():
    bench = Bench(gap=5)
    after = bench.sequence(1)
    replies = frames(bench.run([*bench.infer(bench.sequence(12)), None, *bench.infer(after), None]))
    assert replies[0] == error(ErrorCode.OVERRUN)
    assert Result.decode(replies[1].payload, bench.identity) == bench.expect(after)


def test_a_tie_goes_to_the_lowest_class():
    def constant(model):
        phase = replace(model.phases[0], output_bias=np.array([-5, 7, 7, 3]))
        return model.replace(output_weight=np.zeros_like(model.output_weight), phases=(phase,))

    bench = Bench(outputs=4, change=constant)
    reply, = frames(bench.run([*bench.infer(bench.sequence(2)), None]))
    assert Result.decode(reply.payload, bench.identity) == Result((-5, 7, 7, 3), 1)
