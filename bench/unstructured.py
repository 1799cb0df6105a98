# SPDX-License-Identifier: BSD-2-Clause
"""Recurrences without structure: adders of random binary and ternary matrices; the whole design of ternary ones on UP5K."""

import argparse
import json
import statistics
import sys
import time

import numpy as np
from rich.console import Console

import boards
from hadam_hw.cache import Cache, cache_folder
from hadam_hw.model import Model
from hadam_hw.recurrence import Hadamard, Ternary
from rtl_gen.design.emit import emit_design
from rtl_gen.plan.adder_graph import recurrence_graph
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.progress import Progress
from rtl_gen.tools.design_files import DESIGN_FILE, FACTS_FILE
from rtl_gen.tools.family import ICE40, Device
from rtl_gen.tools.flow import Flow
from rtl_gen.tools.toolchain import Kind, find_toolchain

#: Asked for at n = 64, the mean of five draws.
ASKED_ADDERS = {"hadamard": 384, "binary": 836, "ternary": 1155}
ASKED_MHZ = 40.0


def main(argv):
    """Prints adders, levels and seconds of each kind, then cells and fmax of designs; exit 1 where a figure is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench unstructured", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[16, 32, 64, 128])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--designs", type=int, nargs="*", default=[0, 1, 2], metavar="DRAW",
                        help="random ternary recurrences to build for the iCEBreaker (default: 0 1 2)")
    parser.add_argument("--seeds", type=int, default=1, help="placements of each")
    parser.add_argument("--arch", default="serial")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    console = Console(highlight=False, soft_wrap=True, quiet=arguments.json)
    graphs = [measure_graphs(size, kind, arguments.draws) for size in arguments.sizes for kind in ASKED_ADDERS]
    for entry in graphs:
        console.print("n = {size}, {kind}: {mean:g} adders in {levels} levels (draws: {adders}), {seconds:.1f} s a graph"
                      .format(**entry))
    with Progress() as progress:
        designs = [build(draw, arguments.arch, range(1, arguments.seeds + 1), progress) for draw in arguments.designs]
    for entry in designs:
        console.print("ternary n = 64, draw {draw}: {used}, fmax {fmax_mhz}, median {median_mhz} MHz, "
                      "{cycles_per_step} clocks a step".format(**entry))
    if arguments.json:
        sys.stdout.write(json.dumps({"graphs": graphs, "designs": designs}, indent=2) + "\n")
    missed = [entry for entry in graphs if entry["size"] == 64 and entry["mean"] > ASKED_ADDERS[entry["kind"]]]
    missed += [entry for entry in designs if not entry["fits"] or entry["median_mhz"] < ASKED_MHZ]
    return 1 if missed else 0


def random_recurrence(size, kind, draw):
    """A recurrence of ``size`` units whose entries are drawn: signs, or -1, 0 and 1 a third each."""
    rng = np.random.default_rng(draw)
    if kind == "hadamard":
        return Hadamard(size, size, rng.choice([-1, 1], size))
    matrix = rng.choice([-1, 1], (size, size)) if kind == "binary" else rng.integers(-1, 2, (size, size))
    return Ternary(matrix)


def measure_graphs(size, kind, draws):
    """Adders and levels of ``draws`` random recurrences, whose graphs are checked against the matrix as always."""
    started = time.perf_counter()
    graphs = [recurrence_graph(random_recurrence(size, kind, draw)) for draw in range(draws)]
    adders = [len(graph.adders) for graph in graphs]
    return {"size": size, "kind": kind, "adders": adders, "mean": statistics.mean(adders),
            "levels": max(max(graph.levels) for graph in graphs), "seconds": (time.perf_counter() - started) / draws}


def ternary_model(draw, size=64):
    """A model of pMNIST's shape: a recurrence of about unit gain, its scale 5 * 2**-5, one 8-bit input, ten classes."""
    rng = np.random.default_rng(1000 + draw)
    return Model.from_arrays(
        recurrence=Ternary(random_recurrence(size, "ternary", draw).entries, multiplier=5, shift_bits=5),
        input_weight=rng.integers(-8, 8, (size, 1)), output_weight=rng.integers(-8, 8, (10, size)),
        input_width=8, input_signed=False, state_width=12, state_frac=-2, bias=rng.normal(0, 20, size))


def build(draw, arch, seeds, progress):
    """The whole UART design on the iCEBreaker: used cells and the clock of each placement."""
    flow = Flow(find_toolchain(Kind.YOWASP), Cache(cache_folder() / "builds"), progress.stage)
    files = emit_design(ternary_model(draw), parse_architecture(arch), boards.get("icebreaker"), None, 784)
    facts = json.loads(files[FACTS_FILE])
    placed = flow.place(flow.synthesise(files[DESIGN_FILE].decode(), facts["top"]), Device(facts["chip"], facts["package"]),
                        facts["clock_mhz"], seeds, pins=files[ICE40.pins_file].decode())
    clocks = [round(entry.fmax_mhz, 2) for entry in placed if entry.fmax_mhz is not None]
    return {"draw": draw, "used": placed[0].used, "fits": bool(clocks), "fmax_mhz": clocks,
            "median_mhz": statistics.median(clocks) if clocks else None, "cycles_per_step": facts["cycles_per_step"]}
