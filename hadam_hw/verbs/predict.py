# SPDX-License-Identifier: BSD-2-Clause
"""``hadam predict MODEL FILE...``: measured numbers in, a label a sequence or window out, without a device."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from hadam_hw.cli import VerbParser
from hadam_hw.errors import DataError, UsageError
from hadam_hw.evaluation_text import show_evaluation
from hadam_hw.model_file import load_model
from hadam_hw.predictions import csv_rows, evaluated, predictions
from hadam_hw.recordings import Kind, ReadOptions, Recording, read_file, read_recordings
from hadam_hw.recordings.lines import Lines
from hadam_hw.recordings.names import kind_of_units
from hadam_hw.terminal import console, printable, show_table

STREAM = "-"
#: A rate that differs by more than this from the model's is told.
RATE_TOLERANCE = 0.05


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parser = VerbParser("predict", description="Says which class each recording, or each window of it, is.")
    parser.add_argument("model", type=Path, help="the quantised model (.npz)")
    parser.add_argument("files", nargs="+", metavar="FILE", help=(
        "recordings: .csv, .wav, .npz, .npy, a folder CLASS/file, or - for lines as a sensor sends them"))
    parser.add_argument("--units", choices=[kind.value for kind in Kind],
                        help="what the numbers are, where a file does not say: in the units of the model, counts of the sensor, or "
                        "the model's codes")
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
    recordings = [recording for file in arguments.files for recording in _recordings(Path(file), options)]
    _check_rates(model, recordings)
    found = predictions(model, recordings)
    evaluation, unknown = evaluated(model, found)
    if arguments.json:
        sys.stdout.write(json.dumps({
            "model": model.digest, "classes": list(model.classes), "predictions": [one.as_json() for one in found],
            "evaluation": None if evaluation is None else evaluation.as_json()}) + "\n")
    elif arguments.csv:
        sys.stdout.write(csv_rows(model, found))
    else:
        _show(found, evaluation, unknown)
    return 0


def _recordings(path, options):
    return read_recordings(path, options).recordings if path.is_dir() else read_file(path, options)


def _check_rates(model, recordings):
    wanted = model.input.rate_hz
    for recording in recordings:
        if wanted and recording.rate_hz and abs(recording.rate_hz / wanted - 1) > RATE_TOLERANCE:
            console(stderr=True).print(f"note: {printable(recording.source)} has {recording.rate_hz:.5g} Hz, and the model was made "
                                       f"for {wanted:.5g} Hz; --resample {wanted:.5g} brings it there")
            return


def _show(found, evaluation, unknown):
    windows = any(one.start for one in found)
    columns = ["recording", *(["from sample>"] if windows else []), "label", "sure>", *(["is"] if evaluation else [])]
    rows = [[one.source, *([str(one.start)] if windows else []), one.label, _sure(one),
             *([one.known or "-"] if evaluation else [])] for one in found]
    show_table(columns, rows)
    if evaluation is not None:
        sys.stdout.write(f"\n{evaluation.right} of {evaluation.count} right: {evaluation.percent:.2f} %\n")
        show_evaluation(evaluation, "sequences")
    if unknown:
        sys.stdout.write(f"{unknown} sequences have labels that the model does not know, and were not judged\n")


def _sure(one):
    return "-" if one.probabilities is None else f"{100 * one.probabilities.max():.1f} %"


def _stream(model, file, options, arguments):
    """Labels windows, or all up to the end, of lines as they come; of windows no more than one is held."""
    source = model.input
    wanted = tuple(one.name for one in source.sources) if source.known else None
    lines = Lines(file, channels=wanted)
    window = None if source.window is None else (source.window - 1) * source.front_end.frame_hop + source.front_end.frame
    hop = None if window is None else source.hop * source.front_end.frame_hop
    if arguments.csv:
        sys.stdout.write(csv_rows(model, []))
    kept, first = [], 0
    for sample in lines:
        kept.append(sample.values)
        if window is not None and len(kept) == window:
            _answer(model, lines, kept, first, options, arguments)
            kept, first = kept[hop:] if hop < window else [], first + hop
            if hop > window:
                raise DataError(f"hop must be at most the window of {window} samples for lines as they come, not {hop}")
    if window is None and kept:
        _answer(model, lines, kept, 0, options, arguments)
    if lines.damaged:
        console(stderr=True).print(f"note: {lines.damaged} damaged lines were left out, the last: {printable(lines.last_damage)}")
    return 0


def _answer(model, lines, kept, first, options, arguments):
    values, kind = np.array(kept), kind_of_units(lines.units) or options.kind
    if kind in (Kind.COUNTS, Kind.CODES):
        if (values != np.rint(values)).any():
            raise DataError(f"Lines must hold whole numbers, as they are {kind.value}")
        values = values.astype(np.int64)
    recording = Recording(values, lines.channels, lines.units, options.rate_hz, None, None, None, STREAM, kind, first)
    source = model.input
    whole = model.replace(input=replace(source, window=None, hop=None)) if source.known and source.window else model
    for one in predictions(whole, [recording]):
        if arguments.json:
            sys.stdout.write(json.dumps(one.as_json()) + "\n")
        elif arguments.csv:
            sys.stdout.write(csv_rows(model, [one], header=False))
        else:
            when = "" if one.seconds is None else f"\t{one.seconds:.3f} s"
            sys.stdout.write(printable(f"{one.start}") + f"{when}\t{printable(one.label)}\t{_sure(one)}\n")
        sys.stdout.flush()
