# SPDX-License-Identifier: BSD-2-Clause
"""Times cocotb on a shipped core's emitted Verilog, every integer compared; exit 1 where it takes longer than asked."""

import argparse
import time
from pathlib import Path

from rich.console import Console

from hadam_hw.model_file import load_model
from rtl_gen.progress import Progress
from sim.one_core import simulate_by_hand
from sim.tools import Simulator, require

SHIPPED = Path(__file__).resolve().parent.parent / "models" / "pmnist-h128-b64.npz"
ASKED_SECONDS = 20


def main(argv):
    """Prints seconds of compilation, and of a whole run of the bench after it: process start and set-up included."""
    parser = argparse.ArgumentParser(prog="python -m bench cosim_speed", description=__doc__)
    parser.add_argument("--weights", type=Path, default=SHIPPED)
    parser.add_argument("--arch", default="serial")
    parser.add_argument("--steps", type=int, default=1000)
    arguments = parser.parse_args(argv)
    model = load_model(arguments.weights)
    require(Simulator.VERILATOR)
    with Progress() as progress:
        compiled = simulate_by_hand(model, arguments.arch, arguments.steps, Simulator.VERILATOR, on_stage=progress.stage)
        started = time.monotonic()
        # The same once more, with nothing left to compile: what a person waits for who changes the sequences.
        seen = simulate_by_hand(model, arguments.arch, arguments.steps, Simulator.VERILATOR, on_stage=progress.stage)
        seconds = time.monotonic() - started
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{arguments.weights.name}, {arguments.arch}: {seen.steps} steps, {seen.clocks} clocks, {seen.outputs} "
                  f"outputs and {seen.states} state words equal")
    console.print(f"compilation {compiled.compile_seconds:.1f} s (0 if done earlier); simulation "
                  f"{seen.simulation_seconds:.2f} s, with emission, golden model and process start {seconds:.2f} s "
                  f"(asked: {ASKED_SECONDS} s)")
    return 0 if seconds <= ASKED_SECONDS else 1
