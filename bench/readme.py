# SPDX-License-Identifier: BSD-2-Clause
"""The table of the README: scores of the shipped models, and what their whole designs became when they were built."""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hadam_hw.errors import HadamError
from hadam_hw.files import atomic_write
from hadam_hw.model_file import load_model
from rtl_gen.verbs.build import main as build

ROOT = Path(__file__).resolve().parent.parent
PAGE, BUILDS = ROOT / "README.md", ROOT / "bench" / "readme_builds.json"
BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"
#: What is kept of a build's report.
KEPT = ("model_digest", "clock_mhz", "lc", "ebr", "spram", "dsp", "cycles_per_step", "fmax_mhz")


@dataclass(frozen=True)
class Row:
    """A line of the table, and the design that it is of."""

    words: str
    model: str
    board: str
    arch: str
    sensor: str | None = None

    @property
    def arguments(self):
        """Of ``hadam build``."""
        sensor = ["--sensor", self.sensor] if self.sensor else []
        return ["--weights", str(ROOT / "models" / f"{self.model}.npz"), "--board", self.board, "--arch", self.arch, *sensor]


ROWS = (
    Row("pMNIST, 128 units in one cycle of wires, 128 hidden", "pmnist-h128-d128", "icebreaker", "serial"),
    Row("pMNIST, the same with 64 hidden", "pmnist-h128-d64", "icestick", "folded:1"),
    Row("sMNIST, 32 pairs of shift oscillators, 128 hidden", "smnist-o64-d128", "icebreaker", "serial"),
    Row("sMNIST, 512 units in one cycle, 256 hidden", "smnist-h512-d256", "icebreaker", "folded:1,codes=spram"),
    Row("twelve keywords, two layers of 128 units in blocks of 64", "keywords-h128x2-b64", "icebreaker", "folded:2"),
    Row("spoken digits, recordings one by one; microphone, bank, seven segments", "digits-bank-h128", "icebreaker", "folded:8",
        "pdm"),
)


def main(argv):
    """Writes the table; with ``--build`` builds first what has no build of its model, or with ``--all`` everything."""
    parser = argparse.ArgumentParser(prog="python -m bench readme", description=__doc__)
    parser.add_argument("--build", action="store_true", help="build what was not built of this model")
    parser.add_argument("--all", action="store_true", help="build everything anew")
    arguments = parser.parse_args(argv)
    known = json.loads(BUILDS.read_text()) if BUILDS.exists() else {}
    for row in ROWS if arguments.build or arguments.all else ():
        digest = load_model(ROOT / "models" / f"{row.model}.npz").digest
        if arguments.all or known.get(row.model, {}).get("model_digest") != digest:
            sys.stderr.write(f"{row.model} ...\n")
            known[row.model] = built(row)
            atomic_write(BUILDS, json.dumps(known, indent=1) + "\n")
    atomic_write(PAGE, written(PAGE.read_text("utf-8"), known))
    return 0


def built(row):
    """What is kept of a new build."""
    with tempfile.TemporaryDirectory() as folder:
        build([*row.arguments, "--out", folder])
        report = json.loads((Path(folder) / "report.json").read_text())
    return {key: report[key] for key in KEPT}


def written(text, known):
    """The page ``text`` with the table of the builds ``known``, by their models' names.

    Raises
    ------
    HadamError
        If the page has no place for it, or a build is of another model.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise HadamError(f"Page must have the lines {BEGIN.strip()} and {END.strip()} once each, around its table")
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + table(known) + END + rest.partition(END)[2]


def table(known):
    """The table, Markdown."""
    lines = ["| model | score | size | board, architecture, clock | LC / EBR / SPRAM / DSP | clocks a step |",
             "|---|---|---|---|---|---|"]
    for row in ROWS:
        model, design = load_model(ROOT / "models" / f"{row.model}.npz"), known.get(row.model)
        if design is None or design["model_digest"] != model.digest:
            raise HadamError(f"Build of {row.model} must be of the model in models/; run python -m bench readme --build")
        name = "iCEstick" if row.board == "icestick" else "iCEBreaker"
        lines.append(
            f"| {row.words} | **{model.provenance.integer_score:.2f} %** | {model.model_bytes:,} B | {name}, {row.arch}, "
            f"{design['clock_mhz']:g} MHz | {design['lc']:,} / {design['ebr']} / {design['spram'] or 0} / {design['dsp']} | "
            f"{design['cycles_per_step']:,} |")
    return "\n".join(lines) + "\n"
