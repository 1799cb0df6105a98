# SPDX-License-Identifier: BSD-2-Clause
"""Times the golden model's fast form on a whole test set; exit 1 where it takes longer than asked."""

import argparse
import time
from pathlib import Path

from rich.console import Console

from hadam_hw import golden
from hadam_hw.model_file import load_model
from hadam_hw.train.tasks import load_task

SHIPPED = Path(__file__).resolve().parent.parent / "models" / "pmnist-h512-b256.npz"
ASKED_SECONDS = 120


def main(argv):
    """Prints the seconds and the score that they gave."""
    parser = argparse.ArgumentParser(prog="python -m bench golden_run", description=__doc__)
    parser.add_argument("--weights", type=Path, default=SHIPPED)
    parser.add_argument("--data", help="folder of the data sets")
    arguments = parser.parse_args(argv)
    model = load_model(arguments.weights)
    test = load_task(model.provenance.task, arguments.data, model.provenance.seed).test
    started = time.monotonic()
    outputs = golden.run(model, test.inputs).outputs
    seconds = time.monotonic() - started
    score = 100 * (golden.classify(outputs) == test.labels).mean()
    Console(highlight=False, soft_wrap=True).print(
        f"{arguments.weights.name}: {len(test)} sequences in {seconds:.1f} s (asked: {ASKED_SECONDS} s), {score:.2f} %")
    return 0 if seconds <= ASKED_SECONDS else 1
