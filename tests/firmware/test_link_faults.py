# SPDX-License-Identifier: BSD-2-Clause
"""A damaged line between the client and the compiled design: no wrong result is taken for right, and none lost unnoticed."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Const

from boards import get
from firmware.host.client import Client
from firmware.virtual.board import VirtualBoard
from firmware.virtual.compiled import compile_board
from hadam_hw import golden
from hadam_hw.errors import LinkError
from hadam_hw.readout import Pooling
from rtl_gen.link import frame_reader
from rtl_gen.link.target import LinkTarget
from rtl_gen.plan.arch import parse_architecture
from tests.firmware.faults import KINDS, FaultyLine
from tests.models_for_tests import random_model

SILENCE = 400
#: Clocks a bit are 6: the shorter, the more frames a second.
BOARD = replace(get("icebreaker"), baud=6_000_000)
#: The lean link wants 16 of them.
LEAN_SILENCE = 1024
LEAN_BOARD = replace(BOARD, baud=2_250_000, lean_link=True)
#: Silences before a host gives up.
PATIENCE = 3


def compiled(emit, lean):
    """(model, its compiled board)."""
    model = random_model(size=4, block=4, outputs=2, emit=emit, seed=6)
    return model, compile_board(model, parse_architecture("parallel"), LEAN_BOARD if lean else BOARD,
                                silence_clocks=LEAN_SILENCE if lean else SILENCE)


@pytest.fixture(scope="module", params=[(Pooling.LAST, False), (Pooling.EVERY, False), (Pooling.LAST, True)],
                ids=["last", "every", "lean"])
def device(request):
    return compiled(*request.param)


def converse(device, seed, damaged):
    """Works through sequences until so many frames were damaged; returns the line and what the results were."""
    model, compiled = device
    rng = random.Random(seed)
    outcome = Counter()
    with VirtualBoard(compiled) as board:
        line = FaultyLine(board, rng, 0.3, 18 * compiled.divisor / compiled.clock_hz)
        client = Client(line, digest=model.digest, timeout=PATIENCE * compiled.identity.silence_clocks / compiled.clock_hz)
        while sum(line.faults.values()) < damaged:
            sequence = np.array([[rng.randrange(256)] for _ in range(rng.randrange(1, 13))])
            outputs = [tuple(y) for y in golden.trace(model, sequence).outputs.tolist()]
            streamed = model.pooling is Pooling.EVERY or rng.random() < 0.5
            expected = outputs if model.pooling is Pooling.EVERY else outputs[-1:]
            found = []
            try:
                for result in client.stream(iter(sequence.tolist())) if streamed else client.each([sequence.tolist()]):
                    found.append(result.logits)
            except LinkError:
                outcome["error"] += 1
                expected = expected[:len(found)]
            else:
                outcome["whole"] += 1
            outcome["right"] += found == expected
            outcome["wrong"] += found != expected
    return line, outcome


def test_more_than_eleven_thousand_damaged_frames(device):
    damaged = 1_500 if device[1].identity.lean else 5_000  # with the three devices 11,500
    line, outcome = converse(device, seed=1, damaged=damaged)
    assert sum(line.faults.values()) >= damaged and line.frames > damaged
    assert all(line.faults[f"{way} {kind}"] > damaged // 25 for way in "<>" for kind in KINDS), line.faults
    assert outcome["wrong"] == 0
    assert outcome["whole"] > 3 * outcome["error"], outcome


def test_without_the_check_of_the_crc_wrong_results_are_seen(device, monkeypatch):
    monkeypatch.setattr(frame_reader, "crc16", lambda data: 0)
    _, outcome = converse(device, seed=1, damaged=400)
    assert outcome["wrong"] > 5


def test_without_the_devices_check_of_the_crc_wrong_results_are_seen(monkeypatch):
    monkeypatch.setattr(LinkTarget, "_damaged", lambda self: Const(0))
    _, outcome = converse(compiled(Pooling.LAST, lean=False), seed=1, damaged=400)
    assert outcome["wrong"] > 5
