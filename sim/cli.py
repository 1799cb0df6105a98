# SPDX-License-Identifier: BSD-2-Clause
"""Runs one core by hand: ``hadam sim --weights model.npz --arch serial --steps 1000``."""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from hadam_hw.cli import VerbParser
from hadam_hw.errors import DiffersError
from hadam_hw.model_file import load_model
from hadam_hw.readout import Pooling
from hadam_hw.terminal import console
from rtl_gen.plan.arch import spellings
from rtl_gen.progress import Progress
from sim.one_core import simulate_by_hand
from sim.runner import BenchFailed
from sim.tools import Simulator, require

DESCRIPTION = "Simulates a core's emitted Verilog and compares every integer that leaves it with the golden model."
MAX_STEPS = 10_000_000
#: Of a model that has no pool: for sequences of up to 1,024 steps.
POOL_BITS = 10


def _steps(text):
    value = int(text)
    if not 0 < value <= MAX_STEPS:
        raise ValueError
    return value


_steps.__name__ = f"whole number from 1 to {MAX_STEPS}"


def parser():
    """The command line's parser."""
    parsing = VerbParser("sim", description=DESCRIPTION)
    parsing.add_argument("--weights", type=Path, required=True, metavar="FILE", help="the quantised model (.npz)")
    parsing.add_argument("--arch", default="serial", help=f"{spellings()}; default: serial")
    parsing.add_argument("--steps", type=_steps, default=1000, metavar="N",
                         help="steps to simulate (default 1000), of the model's own test sequences")
    parsing.add_argument("--emit", choices=[emit.value for emit in Pooling],
                         help="when the core reads out: every compares each state; default: as the model says")
    parsing.add_argument("--netlist", choices=["no", "yes"], default="no",
                         help="yes simulates the netlist after synthesis in place of the emitted text")
    parsing.add_argument("--simulator", choices=[simulator.value for simulator in Simulator],
                         help="default: verilator, for netlists icarus")
    parsing.add_argument("--json", action="store_true", help="print the result as JSON")
    return parsing


def emitting(model, emit):
    """``model`` with another ``emit``; a model that has no pool gets one of :data:`POOL_BITS`."""
    pool_bits = (model.readout.pool_bits or POOL_BITS) if emit is Pooling.SUM else 0
    return model.with_readout(pooling=emit, pool_bits=pool_bits)


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    arguments = parser().parse_args(argv)
    model = load_model(arguments.weights)
    if arguments.emit:
        model = emitting(model, Pooling(arguments.emit))
    netlist = arguments.netlist == "yes"
    simulator = Simulator(arguments.simulator or (Simulator.ICARUS if netlist else Simulator.VERILATOR))
    require(simulator)
    with Progress() as progress:
        try:
            seen = simulate_by_hand(model, arguments.arch, arguments.steps, simulator, netlist=netlist,
                                    on_stage=progress.stage)
        except BenchFailed as failure:
            raise DiffersError(f"The core is not the golden model: {failure}") from failure
    if arguments.json:
        facts = {"model_digest": model.digest, "arch": arguments.arch, "simulator": simulator.value, "netlist": netlist}
        sys.stdout.write(json.dumps(facts | asdict(seen), indent=2) + "\n")
    else:
        show(seen, console())
    return 0


def show(seen, screen):
    """Prints what was seen, for people."""
    clocks = "not measured" if seen.cycles_per_step is None else f"{seen.cycles_per_step}, measured"
    seen = replace(seen, compile_seconds=round(seen.compile_seconds, 1), simulation_seconds=round(seen.simulation_seconds, 2))
    screen.print(f"equal: {seen.outputs} outputs and {seen.states} state words ({seen.nonzero_states} of them not 0), "
                  f"in {seen.steps} steps of {seen.sequences} sequences")
    screen.print(f"clocks a step: {clocks}; {seen.clocks} clocks in all")
    compiling = f"{seen.compile_seconds} s" if seen.compile_seconds else "done earlier"
    screen.print(f"compilation: {compiling}; simulation: {seen.simulation_seconds} s")
