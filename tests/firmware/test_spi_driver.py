# SPDX-License-Identifier: BSD-2-Clause
"""The C driver over SPI: compiled C works the pins of the compiled design, bit by bit."""

import re
import subprocess

import pytest

from boards import get
from firmware.mcu.export import INCLUDE
from firmware.virtual.board import POWER_UP, VirtualBoard
from firmware.virtual.compiled import compile_board
from hadam_hw import golden
from hadam_hw.errors import BoardError
from rtl_gen.link.frames import ErrorCode
from rtl_gen.link.kind import Link
from rtl_gen.link.spi import MIN_HALF_PERIOD
from rtl_gen.plan.arch import parse_architecture
from tests.firmware.c_harness import SANITIZED, compile_all, export, random_inputs
from tests.firmware.link_program import (
    LOST,
    MAIN,
    NO_REPLY,
    OK,
    REFUSED,
    SPI_LINE,
    SPI_PINS,
    WRONG_MODEL,
    open_line,
    order,
    result_line,
    say,
)
from tests.models_for_tests import random_model

#: A step takes longer than a byte on the line, so vectors are lost by a host that does not look.
MODEL = random_model(size=64, block=64, outputs=2, seed=4)
SLOW = parse_architecture("folded:2")
SILENCE = 4096
#: More than the silence, at the board's clock.
TIMEOUT_MS = 1


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """(the compiled design, the file of its library)."""
    compiled = compile_board(MODEL, SLOW, get("icebreaker"), link=Link.SPI, silence_clocks=SILENCE)
    library = tmp_path_factory.mktemp("spi") / "board.so"
    library.write_bytes(compiled.library)
    return compiled, library


def build(board, folder, sources, *options):
    """A program of ``sources``, the drivers, and the board's pins."""
    compiled, library = board
    numbers = {"CLOCKS_PER_MS": round(compiled.clock_hz / 1000), "POWER_UP": POWER_UP, "PATIENCE_MS": 2 * TIMEOUT_MS}
    options = [f"-I{SPI_PINS.parent}", *(f"-D{name}={number}" for name, number in numbers.items()), *options]
    sources = [*sources, SPI_PINS, INCLUDE / "hadam_link.c", INCLUDE / "hadam_spi.c", library]
    return compile_all(sources, folder, (*SANITIZED, *options))


@pytest.fixture(scope="module")
def driver(board, tmp_path_factory):
    return build(board, tmp_path_factory.mktemp("driver"), [MAIN, SPI_LINE])


def talk(driver, orders, half=MIN_HALF_PERIOD, one_in=0, seed=0, **options):
    return say(driver, f"{half}:{one_in}:{seed}", orders, timeout=TIMEOUT_MS, **options)


@pytest.mark.parametrize("half", [MIN_HALF_PERIOD, 9])
def test_the_gateware_and_the_driver_understand_each_other(board, driver, half):
    identity = board[0].identity
    assert identity.step_clocks > 16 * half + 24 or half > MIN_HALF_PERIOD
    first, second = random_inputs(MODEL, 2, 40)
    traces = [golden.trace(MODEL, x) for x in (first, second)]
    wanted = [result_line(trace.outputs[-1]) for trace in traces]
    saturated = sum(int((trace.saturations > 0).sum()) for trace in traces)
    orders = order("infer", first) + order("stream", second, 5) + "status read reset read"
    lines = talk(driver, orders, half, digest=MODEL.digest[:16], retries=0)
    assert lines == [open_line(identity), wanted[0], "infer 0 0", wanted[1], "stream 0 0", f"status 0 1 {saturated} 0 0",
                     "status 0 0", wanted[1], "read 0 0", "reset 0 0", f"read {REFUSED} {int(ErrorCode.NO_RESULT)}",
                     "repeated 0", "turned 0"]


@pytest.mark.parametrize("seed", range(3))
def test_no_damage_makes_a_wrong_result(driver, seed):
    sequences = random_inputs(MODEL, 60, 9, seed)
    orders = "".join(order("stream" if k % 2 else "infer", x, 2) for k, x in enumerate(sequences))
    lines = talk(driver, orders, one_in=1500, seed=seed + 1)
    results = [line for line in lines if line.startswith("result")]
    ends = [line.split()[1] for line in lines if re.match(r"(infer|stream) ", line)]
    wanted = [result_line(y) for y in golden.run(MODEL, sequences).outputs]
    assert len(ends) == len(sequences) and set(ends) <= {str(OK), str(LOST)}
    assert results == [line for line, end in zip(wanted, ends) if end == str(OK)]
    repeated, turned = (int(line.split()[1]) for line in lines[-2:])
    assert len(results) > 40 and turned > 20 and repeated > 10


def test_a_host_that_does_not_look_at_ready_loses_vectors_and_is_told(board, tmp_path):
    x = random_inputs(MODEL, 1, 40)[0]
    lines = talk(build(board, tmp_path, [MAIN, SPI_LINE], "-DBLIND"), order("infer", x))
    assert lines[1:] == [f"infer {REFUSED} {int(ErrorCode.OVERRUN)}", "repeated 0", "turned 0"]


def test_a_host_that_takes_bits_at_the_wrong_edge_hears_nothing(board, tmp_path):
    lines = talk(build(board, tmp_path, [MAIN, SPI_LINE], "-DLATE"), "", retries=2)
    assert lines[0].startswith(f"open {NO_REPLY} ") and lines[1:] == ["repeated 2", "turned 0"]


def test_the_example_classifies_what_a_sensor_sends(board, tmp_path):
    export(MODEL, "net", tmp_path)
    windows = random_inputs(MODEL, 12, 5)
    program = build(board, tmp_path, [INCLUDE / "examples" / "fpga_over_spi.c"], f"-DWINDOW={windows.shape[1]}",
                    f"-DTIMEOUT_MS={TIMEOUT_MS}")
    text = " ".join(map(str, windows.ravel()))
    said = subprocess.run([program], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    labels = golden.classify(golden.run(MODEL, windows).outputs)
    assert said == [f"{5 * k + 4} {label}" for k, label in enumerate(labels)] and len(set(labels)) > 1


def test_the_example_refuses_another_model(board, tmp_path):
    export(random_model(size=8, outputs=2), "net", tmp_path)
    program = build(board, tmp_path, [INCLUDE / "examples" / "fpga_over_spi.c"], f"-DTIMEOUT_MS={TIMEOUT_MS}")
    ended = subprocess.run([program], input="1 2 3", capture_output=True, text=True)
    assert ended.returncode == 1 and ended.stdout == "" and ended.stderr == f"error {WRONG_MODEL}, device says 0\n"


def test_a_virtual_board_is_one_with_a_uart(board):
    with pytest.raises(BoardError, match="through a UART"):
        VirtualBoard(board[0])
