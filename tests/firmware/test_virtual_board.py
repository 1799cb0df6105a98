# SPDX-License-Identifier: BSD-2-Clause
"""The whole board design, compiled, through its UART pins and through a pseudo-terminal: what the user's commands say of it."""

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from boards import get
from firmware import selftest
from firmware.__main__ import main
from firmware.host.client import Client
from firmware.host.errors import DeviceError, WrongModelError
from firmware.host.transport import SerialPort
from firmware.virtual.board import POWER_UP, VirtualBoard
from firmware.virtual.compiled import compile_board
from firmware.virtual.terminal import Terminal
from hadam_hw import golden
from hadam_hw.cli import run_cli
from hadam_hw.errors import DiffersError, LinkError
from hadam_hw.model import TestVectors
from hadam_hw.model_file import load_model, save_model
from hadam_hw.readout import Pooling
from rtl_gen.gateware.code_loader import CodeLoader
from rtl_gen.link.frames import Command, ErrorCode, Frame, encode_vectors
from rtl_gen.plan.arch import parse_architecture
from tests.models_for_tests import random_model, random_stack

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "models" / "pmnist-h128-b64.npz"
BOARD = get("icebreaker")
SERIAL = parse_architecture("serial")


def tiny():
    """A model with test vectors."""
    model = random_model(size=8, block=4, outputs=3, inputs=2, input_signed=True, wires=True, hidden=((6, 4, 7, 8),))
    inputs = np.random.default_rng(7).integers(-128, 128, (6, 9, 2))
    outputs = golden.run(model, inputs).outputs
    return model.replace(vectors=TestVectors(inputs, outputs, golden.classify(outputs)))


@pytest.fixture(scope="module")
def compiled():
    return compile_board(tiny(), SERIAL, BOARD)


@pytest.fixture
def weights(tmp_path):
    save_model(tiny(), tmp_path / "tiny.npz")
    return str(tmp_path / "tiny.npz")


@pytest.fixture
def port(compiled):
    """A pseudo-terminal with the board behind it, served by a thread."""
    stop = threading.Event()
    with VirtualBoard(compiled) as board, Terminal(board) as terminal:
        def serve():
            while not stop.is_set():
                terminal.turn(0.02)

        thread = threading.Thread(target=serve)
        thread.start()
        yield terminal.name
        stop.set()
        thread.join()


