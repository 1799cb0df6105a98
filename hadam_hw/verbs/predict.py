# SPDX-License-Identifier: BSD-2-Clause
"""``hadam predict MODEL FILE...``: measured numbers in, a label a sequence or window out, without a device."""

import json
import sys
from pathlib import Path

from hadam_hw.cli import VerbParser
from hadam_hw.errors import UsageError
from hadam_hw.live import whole_input, windows
from hadam_hw.model_file import load_model
from hadam_hw.predictions import csv_rows, evaluated, predictions
from hadam_hw.predictions_text import live_line, note_rates, show_predictions
from hadam_hw.recordings import Kind, ReadOptions
from hadam_hw.recordings.lines import Lines
from hadam_hw.recordings.reader import recordings_at
from hadam_hw.terminal import console, printable

STREAM = "-"


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parser = VerbParser("predict", description="Says which class each recording, or each window of it, is.")
    parser.add_argument("model", type=Path, help="the quantised model (.npz)")
    parser.add_argument("files", nargs="+", metavar="FILE", help=(
        "recordings: .csv, .wav, .npz, .npy, a folder CLASS/file, or - for lines as a sensor sends them"))
    parser.add_argument("--units", choices=[kind.value for kind in Kind],
                        help="what the numbers are, where a file does not say: in the units of the model, counts of the "
                        "sensor, or the model's codes")
    parser.add_argument("--rate", type=float, metavar="HZ", help="samples a second of files that do not say")
    parser.add_argument("--resample", type=float, metavar="HZ", help="bring recordings to this rate; needs SciPy")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for machines: one object; a line each with -")
    form.add_argument("--csv", action="store_true", help="a line a sequence or window, with all scores and probabilities")
    arguments = parser.parse_args(argv)
    model = load_model(arguments.model)
    options = ReadOptions(rate_hz=arguments.rate, resample_hz=arguments.resample,
                          kind=None if arguments.units is None else Kind(arguments.units))
    if STREAM in arguments.files:
        if len(arguments.files) > 1:
            raise UsageError("- must stand alone: the lines of a sensor, or files")
        return _stream(model, sys.stdin.buffer, options, arguments)
    recordings = [recording for file in arguments.files for recording in recordings_at(Path(file), options)]
    found = predictions(model, recordings)
    note_rates(model, recordings)
    evaluation, unknown = evaluated(model, found)
    if arguments.json:
        sys.stdout.write(json.dumps({
            "model": model.digest, "classes": list(model.classes), "predictions": [one.as_json() for one in found],
            "evaluation": None if evaluation is None else evaluation.as_json()}) + "\n")
    elif arguments.csv:
        sys.stdout.write(csv_rows(model, found))
    else:
        show_predictions(found, evaluation, unknown)
    return 0


def _stream(model, file, options, arguments):
    """Labels windows, or all up to the end, of lines as they come; of windows no more than one is held."""
    source = model.input
    lines = Lines(file, channels=tuple(one.name for one in source.sources) if source.known else None)
    if arguments.csv:
        sys.stdout.write(csv_rows(model, []))
    whole = model.replace(input=whole_input(source)) if source.known else model
    for recording in windows(lines, lines, source, options.kind, options.rate_hz):
        for one in predictions(whole, [recording]):
            _say(model, one, arguments)
    if lines.damaged:
        console(stderr=True).print(f"note: {lines.damaged} damaged lines were left out, the last: "
                                   f"{printable(lines.last_damage)}")
    return 0


def _say(model, one, arguments):
    if arguments.json:
        sys.stdout.write(json.dumps(one.as_json()) + "\n")
    elif arguments.csv:
        sys.stdout.write(csv_rows(model, [one], header=False))
    else:
        sys.stdout.write(live_line(one) + "\n")
    sys.stdout.flush()
