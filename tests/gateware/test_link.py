# SPDX-License-Identifier: BSD-2-Clause
"""The link's device end, byte for byte, with a real core behind it."""


import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from amaranth.sim import Simulator

from hadam_hw import golden
from hadam_hw.answer import Value
from hadam_hw.readout import Pooling
from rtl_gen.cores.build import build_core
from rtl_gen.design.top import identify
from rtl_gen.link.frame_reader import FrameReader
from rtl_gen.link.frames import (
    STATE,
    STEP_HEAD,
    SYNC,
    Command,
    ErrorCode,
    Frame,
    Identity,
    Result,
    crc16,
    encode_vectors,
)
from rtl_gen.link.target import LinkTarget
from rtl_gen.plan.arch import parse_architecture
from tests.models_for_tests import centred, random_model, with_stage

SILENCE = 400
TAG = 0x5A


class Bench:
    """A link target with a core, fed with bytes ``gap`` clocks apart."""

    def __init__(self, *, gap=60, architecture="serial", change=lambda model: model, **shape):
        self.gap = gap
        self.model = change(random_model(**{"size": 8, "block": 4, "outputs": 3, "seed": 4, **shape}))
        self.architecture = parse_architecture(architecture)
        self.identity = identify(
            self.architecture.plan(self.model), clock_hz=42e6, link_hz=3_000_000, silence_clocks=SILENCE)

    def run(self, script, settle=6000):
        """Plays a list of bytes, ``None`` (a pause longer than the timeout) and ``"framing"``; returns the bytes sent back."""
        m = Module()
        m.submodules.target = target = LinkTarget(self.model, self.identity)
        m.submodules.core = core = build_core(self.model, self.architecture)
        connect(m, target.x, core.x)
        connect(m, core.y, target.y)
        m.d.comb += target.saturated.eq(core.saturated)
        sent = bytearray()

        async def feed(ctx):
            ctx.set(target.tx.ready, 1)
            for item in script:
                if item is None:
                    await ctx.tick().repeat(SILENCE + 2000)
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

    def infer(self, sequence, tag=TAG):
        return request(Command.INFER, encode_vectors(sequence.tolist(), self.identity), tag)

    def step(self, vectors, tag, *, first=False, last=False):
        head = STEP_HEAD.encode(first=first, last=last, unused=0)
        return request(Command.STEP, head + encode_vectors(np.atleast_2d(vectors).tolist(), self.identity), tag)

    def expect(self, sequence, tag=TAG):
        """The result of a sequence's last step."""
        outputs = golden.trace(self.model, sequence).outputs[-1]
        return Frame(Command.RESULT, Result(tuple(outputs.tolist()), int(golden.label(self.model, outputs)), tag).encode(
            self.identity.output_bytes), tag)


def request(command, payload=b"", tag=TAG):
    return list(Frame(command, payload, tag).encode())


def frames(data):
    reader = FrameReader()
    found = reader.feed(data)
    assert reader.skipped == 0
    return found


def error(code, tag=TAG):
    return Frame(Command.ERROR, bytes([code]), tag)


def accepted(tag=TAG):
    return Frame(Command.ACCEPTED, b"", tag)


def state(tag=0, in_sequence=0, has_result=0, saturated_steps=0, overruns=0, bad_frames=0):
    return Frame(Command.STATE, STATE.encode(tag=tag, in_sequence=in_sequence, has_result=has_result, unused=0,
                                             saturated_steps=saturated_steps, overruns=overruns, bad_frames=bad_frames), TAG)


def test_identify():
    bench = Bench()
    reply, = frames(bench.run(request(Command.IDENTIFY)))
    assert (reply.command, reply.tag) == (Command.IDENTITY, TAG)
    assert Identity.decode(reply.payload) == bench.identity


@pytest.mark.parametrize("shape", [{}, dict(inputs=3, input_signed=True), dict(input_width=12), dict(size=8, block=8),
                                   dict(input_width=3, input_signed=True), dict(architecture="parallel")])
def test_infer_equals_the_golden_model(shape):
    bench = Bench(**shape)
    sequences = [bench.sequence(5, seed) for seed in range(3)]
    script = []
    for tag, sequence in enumerate(sequences):
        script += [*bench.infer(sequence, tag), None]
    assert frames(bench.run(script)) == [bench.expect(sequence, tag) for tag, sequence in enumerate(sequences)]


def test_the_label_of_values_is_whether_the_first_is_positive():
    plain = Bench()
    sequences = [plain.sequence(2, seed) for seed in range(8)]
    middle = int(np.median([golden.trace(plain.model, sequence).outputs[-1, 0] for sequence in sequences]))

    def change(model):
        bias, = model.readout.stages[0].biases
        return with_stage(model, biases=(bias - middle * np.array([1, 0, 0]),)).with_readout(values=[Value(1)] * 3)

    bench = Bench(gap=16, change=change)
    last = [golden.trace(bench.model, sequence).outputs[-1] for sequence in sequences]
    assert {bool(y[0] > 0) for y in last} == {False, True} and bench.identity.values
    assert any(np.argmax(y) != (y[0] > 0) for y in last)
    script = [byte for tag, sequence in enumerate(sequences) for byte in (*bench.infer(sequence, tag), None)]
    assert frames(bench.run(script)) == [bench.expect(sequence, tag) for tag, sequence in enumerate(sequences)]


