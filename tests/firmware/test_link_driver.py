# SPDX-License-Identifier: BSD-2-Clause
"""The C driver of the link against a device made of the golden model, over a line that may damage what it carries."""

import os
import re
import subprocess
import threading
from dataclasses import replace

import numpy as np
import pytest

import boards
from firmware.mcu.export import DIGEST_BYTES, INCLUDE
from firmware.mcu.frames_header import HEADER, text
from firmware.virtual.board import VirtualBoard
from firmware.virtual.compiled import compile_board
from firmware.virtual.terminal import Terminal
from hadam_hw import golden
from hadam_hw.readout import Pooling
from rtl_gen.link import frames
from rtl_gen.link.frames import Command, ErrorCode
from rtl_gen.plan.arch import parse_architecture
from tests.firmware.c_harness import SANITIZED, compile_all, random_inputs
from tests.firmware.link_peer import Faults, Peer
from tests.firmware.link_program import (
    BAD_REQUEST,
    FD_LINE,
    LOST,
    MAIN,
    NO_REPLY,
    OK,
    REFUSED,
    UNSUPPORTED,
    WRONG_MODEL,
    open_line,
    order,
    result_line,
    say,
)
from tests.firmware.test_virtual_board import tiny
from tests.models_for_tests import random_model

#: On a bad line: the device's silence in seconds, and the host's in milliseconds. What is cut off is sent again, never wrong.
QUICK = 0.03
PATIENCE = 90


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    folder = tmp_path_factory.mktemp("driver")
    return compile_all([MAIN, FD_LINE, INCLUDE / "hadam_link.c"], folder, SANITIZED)


@pytest.fixture(scope="module")
def wide_driver(tmp_path_factory):
    folder = tmp_path_factory.mktemp("driver")
    return compile_all([MAIN, FD_LINE, INCLUDE / "hadam_link.c"], folder, (*SANITIZED, "-DHADAM_LINK_LOGIT=int64_t"))


def talk(driver, peer, orders, digest="-", timeout=5000, retries=12):
    """The lines that the driver's program says to ``orders``, with ``peer`` on the line."""
    peer.start()
    try:
        return say(driver, peer.far.fileno(), orders, digest, timeout, retries)
    finally:
        peer.far.close()
        peer.join(5)
        peer.line.close()


MODELS = {
    "scalar": random_model(size=8, outputs=3, seed=1),
    "vectors": random_model(size=16, outputs=5, inputs=3, input_width=11, input_signed=True, frac=-2),
    "every": random_model(size=4, outputs=2, emit=Pooling.EVERY, input_width=16),
}


@pytest.mark.parametrize("name", MODELS)
def test_requests_over_a_good_line(driver, name):
    model = MODELS[name]
    first, second = random_inputs(model, 2, 9)
    wanted = golden.trace(model, second).outputs
    every = model.pooling is Pooling.EVERY
    chunk = 1 if every else 4
    peer = Peer(model)
    orders = order("stream", second, chunk) + "read status reset read"
    lines = talk(driver, peer, orders if every else order("infer", first) + orders, digest=model.digest)
    assert lines.pop(0) == open_line(peer.identity)
    if not every:
        assert lines[:2] == [result_line(golden.trace(model, first).outputs[-1]), "infer 0 0"]
        del lines[:2]
    results = [result_line(outputs) for outputs in (wanted if every else wanted[-1:])]
    assert lines == [*results, "stream 0 0", result_line(wanted[-1]), "read 0 0", "status 0 1 0 0 0", "status 0 0", "reset 0 0",
                     f"read {REFUSED} {int(ErrorCode.NO_RESULT)}", "repeated 0"]
    assert peer.steps == len(second) + (0 if every else len(first))


