# SPDX-License-Identifier: BSD-2-Clause
"""``hadam simulate``: a board without hardware."""

import argparse
import sys
from pathlib import Path

from firmware import selftest, values
from firmware.device import run, say
from firmware.host.client import Client
from hadam_hw.cli import VerbParser, positive
from hadam_hw.errors import UsageError
from hadam_hw.model_file import load_model
from hadam_hw.processes import require_pseudo_terminals
from rtl_gen.plan.arch import parse_architecture, spellings
from rtl_gen.progress import Progress
from rtl_gen.sensors.kind import Sensor

#: Simulated seconds without a byte after which no answer will come.
TIMEOUT = 0.05
HOUR = 3600


def seconds(text):
    """The type of a duration from 0 to an hour."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= HOUR:  # NaN is neither
        raise argparse.ArgumentTypeError(f"must be seconds from 0 to {HOUR}, not {text!r}")
    return value


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parsing = VerbParser("simulate", description=(
        "Compiles the whole design of a board and offers it behind a pseudo-terminal, until interrupted. With --count it works "
        "through the model's test vectors instead and compares them with the golden model. With --sensor pdm and --play a "
        "microphone at the design's pins hears recordings, and what the board says is printed."))
    parsing.add_argument("--weights", type=Path, required=True, metavar="FILE", help="the quantised model (.npz)")
    parsing.add_argument("--board", required=True, help="such as icebreaker")
    parsing.add_argument("--arch", default="serial", help=f"{spellings()}; default: serial")
    parsing.add_argument("--count", type=positive(int), metavar="N", help="test vectors to work through")
    parsing.add_argument("--seconds", type=positive(float), metavar="S", help="end after so long")
    parsing.add_argument("--sensor", choices=[sensor.value for sensor in Sensor],
                         help="the design has a microphone; see --play")
    parsing.add_argument("--play", type=Path, nargs="+", metavar="FILE",
                         help="what the microphone hears: WAV files, one behind the other")
    parsing.add_argument("--before", type=seconds, metavar="S",
                         help="silence before each; default: it ends where a window ends")
    parsing.add_argument("--after", type=seconds, default=0.0, metavar="S", help="silence behind the last one")
    parsing.add_argument("--page", type=Path, metavar="FILE", help="draws what the chip heard, as HTML")
    parsing.add_argument("--json", action="store_true", help="for machines")
    arguments = parsing.parse_args(argv)
    if (arguments.sensor is None) != (arguments.play is None):
        raise UsageError("--sensor and --play go together: a microphone hears recordings, and a link takes vectors")
    if arguments.play:
        model = load_model(arguments.weights)
        from firmware.virtual.hearing import simulate_ear

        simulate_ear(model, parse_architecture(arguments.arch), arguments.board, arguments.play, before=arguments.before,
                     after=arguments.after, as_json=arguments.json, page=arguments.page)
        return 0
    if arguments.count is None:
        require_pseudo_terminals()
    model, architecture = load_model(arguments.weights), parse_architecture(arguments.arch)

    import boards
    from firmware.virtual.board import VirtualBoard
    from firmware.virtual.compiled import compile_board

    with Progress() as progress:
        compiled = compile_board(model, architecture, boards.get(arguments.board), on_stage=progress.stage)
    with VirtualBoard(compiled) as board:
        if arguments.count is None:
            _serve(arguments, board)
        else:
            _work(arguments, board, model)
    return 0


def _speed(board):
    """What was simulated and how fast, as facts and in words."""
    rate, real = board.clocks / max(board.seconds, 1e-9), board.clocks / board.compiled.clock_hz
    facts = {"clocks": board.clocks, "seconds": board.seconds, "clocks_per_second": rate,
             "clocks_per_cpu_second": board.clocks / max(board.cpu_seconds, 1e-9), "board_seconds": real}
    return facts, (f"{board.clocks:,} clocks in {board.seconds:.2f} s, {rate:,.0f} a second "
                   f"({facts['clocks_per_cpu_second']:,.0f} of processor time); "
                   f"a board at {board.compiled.clock_hz / 1e6:g} MHz takes {real * 1e3:.2f} ms")


def _work(arguments, board, model):
    sequences = selftest.vectors(model, arguments.count)
    client = Client(board, digest=model.digest, timeout=TIMEOUT)
    results, _ = run(client, sequences)
    compared = selftest.compare(model, sequences, results)
    facts, words = _speed(board)
    score, error = values.score(model, results)
    say(arguments, facts | score | {"sequences": len(results), "compared": compared},
        f"{len(results)} sequences, {compared} integers: equal to the golden model{error}\n{words}")


def _serve(arguments, board):
    from firmware.virtual.terminal import Terminal

    with Terminal(board) as terminal:
        sys.stdout.write(f"{arguments.board} is at {terminal.name}; for example: "
                         f"hadam identify --port {terminal.name}\n")
        sys.stdout.flush()
        try:
            terminal.serve(arguments.seconds)
        finally:
            facts, words = _speed(board)
            say(arguments, facts, words)
