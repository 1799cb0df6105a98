# SPDX-License-Identifier: BSD-2-Clause
"""The lean link of small chips: the iCEstick's whole design, compiled, byte for byte through its pins, and what is refused."""

import json

import numpy as np
import pytest

from boards import get
from firmware.host.client import Client
from firmware.host.errors import DeviceError
from firmware.virtual.board import VirtualBoard
from firmware.virtual.compiled import compile_board
from hadam_hw import golden
from hadam_hw.cli import run_cli
from hadam_hw.errors import BoardError, LinkError
from hadam_hw.fixed import FixedPoint
from hadam_hw.model_file import save_model
from hadam_hw.readout import Pooling
from rtl_gen import build
from rtl_gen.design import top
from rtl_gen.design.emit import emit_design
from rtl_gen.link import rates
from rtl_gen.link.frame_reader import FrameReader
from rtl_gen.link.frames import SYNC, Command, ErrorCode, Frame, Identity, Result, crc16, encode_vectors
from rtl_gen.link.kind import Link, Profile
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.tools.design_files import FACTS_FILE
from rtl_gen.verbs import build as build_verb
from tests.models_for_tests import centred, random_model, with_stage

SILENCE = 4096
BOARD = get("icestick")
SERIAL = parse_architecture("serial")
MODEL = random_model(size=8, block=4, outputs=5, inputs=3, input_signed=True, seed=2)
#: Logits of eight bytes that are close to each other.
NEAR = random_model(size=4, block=4, outputs=9, state_width=32, input_width=2, input_bits=1, output_bits=1, bias_range=1,
                    seed=5)
NEAR = with_stage(NEAR, biases=(np.array([-1, 0, 1, 1, 0, -3, 2, 2, -300]),))
RNG = np.random.default_rng(4)
TAG = 0x5A


@pytest.fixture(scope="module")
def compiled():
    return compile_board(MODEL, SERIAL, BOARD, silence_clocks=SILENCE)


@pytest.fixture
def board(compiled):
    with VirtualBoard(compiled) as board:
        yield board


def sequence(steps=5, model=MODEL):
    return RNG.integers(model.input.minimum, model.input.maximum + 1, (steps, model.inputs))


def request(command, payload=b"", tag=TAG):
    return Frame(command, payload, tag).encode()


def infer(board, x, tag=TAG):
    return request(Command.INFER, encode_vectors(x.tolist(), board.compiled.identity), tag)


def expected(x, tag=TAG, model=MODEL):
    outputs = golden.trace(model, x).outputs[-1]
    size = 8 if model is NEAR else 4
    return Frame(Command.RESULT, Result(tuple(outputs.tolist()), int(golden.label(model, outputs)), tag).encode(size), tag)


def say(board, data):
    """The frames that come back, and nothing but frames."""
    board.write(data)
    said, piece = b"", True
    while piece:
        piece = board.read(3 * SILENCE / board.compiled.clock_hz)
        said += piece
    reader = FrameReader()
    found = reader.feed(said)
    assert reader.skipped == 0 and board.broken == 0
    return found


def error(code, tag=TAG):
    return Frame(Command.ERROR, bytes([code]), tag)


def test_identity_sequences_and_reset(board):
    identity, = say(board, request(Command.IDENTIFY))
    told = Identity.decode(identity.payload)
    assert told == board.compiled.identity and told.lean and told.step_vectors == 0
    for tag, steps in enumerate((5, 1, 40)):
        x = sequence(steps)
        assert say(board, infer(board, x, tag)) == [expected(x, tag)]
    assert say(board, request(Command.RESET)) == [Frame(Command.ACCEPTED, b"", TAG)]


