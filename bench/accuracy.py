# SPDX-License-Identifier: BSD-2-Clause
"""Recomputes the recorded scores of the shipped models from the data; exit 1 at any difference.

Twice where the model's file says how to encode what was measured: from the task's integers, and from the measured numbers of
the test set through ``model.scores``. Of keywords, whose data are log-mel codes, the measured numbers of 60 clips are at hand:
their outputs are compared with those of their codes.
"""

import argparse
from pathlib import Path

from rich.console import Console

from hadam_hw import golden
from hadam_hw.model_file import load_model
from hadam_hw.train.data import data_folder, fetch, read_npz_xz
from hadam_hw.train.scores import integers, percent
from hadam_hw.train.tasks import load_task

MODELS = Path(__file__).resolve().parent.parent / "models"
RAW_KEYWORDS, KEYWORDS = "speech_commands/sc12_raw16k_60clips.npz.xz", "speech_commands/sc12_logmel_u8.npz.xz"


def main(argv):
    """Prints recorded and recomputed integer scores, in percent of the test set."""
    parser = argparse.ArgumentParser(prog="python -m bench accuracy", description=__doc__)
    parser.add_argument("--models", nargs="*", type=Path, default=sorted(MODELS.glob("*.npz")))
    parser.add_argument("--data")
    arguments = parser.parse_args(argv)
    console, wrong = Console(), 0
    for path in arguments.models:
        model = load_model(path)
        task = load_task(model.provenance.task, arguments.data, model.provenance.seed)
        same, sentence = compared(model, task, arguments.data)
        wrong += not same
        console.print(f"{path.name}: recorded {model.provenance.integer_score} %, {sentence}{'' if same else ': DIFFERENT'}",
                      highlight=False, soft_wrap=True)
    return 1 if wrong else 0


def compared(model, task, folder=None):
    """(whether all recomputed scores are the recorded one, a sentence that tells them)."""
    labels = task.test.labels
    scores = {"recomputed": percent(golden.run(model, integers(task, task.test.inputs)).outputs, labels)}
    if model.input.known and task.measured is not None:
        scores["from measured numbers"] = percent(model.scores(task.measured()), labels)
    same = all(score == model.provenance.integer_score for score in scores.values())
    sentence = ", ".join(f"{how} {score} %" for how, score in scores.items())
    if model.input.known and task.name == "keywords":
        equal, count = raw_keywords(model, folder)
        same, sentence = same and equal == count, f"{sentence}, {equal} of {count} raw clips equal"
    return same, sentence


def raw_keywords(model, folder=None):
    """(clips whose outputs from samples are those from the data set's codes, clips)."""
    folder = data_folder(folder)
    raw = read_npz_xz(fetch(folder, RAW_KEYWORDS), audio=2, row_in_sc12=1)
    frames = read_npz_xz(fetch(folder, KEYWORDS), X=3)["X"][raw["row_in_sc12"]]
    front_end = model.input.front_end
    codes = model.input.codes(front_end.decibels(frames))
    outputs = model.scores(raw["audio"] / 32768)
    return int((outputs == golden.run(model, codes).outputs).all(axis=1).sum()), len(outputs)
