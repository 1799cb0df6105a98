# SPDX-License-Identifier: BSD-2-Clause
"""Whether ``--arch auto`` chooses well: builds what is estimated to fit, for the shipped models on two boards.

Clocks a step are exact and no clock is faster than the board's; so what would be slower than the choice even at the board's
clock cannot be the best, and is built only with ``--all``. What is built is kept in ``bench/auto_builds.json``; the factors
of :mod:`rtl_gen.estimate.clock` are fitted on it.
"""

import argparse
import json
import statistics
import sys
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.table import Table

import boards
from hadam_hw.cache import Cache, cache_folder
from hadam_hw.files import atomic_write
from hadam_hw.model_file import load_model
from rtl_gen.design.emit import emit_design
from rtl_gen.estimate.choose import survey
from rtl_gen.estimate.clock import FACTORS_FILE, clock_factors, counted_delay
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.progress import Progress
from rtl_gen.tools.design_files import CORE, DESIGN_FILE, FACTS_FILE
from rtl_gen.tools.family import FAMILIES, Device
from rtl_gen.tools.flow import Flow
from rtl_gen.tools.toolchain import Kind, find_toolchain

ROOT = Path(__file__).resolve().parent.parent
#: Models that are shipped, and that were: what was built of those still measures the estimate.
SHIPPED, LEFT = ROOT / "models", ROOT / "tests" / "data" / "models"
BUILDS_FILE = Path(__file__).parent / "auto_builds.json"
BOARDS = ("icebreaker", "hx8k")
ASKED_WITHIN = 0.10
#: Seeds that are tried until the clock is met, as few as that: the build itself tries seven.
MOST_SEEDS = 3


def main(argv):
    """Prints all builds, the choice and the best of each pair; exit 1 where the choice is further from the best than asked."""
    parser = argparse.ArgumentParser(prog="python -m bench auto", description=__doc__.splitlines()[0])
    parser.add_argument("--build", action="store_true", help="build what is estimated to fit and not known yet")
    parser.add_argument("--all", action="store_true", help="build also what cannot be the best")
    parser.add_argument("--models", nargs="+", choices=[path.stem for path in _paths()], metavar="NAME",
                        help="build these only (default: all that are shipped)")
    parser.add_argument("--fit", action="store_true", help="fit the factors of the clock's estimate on what is built")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    if arguments.build:
        _build(arguments.models or [path.stem for path in SHIPPED.glob("*.npz")], arguments.all)
    builds = load_builds()
    if arguments.fit:
        atomic_write(FACTORS_FILE, json.dumps(fit_clocks(builds), indent=1) + "\n")
    pairs = judge(builds)
    if arguments.json:
        sys.stdout.write(json.dumps({"builds": builds, "pairs": pairs}) + "\n")
    else:
        _show(builds, pairs)
    return 0 if all(pair["behind"] <= ASKED_WITHIN and not pair["could_win"] for pair in pairs) else 1


def load_builds():
    """``"model board architecture MHz"`` to what it became."""
    return json.loads(BUILDS_FILE.read_text()) if BUILDS_FILE.exists() else {}


@cache
def models():
    """The models by name, those that left among them."""
    return {path.stem: load_model(path) for path in _paths()}


def _paths():
    return sorted([*SHIPPED.glob("*.npz"), *LEFT.glob("*.npz")], key=lambda path: path.stem)


@cache
def _fitting(name, board):
    """Key to estimate of what is estimated to fit of a model on a board, by their names; the fastest first."""
    return {f"{name} {board} {one.estimate.architecture} {one.estimate.clock_mhz:g}": one.estimate
            for one in survey(models()[name], boards.get(board)) if one.fits}


def _could_win(board, estimated, rate):
    return board.default_clock_mhz * 1e6 / estimated.cycles_per_step > rate


def _build(names, everything):
    with Progress() as progress:
        flow = Flow(find_toolchain(Kind.YOWASP, FAMILIES["ice40"]), Cache(cache_folder() / "builds"), progress.stage)
        for name, model in ((name, model) for name, model in models().items() if name in names):
            for board in map(boards.get, BOARDS):
                best = 0.0
                for key, estimated in _fitting(name, board.name).items():
                    if key not in load_builds():
                        if not everything and not _could_win(board, estimated, best):
                            continue
                        progress.stage(key)
                        found = _place(flow, model, board, estimated)
                        atomic_write(BUILDS_FILE, json.dumps(load_builds() | {key: found}, indent=1) + "\n")
                    best = max(best, _rate(load_builds()[key]))