def bad_frames(board):
    good = infer(board, sequence(4))
    flipped, crc = bytearray(good), bytearray(good)
    flipped[7] ^= 0x10
    crc[-1] ^= 1
    version = bytes([0x11, TAG, 0, 0])
    return {
        "payload": (flipped, ErrorCode.BAD_CRC),
        "crc": (crc, ErrorCode.BAD_CRC),
        "version": (bytes([SYNC]) + version + crc16(version).to_bytes(2, "big"), ErrorCode.BAD_VERSION),
        "command": (request(7), ErrorCode.UNKNOWN_COMMAND),
        "command-with-payload": (request(12, b"abc"), ErrorCode.UNKNOWN_COMMAND),
        "read": (request(Command.READ), ErrorCode.UNSUPPORTED),
        "status": (request(Command.STATUS), ErrorCode.UNSUPPORTED),
        "step": (request(Command.STEP, b"\x03\1\2\3"), ErrorCode.UNSUPPORTED),
        "identify-with-payload": (request(Command.IDENTIFY, b"a"), ErrorCode.BAD_LENGTH),
        "reset-with-payload": (request(Command.RESET, b"a"), ErrorCode.BAD_LENGTH),
        "empty-infer": (request(Command.INFER), ErrorCode.BAD_LENGTH),
        "half-a-vector": (request(Command.INFER, bytes(7)), ErrorCode.BAD_LENGTH),
        "truncated-header": (good[:3], ErrorCode.TRUNCATED),
        "truncated-payload": (good[:8], ErrorCode.TRUNCATED),
        "truncated-crc": (good[:-1], ErrorCode.TRUNCATED),
    }


def test_a_bad_frame_is_reported_and_the_next_good_one_works(board):
    for name, (fault, code) in bad_frames(board).items():
        assert say(board, bytes(fault)) == [error(code)], name
        x = sequence(3)
        assert say(board, infer(board, x)) == [expected(x)], name
    assert say(board, bytes([1, 2, 3, 4])) == []
    assert say(board, infer(board, x)) == [expected(x)]


def test_the_largest_logit_wins_and_of_equal_ones_the_first(board):
    for steps in range(1, 60):
        x = sequence(steps % 4 + 1)
        assert say(board, infer(board, x)) == [expected(x)]
    xs = [sequence(2, NEAR) for _ in range(60)]
    outputs = [golden.trace(NEAR, x).outputs[-1] for x in xs]
    assert sum((y == y.max()).sum() > 1 for y in outputs) > 10 and len({int(golden.classify(y)) for y in outputs}) > 2
    with VirtualBoard(compile_board(NEAR, SERIAL, BOARD, silence_clocks=SILENCE)) as other:
        assert other.compiled.identity.output_bytes == 8
        for x in xs:
            assert say(other, infer(other, x)) == [expected(x, model=NEAR)]


def test_a_single_output_is_a_class_by_its_sign():
    plain = random_model(size=8, block=4, outputs=1)
    xs = np.array([sequence(2, plain) for _ in range(9)])
    model = centred(plain, xs)
    with VirtualBoard(compile_board(model, SERIAL, BOARD, silence_clocks=SILENCE)) as other:
        for x in xs:
            assert say(other, infer(other, x)) == [expected(x, model=model)]


def test_the_client_sends_whole_sequences_and_says_what_the_device_lacks(board):
    with Client(board, digest=MODEL.digest, timeout=0.001) as client:
        xs = [sequence(4), sequence(7)]
        wanted = [tuple(golden.trace(MODEL, x).outputs[-1].tolist()) for x in xs]
        assert [result.logits for result in client.infer([x.tolist() for x in xs])] == wanted
        assert [result.logits for result in client.stream(iter(xs[0].tolist()))] == wanted[:1]
        assert list(client.stream(iter([]))) == []
        client.reset()
        for ask in (client.status, client.read):
            with pytest.raises(DeviceError, match="full link for this request, not the lean one; build .* --profile full"):
                ask()
        with pytest.raises(LinkError, match="at most 65535 bytes, not 66000"):
            client.infer([[[0, 0, 0]] * 22_000])
        assert client.repeated == 0


