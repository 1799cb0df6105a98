# SPDX-License-Identifier: BSD-2-Clause
"""The whole iCEBreaker design through its UART pins: answers, damaged frames, and that it goes on after each."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from boards import get
from hadam_hw.model_file import load_model
from rtl_gen.link.frames import SYNC, Command, ErrorCode, Frame, crc16
from rtl_gen.plan.arch import parse_architecture
from sim.runner import BenchFailed
from sim.tools import Simulator
from sim.top_job import Conversation, emit_top, simulate_top
from tests.models_for_tests import random_model

BOARD = get("icebreaker")
SERIAL = parse_architecture("serial")
MODEL = random_model(size=8, block=4, outputs=3, inputs=2, input_signed=True)
RNG = np.random.default_rng(3)
SHIPPED = Path(__file__).parents[2] / "models" / "pmnist-h128-b64.npz"


def _sequence(steps=6):
    return RNG.integers(-128, 128, (steps, 2))


def _with_header(byte, frame):
    """The frame with another version and command, and a CRC that fits."""
    body = bytes([byte]) + frame[2:-2]
    return bytes([SYNC]) + body + crc16(body).to_bytes(2, "big")


@pytest.fixture(scope="module")
def design():
    return emit_top(MODEL, SERIAL, BOARD)


@pytest.fixture
def talk():
    return Conversation(MODEL, SERIAL, BOARD)


def test_identify_and_sequences(design, talk):
    talk.identify()
    for steps in (6, 1, 20):
        talk.infer(_sequence(steps))
    talk.infer(_sequence(), bit_clocks=talk.divisor * 1.02)
    talk.infer(_sequence(), bit_clocks=talk.divisor * 0.98)
    talk.identify()
    seen = simulate_top(talk, *design, Simulator.VERILATOR)
    assert seen["exchanges"] == 7
    assert seen["compared"] == sum(len(exchange.reply) // 2 for exchange in talk.exchanges) > 150


def test_after_every_kind_of_damage_the_next_frame_is_answered(design, talk):
    good = talk.infer_frame(_sequence())
    flipped = bytearray(good)
    flipped[8] ^= 0x10
    talk.infer(_sequence())
    for name, data, code in (
            ("bad CRC", flipped, ErrorCode.BAD_CRC),
            ("truncated", good[:9], ErrorCode.TRUNCATED),
            ("half a vector", Frame(Command.INFER, bytes(3)).encode(), ErrorCode.BAD_LENGTH),
            ("another version", _with_header(0x72, good), ErrorCode.BAD_VERSION),
            ("unknown command", _with_header(0x27, good), ErrorCode.UNKNOWN_COMMAND),
            ("garbage", bytes(byte for byte in RNG.integers(0, 256, 60).tolist() if byte != SYNC), None)):
        talk.bad(name, data, code)
        talk.infer(_sequence())
    seen = simulate_top(talk, *design, Simulator.VERILATOR)
    assert seen["exchanges"] == 13


def test_at_a_wrong_rate_there_is_silence_and_the_next_frame_is_answered(design, talk):
    talk.bad("half the rate", talk.infer_frame(_sequence()), None, bit_clocks=2 * talk.divisor)
    talk.infer(_sequence())
    simulate_top(talk, *design, Simulator.VERILATOR)


@pytest.mark.parametrize("damage", [
    lambda exchange: {"reply": exchange["reply"][:12] + "fe" + exchange["reply"][14:]},
    lambda exchange: {"reply": exchange["reply"] + "00"}, lambda exchange: {"reply": exchange["reply"][:-2]},
    lambda exchange: {"led": exchange["led"] ^ 1}, lambda exchange: {"failed": True}],
    ids=["byte", "longer", "shorter", "led", "red"])
def test_the_bench_sees_a_wrong_reply(design, talk, damage):
    talk.infer(_sequence())
    talk.exchanges[0] = replace(talk.exchanges[0], **damage(asdict(talk.exchanges[0])))
    with pytest.raises(BenchFailed, match="exchange 0"):
        simulate_top(talk, *design, Simulator.VERILATOR)


def test_the_shipped_model_answers_real_images():
    model = load_model(SHIPPED)
    talk = Conversation(model, SERIAL, BOARD)
    talk.identify()
    for image in model.vectors.inputs[:3]:
        talk.infer(image)
    assert simulate_top(talk, *emit_top(model, SERIAL, BOARD), Simulator.VERILATOR)["exchanges"] == 4
