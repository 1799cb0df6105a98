# SPDX-License-Identifier: BSD-2-Clause
"""``hadam data PATH``: recordings of one's own, looked at before a model is trained on them."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from hadam_hw.cli import VerbParser, positive
from hadam_hw.files import atomic_write, check_file_out
from hadam_hw.recordings import Kind, ReadOptions, read_recordings
from hadam_hw.recordings.limits import MAX_RATE_HZ
from hadam_hw.recordings.names import counted
from hadam_hw.recordings.page import SENTENCES, duration, render
from hadam_hw.recordings.recording import Part
from hadam_hw.recordings.summary import Summary
from hadam_hw.terminal import printable, show_table


def add_read_options(parser):
    """Adds to ``parser`` what a user says of files that do not say it themselves; :func:`read_options` takes it back out."""
    rate = positive(float, MAX_RATE_HZ + 1)
    parser.add_argument("--rate", type=rate, metavar="HZ", help="samples a second of files that have no time column")
    parser.add_argument("--resample", type=rate, metavar="HZ", help="bring all recordings to this rate; needs SciPy")
    parser.add_argument("--group-from", metavar="REGEX",
                        help="what its first group matches in a file's path says who it belongs to: a person, a device, a day")
    parser.add_argument("--table", type=Path, metavar="FILE",
                        help="start,end,label in seconds from the first sample: PATH is one long recording")
    parser.add_argument("--background", metavar="CLASS", help="the class of what the table does not label; default: left out")
    parser.add_argument("--units", choices=[kind.value for kind in Kind],
                        help="what whole numbers are if the header has no unit")


def read_options(arguments):
    """The :class:`~hadam_hw.recordings.options.ReadOptions` of the arguments that :func:`add_read_options` added."""
    return ReadOptions(rate_hz=arguments.rate, resample_hz=arguments.resample, group_from=arguments.group_from,
                       table=arguments.table, background=arguments.background,
                       kind=None if arguments.units is None else Kind(arguments.units))


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parser = VerbParser("data", description="Looks at recordings of your own (docs/own-data.md): what there is of each class, "
                                            "lengths, ranges, rates, groups, and what would spoil a training.")
    parser.add_argument("path", type=Path, metavar="PATH",
                        help="an .npz, a folder CLASS/[GROUP/]file of .csv or .wav, or one such file")
    add_read_options(parser)
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with sequences of each class drawn")
    arguments = parser.parse_args(argv)
    if arguments.html is not None:
        check_file_out(arguments.html)
    recordings = read_recordings(arguments.path, read_options(arguments))
    summary = Summary.of(recordings)
    if arguments.html is not None:
        atomic_write(arguments.html, render(recordings, summary, printable(arguments.path.resolve().name)))
    if arguments.json:
        sys.stdout.write(json.dumps(asdict(summary), indent=2) + "\n")
    else:
        _show(summary)
        if arguments.html is not None:
            sys.stdout.write(f"\npage: {printable(arguments.html)}\n")
    return 0


def _row(one, parts):
    counts = [one.recordings, one.groups, *(one.parts.get(part, 0) for part in parts)]
    return (one.name, *map(str, (*counts, one.steps, one.shortest, one.median, one.longest)))


def _show(summary):
    rate = "rate not known" if summary.rate_hz is None else f"{summary.rate_hz:.5g} Hz, {duration(summary.seconds)}"
    sys.stdout.write(f"{counted(summary.recordings, 'recording')}, {counted(summary.groups, 'group')}, "
                     f"{counted(len(summary.channels), 'channel')}, "
                     f"{summary.steps} steps, {rate}, {summary.kind or 'whole numbers of no known kind'}\n\n")
    parts = [part.value for part in Part] if summary.split_by else []
    if summary.classes:
        show_table(("class", "recordings>", "groups>", *(f"{part}>" for part in parts), "steps>", "shortest>", "median>",
                    "longest>"), [_row(one, parts) for one in summary.classes])
        sys.stdout.write("\n")
    show_table(("channel", "unit", "lowest>", "highest>", "mean>", "deviation>"),
               [(one.name, one.unit or "-", *(f"{value:.5g}" for value in (one.lowest, one.highest, one.mean, one.deviation)))
                for one in summary.channels])
    if summary.split_by:
        sys.stdout.write(f"\nsplit by {summary.split_by}\n")
    for sentence in summary.warnings[:SENTENCES]:
        sys.stdout.write(f"warning: {printable(sentence)}\n")
    if len(summary.warnings) > SENTENCES:
        sys.stdout.write(f"and {len(summary.warnings) - SENTENCES} more warnings, which --json lists\n")