@pytest.mark.parametrize("seed", range(2))
def test_no_damage_makes_a_wrong_result_or_a_second_step(driver, seed):
    model = MODELS["vectors"]
    sequences = random_inputs(model, 24, 6, seed)
    faults = Faults(0.15, seed)
    peer = Peer(model, faults, QUICK)
    orders = "".join(order("stream" if k % 2 else "infer", x, 2) for k, x in enumerate(sequences))
    lines = talk(driver, peer, orders, timeout=PATIENCE)
    results = [line for line in lines if line.startswith("result")]
    ends = [line.split() for line in lines if re.match(r"(infer|stream) ", line)]
    wanted = [result_line(y) for y in golden.run(model, sequences).outputs]
    # a sequence that the damage of its neighbour's request cost the device ends in an error, never in another's result
    assert len(ends) == len(sequences) and {end[1] for end in ends} <= {str(OK), str(LOST)}
    assert results == [line for line, end in zip(wanted, ends) if end[1] == str(OK)]
    assert len(results) >= 12 and faults.count > 10
    assert int(lines[-1].split()[1]) >= faults.count // 3


def test_a_step_whose_reply_is_lost_is_not_done_twice(driver):
    model = MODELS["scalar"]
    inputs = random_inputs(model, 1, 6)[0]
    replies = []

    def third_reply_is_lost(data):  # both directions come by here; a request perhaps in pieces, a reply always whole
        if data[0] != frames.SYNC or frames.HEADER.decode(data[:frames.HEADER_BYTES].ljust(frames.HEADER_BYTES)).command \
                not in (Command.ACCEPTED, Command.IDENTITY, Command.RESULT, Command.STATE):
            return data
        replies.append(data)
        return b"" if len(replies) % 3 == 0 else data

    peer = Peer(model, third_reply_is_lost, QUICK)
    lines = talk(driver, peer, order("stream", inputs), timeout=PATIENCE)
    assert lines[1:3] == [result_line(golden.trace(model, inputs).outputs[-1]), "stream 0 0"]
    assert int(lines[-1].split()[1]) > 0 and peer.steps == len(inputs)


def test_errors(driver, wide_driver):
    model = MODELS["scalar"]
    inputs = random_inputs(model, 1, 3)[0]
    assert talk(driver, Peer(model), "", digest="00" * 8)[0].startswith(f"open {WRONG_MODEL} ")
    lines = talk(driver, Peer(model, lambda data: b""), "", timeout=5, retries=2)
    assert lines[0].startswith(f"open {NO_REPLY} ") and lines[1] == "repeated 2"
    lines = talk(driver, Peer(model), order("stream", inputs[:0]) + order("infer", inputs[:0]))
    assert lines[1:3] == ["stream 0 0", f"infer {BAD_REQUEST} 0"]
    wide = random_model(size=8, outputs=3, state_width=32, frac=6, input_width=16)
    assert talk(driver, Peer(wide), "")[0].startswith(f"open {UNSUPPORTED} ")
    x = random_inputs(wide, 1, 5)[0]
    assert talk(wide_driver, Peer(wide), order("infer", x))[1] == result_line(golden.trace(wide, x).outputs[-1])


def test_a_device_that_forgot_the_sequence_says_so(driver):
    model = MODELS["scalar"]
    inputs = random_inputs(model, 1, 6)[0]
    peer = Peer(model)
    answer = peer.answer

    def forgets(header, payload):
        if peer.steps == 2:
            peer.in_sequence = False
        return answer(header, payload)

    peer.answer = forgets
    assert talk(driver, peer, order("stream", inputs))[1] == f"stream {LOST} {int(ErrorCode.OUT_OF_ORDER)}"


def test_a_device_that_still_loads_is_asked_again(driver):
    model = MODELS["vectors"]
    x = random_inputs(model, 1, 9)[0]
    wanted = result_line(golden.trace(model, x).outputs[-1])

    def loading(code, times):
        peer = Peer(model)
        full, refused = peer.answer, []

        def answer(header, payload):
            if header.command != Command.INFER or len(refused) == times:
                return full(header, payload)
            refused.append(header.tag)
            return peer.refuse(code, header.tag)

        peer.answer = answer
        return peer

    lines = talk(driver, loading(ErrorCode.NOT_READY, 2), order("infer", x), timeout=PATIENCE)
    assert lines[1] == wanted and lines[-1] == "repeated 2"
    lines = talk(driver, loading(ErrorCode.NOT_READY, 9), order("infer", x), timeout=PATIENCE, retries=1)
    assert lines[1:] == [f"infer {REFUSED} {int(ErrorCode.NOT_READY)}", "repeated 1"]
    lines = talk(driver, loading(ErrorCode.WRONG_CODES, 1), order("infer", x))
    assert lines[1:] == [f"infer {REFUSED} {int(ErrorCode.WRONG_CODES)}", "repeated 0"]


