# SPDX-License-Identifier: BSD-2-Clause
"""Recomputes the recorded scores of the shipped models from the data; exit 1 at any difference."""

import argparse
from pathlib import Path

from rich.console import Console

from hadam_hw import golden
from hadam_hw.model_file import load_model
from hadam_hw.train.scores import integers, percent
from hadam_hw.train.tasks import load_task

MODELS = Path(__file__).resolve().parent.parent / "models"


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
        test = task.test
        score = percent(golden.run(model, integers(task, test.inputs)).outputs, test.labels)
        same = score == model.provenance.integer_score
        wrong += not same
        console.print(f"{path.name}: recorded {model.provenance.integer_score} %, recomputed {score} %"
                      f"{'' if same else ': DIFFERENT'}")
    return 1 if wrong else 0