@pytest.mark.parametrize("steps", [255, 256, 257])
def test_a_length_is_known_with_its_high_byte(steps):
    bench = Bench(gap=16, architecture="parallel")
    sequence = bench.sequence(steps)
    script = [*bench.infer(sequence), None, *request(Command.IDENTIFY, bytes(256), 1), None]
    assert frames(bench.run(script)) == [bench.expect(sequence), error(ErrorCode.BAD_LENGTH, 1)]


def bad_frames(bench):
    good = bench.infer(bench.sequence(4))
    flipped = good.copy()
    flipped[7] ^= 0x10
    crc = good.copy()
    crc[-1] ^= 1
    version = request(Command.IDENTIFY)
    version[1] ^= 0x30
    return {
        "payload": (flipped, ErrorCode.BAD_CRC),
        "crc": (crc, ErrorCode.BAD_CRC),
        "version": (version, ErrorCode.BAD_CRC),
        "good-version-crc": ([SYNC, *_with_crc([0x11, TAG, 0, 0])], ErrorCode.BAD_VERSION),
        "command": (request(7), ErrorCode.UNKNOWN_COMMAND),
        "command-with-payload": (request(12, b"abc"), ErrorCode.UNKNOWN_COMMAND),
        "identify-with-payload": (request(Command.IDENTIFY, b"a"), ErrorCode.BAD_LENGTH),
        "empty-infer": (request(Command.INFER), ErrorCode.BAD_LENGTH),
        "empty-step": (request(Command.STEP), ErrorCode.BAD_LENGTH),
        "step-without-a-vector": (request(Command.STEP, b"\x03"), ErrorCode.BAD_LENGTH),
        "step-too-long": (request(Command.STEP, bytes(2 + bench.identity.step_vectors)), ErrorCode.BAD_LENGTH),
        "truncated-header": (good[:3], ErrorCode.TRUNCATED),
        "truncated-payload": (good[:8], ErrorCode.TRUNCATED),
        "truncated-crc": (good[:-1], ErrorCode.TRUNCATED),
        "framing": ([*good[:7], "framing", *good[7:]], ErrorCode.FRAMING),
    }


def _with_crc(body):
    return [*body, *crc16(bytes(body)).to_bytes(2, "big")]


def test_a_bad_frame_is_reported_and_the_next_good_one_works():
    bench = Bench()
    script, expected = [], []
    for index, (fault, code) in enumerate(bad_frames(bench).values()):
        after = bench.sequence(3, seed=index)
        script += [*fault, None, *bench.infer(after), None]
        expected += [error(code), bench.expect(after)]
    script += request(Command.STATUS)
    replies = frames(bench.run(script))
    assert [reply if reply.tag == TAG else error(reply.payload[0]) for reply in replies[:-1]] == expected
    assert STATE.decode(replies[-1].payload).bad_frames == len(bad_frames(bench))


def test_half_a_vector_is_a_bad_length():
    bench = Bench(inputs=3)
    payload = encode_vectors(bench.sequence(2).tolist(), bench.identity)[:-1]
    after = bench.sequence(3, seed=9)
    replies = frames(bench.run([
        *request(Command.INFER, payload), None, *request(Command.STEP, b"\x03" + payload), None, *bench.infer(after), None]))
    assert replies == [error(ErrorCode.BAD_LENGTH)] * 2 + [bench.expect(after)]


def test_garbage_without_a_sync_byte_is_silence():
    bench = Bench()
    after = bench.sequence(3)
    garbage = [byte for byte in np.random.default_rng(1).integers(0, 256, 60).tolist() if byte != SYNC]
    assert frames(bench.run([*garbage, "framing", *bench.infer(after), None])) == [bench.expect(after)]


def test_vectors_that_come_faster_than_steps_are_an_overrun_and_counted():
    bench = Bench(gap=5)
    after = bench.sequence(1)
    replies = frames(bench.run([*bench.infer(bench.sequence(12)), None, *bench.infer(after), None, *request(Command.STATUS)]))
    assert replies[:2] == [error(ErrorCode.OVERRUN), bench.expect(after)]
    assert 0 < STATE.decode(replies[2].payload).overruns < 12


def test_steps_that_come_faster_than_the_core_wait():
    bench = Bench(gap=5)
    sequence = bench.sequence(12)
    replies = frames(bench.run([*bench.step(sequence[:7], 1, first=True), *[0] * 200,
                                *bench.step(sequence[7:], 2, last=True), None]))
    assert replies == [accepted(1), bench.expect(sequence, 2)]