SLOW = parse_architecture("folded:2")
BIG = random_model(size=64, block=64, outputs=2, seed=4)


def test_the_rate_is_the_highest_at_which_no_vector_is_lost():
    facts = json.loads(emit_design(BIG, SLOW, BOARD, None, 1)[FACTS_FILE])
    assert facts["cycles_per_step"] == 251 and (facts["link_baud"], facts["link_divisor"]) == (2_000_000, 30)
    assert json.loads(emit_design(BIG, SERIAL, BOARD, None, 1)[FACTS_FILE])["link_baud"] == BOARD.baud
    with VirtualBoard(compile_board(BIG, SLOW, BOARD, silence_clocks=SILENCE)) as board:
        assert board.compiled.identity.link_hz == 2_000_000
        x = sequence(60, BIG)
        assert say(board, infer(board, x)) == [expected(x, model=BIG)]


def test_at_a_higher_rate_vectors_would_be_lost_and_the_device_says_so(monkeypatch):
    with pytest.raises(BoardError, match="251 clocks a step .* 3000000 is too fast; try --baud 2000000"):
        emit_design(BIG, SLOW, BOARD, None, 1, baud=3_000_000)
    for module in (rates, top):
        monkeypatch.setattr(module, "keeps_up_with", lambda *_: True)
    with VirtualBoard(compile_board(BIG, SLOW, BOARD, silence_clocks=SILENCE)) as board:
        x = sequence(60, BIG)
        assert say(board, infer(board, x)) == [error(ErrorCode.OVERRUN)]
        assert say(board, infer(board, x[:1])) == [expected(x[:1], model=BIG)]


@pytest.mark.parametrize("options, said", [
    (dict(link=Link.SPI), "must be a UART where it is lean, not spi; try --profile full"),
    (dict(baud=4_000_000), "at least 16 times the baud rate where the link is lean, not 15.0 times; try --baud 3000000"),
])
def test_what_the_lean_link_cannot_do_is_refused(options, said):
    with pytest.raises(BoardError, match=said):
        emit_design(MODEL, SERIAL, BOARD, None, 1, **options)


@pytest.mark.parametrize("options, profile", [
    ([], None), (["--profile", "full"], Profile.FULL), (["--profile", "lean"], Profile.LEAN)])
def test_the_command_line_hands_the_profile_on(options, profile, monkeypatch, tmp_path, capsys):
    def refuse(*_, options, on_stage):
        asked.append(options.profile)
        raise BoardError("Enough must be enough")

    asked = []
    monkeypatch.setattr(build, "build", refuse)
    save_model(MODEL, tmp_path / "model.npz")
    command = ["--weights", str(tmp_path / "model.npz"), "--board", "icestick", "--arch", "serial", *options]
    assert run_cli(build_verb.main, command) == 1 and asked == [profile]
    assert "Enough must be enough" in capsys.readouterr().err


def test_a_model_that_is_read_out_at_every_step_needs_the_full_link():
    every = random_model(size=8, block=4, outputs=3, emit=Pooling.EVERY)
    with pytest.raises(BoardError, match="end of a sequence where the link is lean, not at every step"):
        emit_design(every, SERIAL, BOARD, None, 1)
    facts = json.loads(emit_design(every, SERIAL, BOARD, None, 1, profile=Profile.FULL)[FACTS_FILE])
    assert facts["link_profile"] == "full" and not Identity.decode(bytes.fromhex(facts["identity"])).lean


def test_the_full_link_gets_a_rate_at_which_no_vector_is_lost_too():
    crawling = random_model(size=64, block=64, outputs=2, seed=4, state_width=8).with_top(state=FixedPoint(8, 0))
    facts = json.loads(emit_design(crawling, SLOW, get("icebreaker"), None, 1)[FACTS_FILE])
    assert facts["link_profile"] == "full" and facts["cycles_per_step"] == 251
    assert facts["link_baud"] == 1_000_000  # 360 clocks a byte; 1,500,000 would leave 240
