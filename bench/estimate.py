# SPDX-License-Identifier: BSD-2-Clause
"""The estimate of logic cells against nextpnr's count: builds the committed set, fits on one half, judges on the other."""

import argparse
import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.designs import DESIGNS
from hadam_hw.cache import Cache, cache_folder, digest
from hadam_hw.errors import ToolFailedError
from hadam_hw.files import atomic_write
from rtl_gen.design.emit import emit_core
from rtl_gen.estimate.fit import fit_factors
from rtl_gen.estimate.inventory import inventory
from rtl_gen.estimate.model import FACTORS_FILE, cells_of
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.progress import Progress
from rtl_gen.tools.design_files import CORE, NETLIST_FILE
from rtl_gen.tools.family import FAMILIES
from rtl_gen.tools.flow import Flow
from rtl_gen.tools.jobs import Job, check, run_jobs
from rtl_gen.tools.toolchain import Kind, find_toolchain

BUILDS_FILE = Path(__file__).parent / "estimate_builds.json"
#: Smaller cores are built too, but a few cells are many percent there.
JUDGED_FROM = 500
ASKED_ERROR = 0.05
ASKED_SECONDS = 1.0
_USED = re.compile(r"^Info:\s+(ICESTORM_\w+):\s+(\d+)/", re.MULTILINE)


def main(argv):
    """Prints the error of each build of the held-out half, their median and the worst; exit 1 where more than asked."""
    parser = argparse.ArgumentParser(prog="python -m bench estimate", description=__doc__)
    parser.add_argument("--build", action="store_true", help="synthesise and pack what is not in the set as it is now")
    parser.add_argument("--fit", action="store_true", help="fit the constants anew and write them")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    if arguments.build:
        build_missing()
    builds = load_builds()
    if arguments.fit:
        rows = [(inventory(_plan(design))[0], builds[design.name]["lc"]) for design in DESIGNS[::2] if design.name in builds]
        atomic_write(FACTORS_FILE, json.dumps(fit_factors(rows), indent=1) + "\n")
    result = judge(builds)
    if arguments.json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        show(result)
    return 0 if result["median_error"] <= ASKED_ERROR and result["slowest_seconds"] <= ASKED_SECONDS else 1


def load_builds():
    """Name of a design to what it became."""
    return json.loads(BUILDS_FILE.read_text()) if BUILDS_FILE.exists() else {}


def _plan(design):
    return parse_architecture(design.arch).plan(design.model())


def build_missing():
    """Builds each design whose Verilog is not that of the set, unknown ones first, then the smallest; saves after each."""
    with Progress() as progress:
        flow = Flow(find_toolchain(Kind.YOWASP, FAMILIES["ice40"]), Cache(cache_folder() / "builds"), progress.stage)
        known = load_builds()
        ordered = sorted(DESIGNS, key=lambda design: (design.name in known, cells_of(inventory(_plan(design))[0])))
        for number, design in enumerate(ordered, 1):
            builds = load_builds()
            _, text = emit_core(design.model(), parse_architecture(design.arch))
            if builds.get(design.name, {}).get("verilog") == (seen := digest(text.encode())[:16]):
                continue
            progress.stage(f"{number} of {len(DESIGNS)}: {design.name}")
            used = pack(flow, flow.synthesise(text, CORE))
            builds[design.name] = {"verilog": seen, "lc": used["ICESTORM_LC"], "ebr": used["ICESTORM_RAM"]}
            known = {design.name: builds[design.name] for design in DESIGNS if design.name in builds}
            atomic_write(BUILDS_FILE, json.dumps(known, indent=1) + "\n")


def pack(flow, netlist):
    """What nextpnr counts for HX8K after packing: the same as after place & route, much sooner."""
    with tempfile.TemporaryDirectory(prefix="hadam-") as name:
        folder = Path(name)
        (folder / NETLIST_FILE).write_bytes(netlist.json)
        done, = run_jobs([Job(flow.tools.placement, (
            "--hx8k", "--package", "ct256", "--json", NETLIST_FILE, "--pcf-allow-unconstrained", "--pack-only"), folder,
            "log")])
    found = {kind: int(used) for kind, used in _USED.findall(done.messages)}
    if "ICESTORM_LC" not in found:
        check(done)
        raise ToolFailedError("nextpnr counted no cells")
    return found


def judge(builds):
    """Errors of the estimate on all builds, and on the held-out half their median and the worst of the judged ones."""
    rows, seconds = [], []
    for number, design in enumerate(DESIGNS):
        if design.name not in builds:
            continue
        model = design.model()
        began = time.process_time()
        parts, rams = inventory(parse_architecture(design.arch).plan(model))
        estimated = cells_of(parts)
        seconds.append(time.process_time() - began)
        lc = builds[design.name]["lc"]
        rows.append({"design": design.name, "held_out": bool(number % 2), "lc": lc, "estimated": round(estimated),
                     "error": estimated / lc - 1, "ebr": builds[design.name]["ebr"], "estimated_ebr": rams})
    errors = sorted((abs(row["error"]), row["design"]) for row in rows if row["held_out"] and row["lc"] > JUDGED_FROM)
    return {"builds": rows, "judged": len(errors), "median_error": statistics.median(error for error, _ in errors),
            "worst_error": errors[-1][0], "worst": errors[-1][1], "slowest_seconds": max(seconds),
            "rams_right": sum(row["ebr"] == row["estimated_ebr"] for row in rows)}


def show(result):
    """Prints what :func:`judge` found."""
    console = Console(highlight=False, soft_wrap=True)
    table = Table("design", "half", "LC", "estimated", "error", "EBR", "estimated")
    for row in result["builds"]:
        table.add_row(row["design"], "judges" if row["held_out"] else "fits", str(row["lc"]), str(row["estimated"]),
                      f"{row['error']:+.1%}", str(row["ebr"]), str(row["estimated_ebr"]))
    console.print(table)
    console.print(f"held-out half, {result['judged']} cores over {JUDGED_FROM} LC: median error {result['median_error']:.1%} "
                  f"(asked: {ASKED_ERROR:.0%}), worst {result['worst_error']:.1%} ({result['worst']})")
    console.print(f"block RAMs right in {result['rams_right']} of {len(result['builds'])}; the slowest estimate took "
                  f"{result['slowest_seconds']:.2f} s (asked: {ASKED_SECONDS:g} s)")
