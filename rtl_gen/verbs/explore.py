# SPDX-License-Identifier: BSD-2-Clause
"""``hadam explore``: every architecture of a model on a board by estimate, and the best of them built to check."""

import json
import sys
from pathlib import Path

import boards
from hadam_hw.cache import cache_folder
from hadam_hw.cli import VerbParser, positive
from hadam_hw.files import atomic_write, check_folder_out
from hadam_hw.model_file import load_model
from hadam_hw.terminal import console, show_table
from rtl_gen.estimate.choose import survey
from rtl_gen.estimate.energy import BASIS
from rtl_gen.progress import Progress
from rtl_gen.report.explore_plot import render
from rtl_gen.tools.toolchain import Kind
from rtl_gen.verify import verify

DATA_FILE, PLOT_FILE = "explore.json", "explore.svg"


def parser():
    """The command line's parser."""
    parsing = VerbParser("explore", description="What each architecture would cost and do, without building it.")
    parsing.add_argument("--weights", type=Path, required=True, metavar="FILE", help="the quantised model (.npz)")
    parsing.add_argument("--board", required=True, help="such as icebreaker")
    parsing.add_argument("--freq", type=positive(float), metavar="MHZ", help="the clock to run at; default: the board's")
    parsing.add_argument("--out", type=Path, metavar="DIR", help=f"writes {DATA_FILE} and the plot {PLOT_FILE} there")
    parsing.add_argument("--verify", type=positive(int), metavar="K", help="build the K fastest that are estimated to fit")
    parsing.add_argument("--scheduler", metavar="ADDRESS", help="build on this dask cluster, such as tcp://10.0.0.1:8786; "
                         "default: on the cores of this machine")
    parsing.add_argument("--tools", choices=[kind.value for kind in Kind], default=Kind.YOWASP.value,
                         help="from PyPI (default), or the native ones on the PATH")
    parsing.add_argument("--json", action="store_true", help="print the data instead of a table")
    return parsing


def main(argv):
    """Runs the command line ``argv``; returns the exit code: 2 if nothing is estimated to fit."""
    arguments = parser().parse_args(argv)
    if arguments.out:
        check_folder_out(arguments.out)
    model, board = load_model(arguments.weights), boards.get(arguments.board)
    candidates = survey(model, board, arguments.freq)
    data = {
        "board": board.name, "model_digest": model.digest, "weights": arguments.weights.name, "lc_available": board.chip.lc,
        "ebr_available": board.chip.ebr, "spram_available": board.chip.spram, "energy_basis": BASIS,
        "candidates": [one.as_data() for one in candidates]}
    if arguments.verify:
        best = [row for row in data["candidates"] if row["fits"]][:arguments.verify]
        with Progress() as progress:
            progress.stage(f"building {len(best)} of {len(candidates)}: {', '.join(row['arch'] for row in best)}")
            built = verify(model, [(row["arch"], row["clock_mhz"]) for row in best], arguments.board, Kind(arguments.tools),
                           cache_folder() / "builds", arguments.scheduler, progress.stage)
        for row, found in zip(best, built):
            row["built"] = found
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        atomic_write(arguments.out / PLOT_FILE, render(data))
        atomic_write(arguments.out / DATA_FILE, json.dumps(data, indent=1) + "\n")
    if arguments.json:
        sys.stdout.write(json.dumps(data, indent=1) + "\n")
    else:
        _show(data)
    return 0 if any(one.fits for one in candidates) else 2


def _show(data):
    sprams = any(row["spram"] for row in data["candidates"])  # else a column has nothing to say
    columns = ("", "architecture", "fits", "LC>", "EBR>", *["SPRAM>"] * sprams, "fmax>", "MHz>", "clocks>", "steps/s>", "nJ>")
    rows = []
    for row in data["candidates"]:
        lacks = ", ".join({"lc": "LC", "ebr": "EBR", "spram": "SPRAM", "clock": "clock"}[kind] for kind in row["shortages"])
        rows.append((
            "*" if row["on_front"] else "", row["arch"], f"no: {lacks}" if lacks else "yes", f"{row['lc']:,}", str(row["ebr"]),
            *[str(row["spram"] or "")] * sprams, f"{row['fmax_mhz']:g}", f"{row['clock_mhz']:g}", str(row["cycles_per_step"]),
            f"{row['steps_per_second']:,.0f}", f"{row['step_nanojoules']:.1f}"))
    show_table(columns, rows,
               f"{data['weights']} on {data['board']}: {data['lc_available']} LC, {data['ebr_available']} EBR"
               + (f", {data['spram_available']} SPRAM" if data["spram_available"] else ""))
    screen = console()
    for row in data["candidates"]:
        if "built" in row:
            screen.print(f"{row['arch']}, built: {_told(row['built'])}")
    screen.print("fmax: what the clock can reach; MHz: what it gets. clocks, nJ: a step. *: no other that fits is both "
                  "smaller and faster. "
                  "All figures but those built are estimates.")
    screen.print(f"Energy: {data['energy_basis']}.")


def _told(built):
    if "error" in built:
        return built["error"]
    return f"{built['lc']:,} LC, {built['ebr']} EBR, {built['fmax_mhz']:g} MHz"
