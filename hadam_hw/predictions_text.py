# SPDX-License-Identifier: BSD-2-Clause
"""Predictions as people read them."""

import sys

from hadam_hw.evaluation_text import show_evaluation
from hadam_hw.terminal import console, printable, show_table

#: A rate that differs by more than this from the model's is told.
RATE_TOLERANCE = 0.05


def note_rates(model, recordings):
    """A note on standard error if a recording has another rate than the model was made for."""
    wanted = model.input.rate_hz
    for recording in recordings:
        if wanted and recording.rate_hz and abs(recording.rate_hz / wanted - 1) > RATE_TOLERANCE:
            console(stderr=True).print(
                f"note: {printable(recording.source)} has {recording.rate_hz:.5g} Hz, and the model was made for "
                f"{wanted:.5g} Hz; --resample {wanted:.5g} brings it there")
            return


def show_predictions(found, evaluation, unknown):
    """Writes a table of predictions and, where classes are known, how many are right.

    Parameters
    ----------
    found : list of Prediction
    evaluation : Evaluation or None
    unknown : int
        Sequences whose label is none of the model's.
    """
    windows = any(one.start for one in found)
    columns = ["recording", *(["from sample>"] if windows else []), "label", "sure>", *(["is"] if evaluation else [])]
    rows = [[one.source, *([str(one.start)] if windows else []), one.label, sure(one),
             *([one.known or "-"] if evaluation else [])] for one in found]
    show_table(columns, rows)
    if evaluation is not None:
        sys.stdout.write(f"\n{evaluation.right} of {evaluation.count} right: {evaluation.percent:.2f} %\n")
        show_evaluation(evaluation, "sequences")
    if unknown:
        sys.stdout.write(f"{unknown} sequences have labels that the model does not know, and were not judged\n")


def live_line(one):
    """A line for an answer that came just now: sample, time, label, how sure."""
    when = "" if one.seconds is None else f"\t{one.seconds:.3f} s"
    return f"{one.start}{when}\t{printable(one.label)}\t{sure(one)}"


def sure(one):
    """The greatest probability of a prediction in percent, as text."""
    return "-" if one.probabilities is None else f"{100 * one.probabilities.max():.1f} %"
