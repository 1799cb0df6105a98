# SPDX-License-Identifier: BSD-2-Clause
"""Every board with every shipped model, built down to the bitstream: the table of docs/boards.md.

What was built is kept in a file as it goes, so that an interrupted run goes on where it was; ``--table`` only writes the table.
``--estimate`` makes the page's other table, of estimates.
"""

import argparse
import json
import signal
import time
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

import boards
from hadam_hw.cache import Cache, cache_folder
from hadam_hw.errors import ArchitectureError, DoesNotFitError, HadamError, MissesTimingError
from hadam_hw.files import atomic_write
from hadam_hw.model_file import load_model
from rtl_gen.build import Options, build
from rtl_gen.estimate.choose import survey
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.progress import Progress
from rtl_gen.tools.toolchain import Kind

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "boards.md"
#: Between them the page has the table.
BEGIN, END = "<!-- built: begin -->\n", "<!-- built: end -->\n"
ESTIMATED, ESTIMATED_END = "<!-- estimated: begin -->\n", "<!-- estimated: end -->\n"
#: Tried in this order, until one fits.
ARCHITECTURES = "serial,folded:8,folded:4,folded:2"
FACTS = ("lc", "lc_available", "ebr", "ebr_available", "dsp", "clock_mhz", "fmax_mhz", "cycles_per_step",
         "sequences_per_second_core", "sequences_per_second_link", "link_baud", "verilog_sha256", "bitstream_sha256")


class TooLongError(HadamError):
    """A build did not end in its time."""


def main(argv):
    """Builds what is not in the file yet, then writes the table into the page."""
    parser = argparse.ArgumentParser(prog="python -m bench boards", description=__doc__)
    parser.add_argument("--boards", default=",".join(boards.names()))
    parser.add_argument("--models", default=",".join(sorted(path.stem for path in (ROOT / "models").glob("*.npz"))))
    parser.add_argument("--archs", default=ARCHITECTURES, help="tried in this order, until one fits")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", type=Path, default=ROOT / "bench" / "boards.json", metavar="FILE")
    parser.add_argument("--minutes", type=float, default=20, help="for one build")
    parser.add_argument("--table", action="store_true", help="build nothing, write the table of what there is")
    parser.add_argument("--estimate", action="store_true", help="build nothing, write the table of what is estimated to fit")
    arguments = parser.parse_args(argv)
    if arguments.estimate:
        text = estimates(arguments.models.split(","), arguments.boards.split(","))
        _write(text, ESTIMATED, ESTIMATED_END)
        Console(highlight=False, width=200).print(text)
        return 0
    known = json.loads(arguments.json.read_text()) if arguments.json.exists() else {}
    wanted = [(board, model, arch) for model in arguments.models.split(",") for board in arguments.boards.split(",")
              for arch in arguments.archs.split(",")]
    with Progress() as progress:
        for board, model, arch in () if arguments.table else wanted:
            name = f"{board} {model} {arch}"
            if name in known or fits(known, board, model):
                continue
            progress.stage(name)
            known[name] = attempt(board, model, arch, arguments.seeds, arguments.minutes, progress.stage)
            arguments.json.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(arguments.json, (json.dumps(known, indent=1) + "\n").encode())
    text = table(known)
    _write(text, BEGIN, END)
    Console(highlight=False, width=200).print(text)
    return 0


def _write(text, begin, end):
    """Puts ``text`` between two marks of the page."""
    head, _, rest = PAGE.read_text().partition(begin)
    atomic_write(PAGE, (head + begin + text + end + rest.partition(end)[2]).encode())


def estimates(models, names):
    """What ``--arch auto`` would take for each model on each board, as Markdown: by estimate, nothing is built."""
    lines = [f"| model | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for name in models:
        model = load_model(ROOT / "models" / f"{name}.npz")
        best = [next((one.estimate for one in survey(model, boards.get(board)) if one.fits), None) for board in names]
        cells = ["-" if found is None else f"{found.architecture}: {found.lc / boards.get(board).chip.lc:.0%}, "
                 f"{found.steps_per_second / 1000:,.0f}k" for board, found in zip(names, best, strict=True)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "".join(f"{line}\n" for line in lines)


def fits(known, board, model):
    """Whether an architecture is known in which the model is on the board."""
    return any(name.startswith(f"{board} {model} ") and "lc" in entry for name, entry in known.items())


def attempt(board, model, arch, seeds, minutes, on_stage):
    """What a build gives: :data:`FACTS` of its report, or why there is none."""
    cache = Cache(cache_folder() / "builds")
    started = time.monotonic()
    try:
        with _limit(minutes):
            report = build(load_model(ROOT / "models" / f"{model}.npz"), parse_architecture(arch), board, Kind.YOWASP,
                           cache, options=Options(seeds=seeds), on_stage=on_stage).report
    except (ArchitectureError, DoesNotFitError, MissesTimingError, TooLongError) as error:
        return {"error": type(error).__name__, "says": str(error), "seconds": round(time.monotonic() - started)}
    return {key: report[key] for key in FACTS} | {"seconds": round(time.monotonic() - started)}


@contextmanager
def _limit(minutes):
    def stop(number, frame):
        raise TooLongError(f"Build must end in {minutes:g} minutes")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(round(60 * minutes))
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def table(known):
    """The table of what is known, as Markdown: a line for each board and model, in the first architecture that fits."""
    lines = ["| board | model | architecture | LC | RAM | clock, fmax (MHz) | clocks a step | sequences/s, core and link |",
             "|---|---|---|---|---|---|---|---|"]
    pairs = dict.fromkeys(tuple(name.split()[:2]) for name in known)
    for board, model in sorted(pairs, key=lambda pair: (boards.names().index(pair[0]), pair[1])):
        entries = {name.split()[2]: entry for name, entry in known.items() if name.split()[:2] == [board, model]}
        fitting = next(((arch, entry) for arch, entry in entries.items() if "lc" in entry), None)
        if fitting is None:
            reasons = "; ".join(f"{arch}: {_why(entry)}" for arch, entry in entries.items()
                                if entry["error"] != ArchitectureError.__name__)
            lines.append(f"| {board} | {model} | - | {reasons} | | | | |")
            continue
        arch, entry = fitting
        lines.append(
            f"| {board} | {model} | {arch} | {entry['lc']:,} of {entry['lc_available']:,} | {entry['ebr']} of "
            f"{entry['ebr_available']} | {entry['clock_mhz']:g}, {max(entry['fmax_mhz']):.1f} | {entry['cycles_per_step']} | "
            f"{entry['sequences_per_second_core']:,.0f} / {entry['sequences_per_second_link']:,.0f} |")
    return "".join(f"{line}\n" for line in lines)


def _why(entry):
    """A refusal in a few words."""
    if entry["error"] == DoesNotFitError.__name__:
        return entry["says"].partition("must ")[2].partition(";")[0].partition(" (")[0]
    return {"MissesTimingError": "misses the clock", "TooLongError": "placement takes too long"}[entry["error"]]
