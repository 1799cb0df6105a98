# SPDX-License-Identifier: BSD-2-Clause
"""Area and clock of the shipped pMNIST n = 128 over several seeds: the whole design on UP5K, the core alone on HX8K."""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

from rich.console import Console

import boards
from hadam_hw.cache import Cache, cache_folder
from hadam_hw.model_file import load_model
from rtl_gen.design.emit import emit_core, emit_design
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.progress import Progress
from rtl_gen.tools.design_files import CORE, DESIGN_FILE, FACTS_FILE
from rtl_gen.tools.family import ICE40, Device
from rtl_gen.tools.flow import Flow
from rtl_gen.tools.toolchain import Kind, find_toolchain

MODEL = Path(__file__).resolve().parent.parent / "models" / "pmnist-h128-b64.npz"
HX8K = Device("hx8k", "ct256")
HX8K_CLOCK_MHZ = 160.0


def main(argv):
    """Prints used cells, fmax of each seed and their median for both."""
    parser = argparse.ArgumentParser(prog="python -m bench figures", description=__doc__)
    parser.add_argument("--weights", type=Path, default=MODEL)
    parser.add_argument("--arch", default="serial")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    model, architecture = load_model(arguments.weights), parse_architecture(arguments.arch)
    seeds = range(1, arguments.seeds + 1)
    with Progress() as progress:
        flow = Flow(find_toolchain(Kind.YOWASP), Cache(cache_folder() / "builds"), progress.stage)
        steps = 1 if model.vectors is None else model.vectors.inputs.shape[1]
        files = emit_design(model, architecture, boards.get("icebreaker"), None, steps)
        facts = json.loads(files[FACTS_FILE])
        whole = flow.place(flow.synthesise(files[DESIGN_FILE].decode(), facts["top"]), Device(facts["chip"], facts["package"]),
                           facts["clock_mhz"], seeds, pins=files[ICE40.pins_file].decode(), options=facts["placement_options"])
        start = time.perf_counter()
        core, text = emit_core(model, architecture)
        emission = time.perf_counter() - start
        alone = flow.place(flow.synthesise(text, CORE), HX8K, HX8K_CLOCK_MHZ, seeds)
    result = {"emission_seconds": round(emission, 2), "cycles_per_step": core.timing.interval,
              "whole_up5k": _figures(whole), "core_hx8k": _figures(alone)}
    if arguments.json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    else:
        console = Console(highlight=False)
        console.print(f"core's Verilog in {emission:.2f} s, {core.timing.interval} clocks a step")
        for name in ("whole_up5k", "core_hx8k"):
            entry = result[name]
            console.print(f"{name}: {entry['used']}, fmax {entry['fmax_mhz']}, median {entry['median_mhz']} MHz")
    return 0


def _figures(placements):
    clocks = [round(placed.fmax_mhz, 2) for placed in placements]
    return {"used": placements[0].used, "fmax_mhz": clocks, "median_mhz": statistics.median(clocks)}
