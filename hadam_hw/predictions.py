# SPDX-License-Identifier: BSD-2-Clause
"""A model's answers to recordings, one for each sequence or window, and how they are written for others to read."""

import csv
import io
from dataclasses import dataclass

import numpy as np

from hadam_hw import golden
from hadam_hw.answer import Answer
from hadam_hw.evaluation import Evaluation
from hadam_hw.pieces import pieces
from hadam_hw.predict import probabilities_of, scores_of

#: A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, eq=False)
class Prediction:
    """The answer to one sequence.

    Parameters
    ----------
    source : str
        The file, or the part of it.
    start : int
        The sample that it begins with.
    seconds : float or None
        The time of that sample, where the rate is known.
    label : str
        The class's name, or its number where classes have none; of a model that answers with values, these.
    scores : int64 [m]
        ``Y``.
    probabilities : float64 [classes] or None
    known : str or None
        The class that the recording is labeled with.
    group : str or None
    """

    source: str
    start: int
    seconds: float | None
    label: str
    scores: np.ndarray
    probabilities: np.ndarray | None
    known: str | None
    group: str | None

    def as_json(self):
        """Plain values."""
        return {"source": self.source, "start": self.start, "seconds": self.seconds, "label": self.label,
                "scores": self.scores.tolist(), "known": self.known, "group": self.group,
                "probabilities": None if self.probabilities is None else [round(float(p), 6) for p in self.probabilities]}


def class_names(model):
    """A name for each class: its number where the model has none, and none where it answers with values."""
    if model.readout.answer is Answer.VALUES:
        return ()
    return model.classes or tuple(map(str, range(model.class_count)))


def predictions(model, recordings):
    """The :class:`Prediction` of each sequence or window of ``recordings``, in their order.

    Raises
    ------
    DataError
        If a recording is not what the model takes.
    """
    found = [(recording, piece) for recording, own in zip(recordings, pieces(model.input, recordings)) for piece in own]
    if not found:
        return []
    scores = scores_of(model, [piece.codes for _, piece in found])
    return [prediction(model, recording, piece.start, own, len(piece.codes)) for (recording, piece), own in zip(found, scores)]


def prediction(model, recording, start, scores, steps=1):
    """The :class:`Prediction` of the outputs ``scores`` int64 [m] of a sequence of so many steps, ``start`` samples into its
    recording."""
    start += recording.start
    seconds = start / recording.rate_hz if recording.rate_hz else None
    if model.readout.answer is Answer.VALUES:
        amounts = golden.answer(model, scores, steps)
        label = ", ".join(value.show(amount) for value, amount in zip(model.readout.values, amounts))
        return Prediction(recording.source, start, seconds, label, scores, None, None, recording.group)
    chances = None if model.probability_scale is None else probabilities_of(model, scores[None])[0]
    label = class_names(model)[int(golden.classify(scores))]
    return Prediction(recording.source, start, seconds, label, scores, chances, recording.label, recording.group)


def evaluated(model, found):
    """(the :class:`~hadam_hw.evaluation.Evaluation` of the predictions whose class is known, or None; how many are of classes
    that the model does not know)."""
    names = class_names(model)
    numbers = {name: k for k, name in enumerate(names)}
    labeled = [one for one in found if one.known is not None]
    judged = [one for one in labeled if one.known in numbers]
    if not judged:
        return None, len(labeled)
    return Evaluation.of(names, [numbers[one.known] for one in judged], [numbers[one.label] for one in judged],
                         [one.group for one in judged]), len(labeled) - len(judged)


def csv_rows(model, found, header=True):
    """The predictions as CSV text; text that a spreadsheet would take for a formula begins with a quote."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    if header:
        names = class_names(model)
        heads = [f"score {name}" for name in (names if len(names) == model.outputs else range(model.outputs))]
        heads += [f"probability {name}" for name in names] if model.probability_scale is not None else []
        writer.writerow(map(safe_cell, ("source", "start", "seconds", "label", "known", *heads)))
    for one in found:
        chances = () if one.probabilities is None else [f"{p:.6f}" for p in one.probabilities]
        seconds = "" if one.seconds is None else f"{one.seconds:.6g}"
        writer.writerow((safe_cell(one.source), one.start, seconds, safe_cell(one.label), safe_cell(one.known or ""),
                         *one.scores.tolist(), *chances))
    return buffer.getvalue()


def safe_cell(text):
    """``text`` behind a single quote if a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
