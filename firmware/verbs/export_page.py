# SPDX-License-Identifier: BSD-2-Clause
"""``hadam export-page``: a page in which a model's C hears, in a browser."""

import json
import sys
from pathlib import Path

import numpy as np

from firmware.mcu.page import Clip, render_page, title_of
from hadam_hw.cli import VerbParser
from hadam_hw.errors import DataError
from hadam_hw.files import atomic_write, check_file_out
from hadam_hw.input.bank import SAMPLE_BITS
from hadam_hw.model_file import load_model
from hadam_hw.recordings import Kind, ReadOptions, read_recordings

ABOUT = ("The C of this model, compiled to WebAssembly, listens to your microphone: samples become bands, bands become states, "
         "states become an answer, all in the integers that an FPGA computes.")


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parser = VerbParser("export-page", description=(
        "Writes one HTML file in which a model that hears through the resonator bank listens to the microphone of whoever "
        "opens it. It loads nothing and sends nothing."))
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE", help="the quantised model (.npz)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the page goes")
    parser.add_argument("--clip", type=Path, action="append", default=[], metavar="WAV",
                        help="a recording with a button of its own, named as the file; may be repeated")
    parser.add_argument("--title", help="default: of the model's file")
    parser.add_argument("--about", default=ABOUT, help="a sentence or two below the title")
    parser.add_argument("--json", action="store_true", help="for machines")
    arguments = parser.parse_args(argv)
    check_file_out(arguments.out)
    model = load_model(arguments.weights)
    page = render_page(model, arguments.title or title_of(arguments.weights), arguments.about,
                       [_clip(path, model) for path in arguments.clip])
    atomic_write(arguments.out, page)
    facts = {"bytes": len(page.encode()), "clips": len(arguments.clip), "out": str(arguments.out)}
    sys.stdout.write(json.dumps(facts) + "\n" if arguments.json else
                     f"{facts['bytes']:,} bytes written to {arguments.out}; open it in a browser\n")
    return 0


def _clip(path, model):
    recordings = read_recordings(path, ReadOptions(resample_hz=model.input.front_end.rate_hz))
    if len(recordings) != 1 or recordings.recordings[0].values.shape[1] != 1:
        raise DataError(f"Recording {path} must be one sound of one channel, not {len(recordings)} of several")
    full_scale = 1 if recordings.kind is Kind.COUNTS else 1 << SAMPLE_BITS - 1
    samples = np.rint(recordings.recordings[0].values[:, 0] * full_scale)
    return Clip(path.stem.replace("_", " "), samples.clip(-1 << SAMPLE_BITS - 1, (1 << SAMPLE_BITS - 1) - 1))
