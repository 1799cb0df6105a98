# SPDX-License-Identifier: BSD-2-Clause
"""Writes how to encode what was measured into the files of models whose task knows it, trained before files could say it.

The scores are recomputed first, and a file whose scores differ is left as it is; exit 1 then.
"""

import argparse
from pathlib import Path

from rich.console import Console

from bench.accuracy import MODELS, compared
from hadam_hw.model_file import load_model, save_model
from hadam_hw.train.tasks import load_task


def main(argv):
    """Goes through the models and says what was written."""
    parser = argparse.ArgumentParser(prog="python -m bench inputs", description=__doc__)
    parser.add_argument("--models", nargs="*", type=Path, default=sorted(MODELS.glob("*.npz")))
    parser.add_argument("--data")
    arguments = parser.parse_args(argv)
    console, wrong = Console(), 0
    for path in arguments.models:
        model = load_model(path)
        task = load_task(model.provenance.task, arguments.data, model.provenance.seed)
        if task.input is None or task.input == model.input:
            continue
        with_input = model.replace(input=task.input)
        same, sentence = compared(with_input, task, arguments.data)
        wrong += not same
        if same:
            save_model(with_input, path)
        console.print(f"{path.name}: {sentence}, recorded {model.provenance.integer_score} %: "
                      f"{'input written' if same else 'DIFFERENT, left as it is'}", highlight=False, soft_wrap=True)
    return 1 if wrong else 0