def _place(flow, model, board, estimated):
    """Cells, those of the core alone, and the clocks of the seeds until one meets the estimate's clock."""
    files = emit_design(model, parse_architecture(estimated.architecture), board, estimated.clock_mhz, 1)
    facts = json.loads(files[FACTS_FILE])
    netlist = flow.synthesise(files[DESIGN_FILE].decode(), facts["top"])
    device, clocks, core = Device(facts["chip"], facts["package"], "ice40", facts["speed"]), [], None
    while len(clocks) < MOST_SEEDS and max(clocks, default=0) < facts["clock_mhz"]:
        placed, = flow.place(netlist, device, facts["clock_mhz"], [len(clocks) + 1],
                             pins=files[flow.family.pins_file].decode(), options=facts["placement_options"])
        if placed.fmax_mhz is None:
            break
        clocks.append(round(placed.fmax_mhz, 2))
        core = sum(part["lc"] for name, part in placed.parts.items() if name.split(".")[0] == CORE)
    return {"lc": placed.used["lc"], "core": core, "ebr": placed.used["ebr"], "fmax_mhz": clocks,
            "clock_mhz": facts["clock_mhz"], "cycles_per_step": facts["cycles_per_step"]}


def _rate(row):
    """Steps a second of a build that fits and meets its clock, else 0."""
    return row["clock_mhz"] * 1e6 / row["cycles_per_step"] if max(row["fmax_mhz"], default=0) >= row["clock_mhz"] else 0


def judge(builds):
    """For each model and board: what was built, what auto comes to, what is best, and how many that could be are not built."""
    pairs = []
    for name in models():
        for board in map(boards.get, BOARDS):
            ranked = _fitting(name, board.name)
            known = [key for key in ranked if key in builds]
            if not known:
                continue
            chosen = next((key for key in known if _rate(builds[key])), known[0])
            best = max(known, key=lambda key: _rate(builds[key]))
            rate = _rate(builds[chosen])
            behind = 1 - rate / _rate(builds[best]) if rate else 1.0
            open_ones = [key for key in ranked if key not in builds and _could_win(board, ranked[key], rate)]
            pairs.append({"pair": f"{name} {board.name}", "first": next(iter(ranked)).split()[2], "chosen": chosen.split()[2],
                          "best": best.split()[2], "behind": behind, "built": len(known), "fitting": len(ranked),
                          "could_win": len(open_ones), "steps_per_second": rate})
    return pairs


def fit_clocks(builds):
    """Device to kind of architecture to the factor that is right on average for what was built; what was not keeps its own."""
    shipped, ratios = models(), {}
    for key, row in builds.items():
        name, where, arch, _ = key.split()
        if row["fmax_mhz"]:
            plan = parse_architecture(arch).plan(shipped[name])
            ratio = 1e3 / statistics.median(row["fmax_mhz"]) / counted_delay(plan, row["lc"])
            ratios.setdefault((boards.get(where).chip.device, plan.architecture.delay), []).append(ratio)
    fitted = {device: dict(kinds) for device, kinds in clock_factors().items()}
    for (device, kind), found in ratios.items():
        fitted[device][kind] = round(statistics.geometric_mean(found), 4)
    return fitted


def _show(builds, pairs):
    console = Console(highlight=False, soft_wrap=True)
    table = Table("model, board, architecture, MHz", "LC", "EBR", "fmax MHz", "clocks", "steps/s")
    for key, row in builds.items():
        table.add_row(key, str(row["lc"]), str(row["ebr"]), ", ".join(map(str, row["fmax_mhz"])) or "no room",
                      str(row["cycles_per_step"]), f"{_rate(row):,.0f}" if _rate(row) else "missed")
    console.print(table)
    for pair in pairs:
        console.print(f"{pair['pair']}: {pair['chosen']} ({pair['steps_per_second']:,.0f} steps/s; first by estimate "
                      f"{pair['first']}); the best of {pair['built']} built of {pair['fitting']}: {pair['best']}, "
                      f"{pair['behind']:.1%} ahead (asked: {ASKED_WITHIN:.0%}); {pair['could_win']} not built could be faster")
