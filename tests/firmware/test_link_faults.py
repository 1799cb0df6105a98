# SPDX-License-Identifier: BSD-2-Clause
"""A damaged line between the client and the compiled design: no wrong result is taken for right, and none lost unnoticed."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from boards import get
from firmware.host.client import Client
from firmware.virtual.board import VirtualBoard
from firmware.virtual.compiled import compile_board
from hadam_hw import golden
from hadam_hw.errors import LinkError
from hadam_hw.model import Emit
from rtl_gen.arch import parse_architecture
from rtl_gen.link import frame_reader
from tests.firmware.faults import KINDS, FaultyLine
from tests.models_for_tests import random_model

SILENCE = 400
#: Clocks a bit are 7: the shorter, the more frames a second.
BOARD = replace(get("icebreaker"), baud=6_000_000)
TIMEOUT = 3 * SILENCE / 42e6


@pytest.fixture(scope="module", params=list(Emit), ids=lambda emit: emit.value)
def device(request):
    """(model, its compiled board)."""
    model = random_model(size=4, block=4, outputs=2, emit=request.param, seed=6)
    return model, compile_board(model, parse_architecture("parallel"), BOARD, silence_clocks=SILENCE)


def converse(device, seed, damaged):
    """Works through sequences until so many frames were damaged; returns the line and what the results were."""
    model, compiled = device
    rng = random.Random(seed)
    outcome = Counter()
    with VirtualBoard(compiled) as board:
        line = FaultyLine(board, rng, 0.3)
        client = Client(line, digest=model.digest, timeout=TIMEOUT)
        while sum(line.faults.values()) < damaged:
            sequence = np.array([[rng.randrange(256)] for _ in range(rng.randrange(1, 13))])
            outputs = [tuple(y) for y in golden.trace(model, sequence).outputs.tolist()]
            streamed = model.emit is Emit.EVERY or rng.random() < 0.5
            expected = outputs if model.emit is Emit.EVERY else outputs[-1:]
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


def test_ten_thousand_damaged_frames(device):
    line, outcome = converse(device, seed=1, damaged=5_000)  # and as many with the other model
    assert sum(line.faults.values()) >= 5_000 and line.frames > 5_000
    assert all(line.faults[f"{way} {kind}"] > 200 for way in "<>" for kind in KINDS), line.faults
    assert outcome["wrong"] == 0
    assert outcome["whole"] > 3 * outcome["error"], outcome


def test_without_the_check_of_the_crc_wrong_results_are_seen(device, monkeypatch):
    monkeypatch.setattr(frame_reader, "crc16", lambda data: 0)
    _, outcome = converse(device, seed=1, damaged=400)
    assert outcome["wrong"] > 5
