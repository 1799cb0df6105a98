# SPDX-License-Identifier: BSD-2-Clause
"""Test images through the compiled iCEBreaker, ``==`` to the golden model, and its speed in batch and behind a terminal."""

import argparse
import threading
import time
from pathlib import Path

from rich.console import Console

import boards
from firmware import selftest
from firmware.host.client import Client
from firmware.host.transport import SerialPort
from firmware.virtual.board import VirtualBoard
from firmware.virtual.compiled import compile_board
from firmware.virtual.terminal import Terminal
from hadam_hw.model_file import load_model
from hadam_hw.train.tasks import load_task
from rtl_gen.plan.arch import parse_architecture

MODEL = Path(__file__).parent.parent / "models" / "pmnist-h128-b64.npz"
#: Images that go through the terminal: enough for its rate.
BEHIND_TERMINAL = 10


def main(argv):
    """Prints both rates, and that all was equal to the golden model."""
    parsing = argparse.ArgumentParser(prog="python -m bench virtual_board")
    parsing.add_argument("--count", type=int, default=1000)
    parsing.add_argument("--data", help="folder of the data sets")
    arguments = parsing.parse_args(argv)
    model = load_model(MODEL)
    say = Console(highlight=False, soft_wrap=True).print
    images = load_task(model.provenance.task, arguments.data, model.provenance.seed).test.inputs[:arguments.count]
    compiled = compile_board(model, parse_architecture("serial"), boards.get("icebreaker"))
    with VirtualBoard(compiled) as board:
        results = Client(board, digest=model.digest, timeout=0.05).infer(images.tolist())
        compared = selftest.compare(model, images, results)
        say(f"batch: {len(images)} images, {compared} integers equal to the golden model; {board.clocks:,} clocks, "
            f"{board.clocks / board.seconds:,.0f} a second, {board.clocks / board.cpu_seconds:,.0f} of processor time")
    with VirtualBoard(compiled) as board, Terminal(board) as terminal:
        done = threading.Event()

        def serve():
            while not done.is_set():
                terminal.turn(0.05)

        thread = threading.Thread(target=serve)
        thread.start()
        client = Client(SerialPort(terminal.name, 3_000_000), digest=model.digest, timeout=60)
        client.identify()
        clocks, began = board.clocks, time.perf_counter()
        results = client.infer(images[:BEHIND_TERMINAL].tolist())
        seconds, clocks = time.perf_counter() - began, board.clocks - clocks
        done.set()
        thread.join()
        client.close()
        selftest.compare(model, images[:BEHIND_TERMINAL], results)
        say(f"terminal: {len(results)} images equal, {clocks / seconds:,.0f} clocks a second")
    return 0