def test_a_lean_device_takes_whole_sequences_and_refuses_the_rest(driver):
    model = MODELS["vectors"]
    x = random_inputs(model, 1, 9)[0]
    peer = Peer(model)
    peer.identity = replace(peer.identity, lean=True, step_vectors=0)
    full = peer.answer
    peer.answer = lambda header, payload: (full(header, payload) if header.command in frames.LEAN_COMMANDS
                                           else peer.refuse(ErrorCode.UNSUPPORTED, header.tag))
    lines = talk(driver, peer, order("infer", x) + order("stream", x, 2) + "read status reset")
    refused = f"{REFUSED} {int(ErrorCode.UNSUPPORTED)}"
    assert lines[1:] == [result_line(golden.trace(model, x).outputs[-1]), "infer 0 0", f"stream {UNSUPPORTED} 0",
                         f"read {refused}", "status 0 0 0 0 0", f"status {refused}", "reset 0 0", "repeated 0"]


def test_the_gateware_and_the_driver_understand_each_other(driver):
    model = tiny()  # which those tests compile too
    first, second = random_inputs(model, 2, 9)
    stop = threading.Event()
    with VirtualBoard(compile_board(model, parse_architecture("serial"), boards.get("icebreaker"))) as board, \
            Terminal(board) as terminal:
        def serve():
            while not stop.is_set():
                terminal.turn(0.02)

        thread = threading.Thread(target=serve)
        thread.start()
        fd = os.open(terminal.name, os.O_RDWR | os.O_NOCTTY)
        try:
            orders = order("infer", first) + order("stream", second, 2) + "status read reset read"
            lines = say(driver, fd, orders, model.digest[:16], timeout=20_000, retries=1)
        finally:
            os.close(fd)
            stop.set()
            thread.join()
    assert lines[0] == open_line(board.compiled.identity)
    saturated = sum(int((golden.trace(model, x).saturations > 0).sum()) for x in (first, second))
    wanted = [result_line(golden.trace(model, x).outputs[-1]) for x in (first, second)]
    assert lines[1:] == [wanted[0], "infer 0 0", wanted[1], "stream 0 0", f"status 0 1 {saturated} 0 0", "status 0 0",
                         wanted[1], "read 0 0", "reset 0 0", f"read {REFUSED} {int(ErrorCode.NO_RESULT)}", "repeated 0"]


def test_the_header_is_what_python_defines():
    assert HEADER.read_text() == text(), "run python -m firmware.mcu.frames_header"
    assert DIGEST_BYTES * 8 == next(field.bits for field in frames.IDENTITY.fields if field.name == "digest")


def test_a_wrong_constant_is_seen(tmp_path):
    wrong = HEADER.read_text().replace("HADAM_IDENTITY_OUTPUTS_OFFSET 96", "HADAM_IDENTITY_OUTPUTS_OFFSET 80")
    assert wrong != HEADER.read_text()
    for source in ("hadam_link.h", "hadam_link.c"):
        (tmp_path / source).write_text((INCLUDE / source).read_text())
    (tmp_path / "hadam_frames.h").write_text(wrong)
    command = ["gcc", "-std=c99", f"-I{tmp_path}", str(MAIN), str(FD_LINE), str(tmp_path / "hadam_link.c"),
               "-o", str(tmp_path / "program")]
    subprocess.run(command, check=True)
    model = MODELS["vectors"]
    x = random_inputs(model, 1, 2)[0]
    lines = talk(tmp_path / "program", Peer(model), order("infer", x), timeout=5, retries=1)
    assert result_line(golden.trace(model, x).outputs[-1]) not in lines
    assert np.all([f"outputs {model.outputs} " not in line for line in lines])
