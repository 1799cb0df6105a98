# SPDX-License-Identifier: BSD-2-Clause
"""A parallel core with contexts on ECP5-25F, alone: a step a clock over all contexts, cells and clock; exit 1 where missed."""

import argparse
import json
import statistics
import sys

import numpy as np
from rich.console import Console

from hadam_hw.cache import Cache, cache_folder
from hadam_hw.model import Model
from hadam_hw.recurrence import Hadamard
from rtl_gen.design.emit import emit_core
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.plan.parallel import ContextPlan
from rtl_gen.progress import Progress
from rtl_gen.tools.design_files import CORE
from rtl_gen.tools.family import ECP5, Device
from rtl_gen.tools.flow import Flow
from rtl_gen.tools.toolchain import Kind, find_toolchain

DEVICE = Device("25k", "CABGA381", "ecp5", "6")
ASKED_MHZ = 150.0


def main(argv):
    """Prints clocks, cells and fmax of a core with as many contexts as its loop has clocks."""
    parser = argparse.ArgumentParser(prog="python -m bench contexts", description=__doc__)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--contexts", type=int, help="default: as many as the loop has clocks")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    model = full_block_model(arguments.size)
    contexts = arguments.contexts or ContextPlan(model.top, 1).timing.interval
    with Progress() as progress:
        progress.stage("Verilog of the core")
        core, text = emit_core(model, parse_architecture(f"parallel,contexts={contexts}"))
        flow = Flow(find_toolchain(Kind.YOWASP, ECP5), Cache(cache_folder() / "builds"), progress.stage)
        placed = flow.place(flow.synthesise(text, CORE), DEVICE, ASKED_MHZ, range(1, arguments.seeds + 1))
    clocks = [round(entry.fmax_mhz, 2) for entry in placed if entry.fmax_mhz is not None]
    median = statistics.median(clocks) if clocks else 0.0
    timing = core.timing
    result = {"size": arguments.size, "contexts": timing.contexts, "interval": timing.interval, "used": placed[0].used,
              "fmax_mhz": clocks, "median_mhz": median,
              "steps_per_second": round(median * 1e6 * timing.contexts / timing.interval),
              "images_per_second": round(median * 1e6 * timing.contexts / core.sequence_timing(784).interval)}
    if arguments.json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    else:
        Console(highlight=False, soft_wrap=True).print(
            "n = {size}: {contexts} contexts, each a step in {interval} clocks; {used}, fmax {fmax_mhz}, median {median_mhz} "
            "MHz (asked: 150): {steps_per_second} steps/s; sequences of 784 steps with ten classes: {images_per_second}/s "
            "(limited by the read-out)".format(**result))
    return 0 if median >= ASKED_MHZ and timing.contexts == timing.interval else 1


def full_block_model(size):
    """A model of pMNIST's shape with a full Hadamard block of ``size`` units."""
    rng = np.random.default_rng(0)
    return Model.from_arrays(
        recurrence=Hadamard(size, size, rng.choice([-1, 1], size)), input_weight=rng.integers(-8, 8, (size, 1)),
        output_weight=rng.integers(-8, 8, (10, size)), input_width=8, input_signed=False, state_width=12, state_frac=-4,
        input_frac=4, bias=rng.normal(0, 20, size))