def test_twenty_images_of_the_shipped_model_equal_the_golden_model(capsys):
    assert run_cli(main, ["simulate", "--weights", str(SHIPPED), "--board", "icebreaker", "--count", "20", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["sequences"], facts["compared"]) == (20, 20 * 11)
    image = 10 * 12 * (784 + 7 + 50) + 9302  # bytes there and back, and the core's answer
    assert facts["clocks"] == pytest.approx(20 * image, rel=0.02)
    assert facts["board_seconds"] == pytest.approx(facts["clocks"] / 36e6)


def test_two_layers_equal_the_golden_model(tmp_path, capsys):
    stack = random_stack(lower=dict(size=4, block=4), upper=dict(size=4, block=4, outputs=3, frac=-3))
    inputs = np.random.default_rng(7).integers(0, 256, (3, 9, 1))
    outputs = golden.run(stack, inputs).outputs
    save_model(stack.replace(vectors=TestVectors(inputs, outputs, golden.classify(outputs))), tmp_path / "stack.npz")
    assert run_cli(main, ["simulate", "--weights", str(tmp_path / "stack.npz"), "--board", "icebreaker", "--count", "3",
                          "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["compared"] == 3 * 4


def test_codes_are_loaded_from_the_flash_and_until_then_vectors_are_refused():
    """In SPRAM, with the loader, the CRC and the link's errors: the whole design through its pins."""
    model = tiny()
    compiled = compile_board(model, parse_architecture("serial,codes=spram"), BOARD)
    inputs, wanted = model.vectors.inputs.tolist(), model.vectors.outputs.tolist()
    assert compiled.flash[0] == BOARD.flash.offset
    vectors = encode_vectors(inputs[0][:1], compiled.identity)
    with VirtualBoard(compiled) as board, Client(board, digest=model.digest, timeout=0.02) as client:
        for command, payload in ((Command.INFER, vectors), (Command.STEP, b"\1" + vectors)):
            board.write(Frame(command, payload, 7).encode())
            assert board.run(4000) == Frame(Command.ERROR, bytes([ErrorCode.NOT_READY]), 7).encode()
        assert board.clocks < POWER_UP + CodeLoader.cycles(len(compiled.flash[1]) // 2)
        assert [list(result.logits) for result in client.infer(inputs)] == wanted
        result, = client.stream(inputs[0])
        assert list(result.logits) == wanted[0] and client.status().bad_frames == 0
    for damaged in (b"", compiled.flash[1][:-1] + bytes([compiled.flash[1][-1] ^ 1])):
        with VirtualBoard(compiled, damaged) as board, Client(board, timeout=0.02) as client:
            with pytest.raises(DeviceError) as caught:
                client.infer(inputs[:1])
            assert caught.value.code is ErrorCode.WRONG_CODES
            assert client.identify().digest == model.digest[:16]


def test_a_sum_of_states_takes_its_steps_as_slowly_as_it_has_to():
    # a step hands all units over, which takes longer than a byte of the board's rate: the rate has to be a lower one
    model = random_model(size=32, block=16, outputs=3, emit=Pooling.SUM, pool_bits=4, leak=2)
    inputs = np.random.default_rng(7).integers(0, 256, (3, 20, 1))
    compiled = compile_board(model, SERIAL, BOARD)
    assert compiled.identity.link_hz < BOARD.baud
    with VirtualBoard(compiled) as board, Client(board, digest=model.digest, timeout=0.02) as client:
        results = client.infer(inputs.tolist())
        assert client.status().overruns == 0
    assert [list(result.logits) for result in results] == golden.run(model, inputs).outputs.tolist()


def test_one_wrong_bit_is_seen():
    model = load_model(SHIPPED)
    outputs = golden.run(model, model.vectors.inputs[:2]).outputs
    from rtl_gen.link.frames import Result

    results = [Result(tuple(y), int(golden.classify(y))) for y in outputs.tolist()]
    assert selftest.compare(model, model.vectors.inputs[:2], results) == 22
    wrong = (results[0], Result((results[1].logits[0] ^ 1, *results[1].logits[1:]), results[1].label))
    with pytest.raises(DiffersError, match="sequence 1"):
        selftest.compare(model, model.vectors.inputs[:2], wrong)


def test_steps_status_and_saturations(compiled):
    model = tiny()
    with VirtualBoard(compiled) as board, Client(board, digest=model.digest, timeout=0.02) as client:
        sequence = model.vectors.inputs[0]
        result, = client.stream(iter(sequence.tolist()))
        assert result.logits == tuple(golden.trace(model, sequence).outputs[-1].tolist())
        assert client.read().logits == result.logits
        client.infer(model.vectors.inputs[1:].tolist())
        saturated = sum(int(np.count_nonzero(golden.trace(model, x).saturations)) for x in model.vectors.inputs)
        assert client.status().saturated_steps == saturated
        assert board.broken == 0 and client.repeated == 0


def test_the_verbs_through_a_pseudo_terminal(port, weights, tmp_path, capsys):
    model = tiny()

    def verb(name, *more):
        assert run_cli(main, [name, "--port", port, "--json", *more]) == 0
        return json.loads(capsys.readouterr().out)

    assert verb("identify")["digest"] == model.digest[:16]
    facts = verb("selftest", "--weights", weights)
    assert (facts["sequences"], facts["compared"], facts["repeated"]) == (6, 24, 0)
    assert verb("bench", "--count", "2", "--steps", "5")["sequences_per_second"] > 0

    labels = golden.classify(golden.run(model, model.vectors.inputs).outputs)
    np.savez(tmp_path / "data.npz", inputs=model.vectors.inputs, labels=(labels + (np.arange(6) == 0)) % 3)
    facts = verb("infer", str(tmp_path / "data.npz"))
    assert facts["classes"] == labels.tolist() and facts["correct"] == 5
    np.save(tmp_path / "data.npy", model.vectors.inputs)
    assert verb("infer", str(tmp_path / "data.npy"))["classes"] == labels.tolist()
    rows = [",".join(map(str, [*x.reshape(-1), label])) for x, label in zip(model.vectors.inputs, labels)]
    (tmp_path / "data.csv").write_text("\n".join([",".join([*"abcdefghijklmnopqr", "label"]), *rows]))
    assert verb("infer", str(tmp_path / "data.csv"))["accuracy"] == 1


def test_another_model_is_refused_over_the_terminal(port, tmp_path, capsys):
    other = random_model(size=8, block=4, outputs=3, seed=1)
    with pytest.raises(WrongModelError), Client(SerialPort(port, 3_000_000), digest=other.digest) as client:
        client.identify()


def test_a_terminal_at_rest_stops_the_clock(compiled):
    with VirtualBoard(compiled) as board, Terminal(board) as terminal:
        before = board.clocks
        terminal.turn(0)
        assert board.clocks == before


def test_a_port_that_is_not_there_and_one_that_is_lost(compiled, capsys):
    assert run_cli(main, ["identify", "--port", "/dev/nothing"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: Port must be a serial port that can be opened") and error.count("\n") == 1
    ours, theirs = os.openpty()
    client = Client(SerialPort(os.ttyname(theirs), 115200), timeout=0.1)
    os.close(theirs)
    os.close(ours)
    with pytest.raises(LinkError, match="was lost"):
        client.identify()


def test_a_missing_compiler_is_named(weights, monkeypatch, capsys):
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert run_cli(main, ["simulate", "--weights", weights, "--board", "icebreaker"]) == 3
    assert "no-such-compiler is not here; install it: apt-get install g++" in capsys.readouterr().err


@pytest.mark.parametrize("name, data, said", [
    ("x.txt", b"", "must be one of"), ("none.npy", None, "must exist"), ("x.npy", b"garbage", "must hold whole numbers"),
    ("x.csv", b"1,2\n3,a\n", "must hold whole numbers"), ("x.csv", b"1,2,3\n1,2,3\n", "must have shape"),
    ("x.csv", b"label\n", "must")])
def test_a_bad_file_is_one_sentence(name, data, said, port, tmp_path, capsys):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert run_cli(main, ["infer", "--port", port, str(tmp_path / name)]) == 1
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