def test_a_tie_goes_to_the_lowest_class():
    def constant(model):
        return with_stage(model, codes=0 * model.readout.stages[-1].codes, biases=(np.array([-5, 7, 7, 3]),))

    bench = Bench(outputs=4, change=constant)
    reply, = frames(bench.run([*bench.infer(bench.sequence(2)), None]))
    assert Result.decode(reply.payload, bench.identity) == Result((-5, 7, 7, 3), 1, TAG)


def test_a_single_output_is_a_class_by_its_sign():
    sequences = np.array([Bench(outputs=1).sequence(2, seed) for seed in range(7)])
    bench = Bench(outputs=1, change=lambda model: centred(model, sequences))
    script = []
    for x in sequences:
        script += [*bench.infer(x), None]
    assert frames(bench.run(script)) == [bench.expect(x) for x in sequences]


def test_a_sequence_in_steps_is_the_sequence():
    bench = Bench(inputs=2, size=8, block=8)
    sequence = bench.sequence(7)
    script = [*bench.step(sequence[0], 255, first=True), None, *bench.step(sequence[1:3], 0), None,
              *bench.step(sequence[3:], 1, last=True), None, *request(Command.READ)]
    result = bench.expect(sequence, 1)
    assert frames(bench.run(script)) == [accepted(255), accepted(0), result, Frame(Command.RESULT, result.payload, TAG)]


def test_each_step_is_answered_where_each_is_read_out():
    bench = Bench(emit=Pooling.EVERY)
    sequence = bench.sequence(5)
    script = []
    for k, vector in enumerate(sequence):
        script += [*bench.step(vector, k, first=k == 0, last=k == 4), None]
    script += [*bench.infer(sequence), None, *bench.step(sequence[:2], 5, first=True), None]
    assert frames(bench.run(script)) == [
        *(bench.expect(sequence[:k + 1], k) for k in range(5)), error(ErrorCode.UNKNOWN_COMMAND),
        error(ErrorCode.BAD_LENGTH, 5)]


def test_a_step_that_is_sent_again_is_answered_again_and_not_taken_again():
    bench = Bench()
    a, b, c = (bench.sequence(steps, seed) for seed, steps in enumerate((2, 1, 3)))
    first, second, third = bench.step(a, 10, first=True), bench.step(b, 11), bench.step(c, 12, last=True)
    damaged = second.copy()
    damaged[6] ^= 4
    script = []
    for frame in (first, first, damaged, second, second, third, third):
        script += [*frame, None]
    result = bench.expect(np.concatenate([a, b, c]), 12)
    assert frames(bench.run(script)) == [
        accepted(10), accepted(10), error(ErrorCode.BAD_CRC, 11), accepted(11), accepted(11), result, result]


def test_a_step_out_of_order_is_refused_and_harms_nothing():
    bench = Bench()
    sequence = bench.sequence(3)
    late = bench.step(sequence[1], 7)
    script = [*late, None, *bench.step(sequence[0], 6, first=True), None, *bench.step(sequence[2], 9), None,
              *bench.step(sequence[1], 7), None, *bench.step(sequence[2], 8, last=True), None,
              *bench.step(sequence[0], 9), None]
    refused = [error(ErrorCode.OUT_OF_ORDER, tag) for tag in (7, 9, 9)]
    assert frames(bench.run(script)) == [
        refused[0], accepted(6), refused[1], accepted(7), bench.expect(sequence, 8), refused[2]]


def test_another_sequence_in_between_ends_the_steps():
    bench = Bench()
    sequence = bench.sequence(3)
    other = bench.sequence(2, seed=5)
    damaged = bench.infer(other, 3)
    damaged[-1] ^= 1
    script = [*bench.step(sequence[0], 1, first=True), None, *damaged, None, *bench.step(sequence[1], 2), None,
              *bench.step(sequence[0], 1, first=True), None]
    assert frames(bench.run(script)) == [
        accepted(1), error(ErrorCode.BAD_CRC, 3), error(ErrorCode.OUT_OF_ORDER, 2), accepted(1)]


def test_status_and_reset():
    bench = Bench(frac=1, state_width=6)
    sequence = bench.sequence(9)
    saturated = int(np.count_nonzero(golden.trace(bench.model, sequence).saturations))
    assert 0 < saturated <= 9
    script = [*request(Command.STATUS), None, *request(Command.READ), None, *bench.infer(sequence), None,
              *request(Command.STATUS), None, *bench.step(sequence[0], 77, first=True), None, *request(Command.STATUS), None,
              *request(Command.RESET), None, *request(Command.STATUS), None, *request(Command.READ), None,
              *bench.step(sequence[0], 78), None]
    first = int(golden.trace(bench.model, sequence[:1]).saturations[0] > 0)
    assert frames(bench.run(script)) == [
        state(), error(ErrorCode.NO_RESULT), bench.expect(sequence), state(has_result=1, saturated_steps=saturated),
        accepted(77), state(77, in_sequence=1, has_result=1, saturated_steps=saturated + first),
        accepted(), state(77), error(ErrorCode.NO_RESULT), error(ErrorCode.OUT_OF_ORDER, 78)]
