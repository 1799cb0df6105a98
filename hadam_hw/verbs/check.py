# SPDX-License-Identifier: BSD-2-Clause
"""``hadam check FILE``: a model's test vectors against the golden model."""

import json
import sys
from pathlib import Path

from hadam_hw import golden
from hadam_hw.cli import VerbParser
from hadam_hw.errors import ModelError
from hadam_hw.model_file import load_model


def check(model):
    """The number of test vectors, recomputed by the golden model and equal.

    Raises
    ------
    ModelError
        If there are none, or one differs.
    """
    if model.vectors is None or not len(model.vectors.labels):
        raise ModelError("Model must carry test vectors to be checked, and has none")
    # The vectors hold the last step's outputs, whatever the hardware is asked to emit.
    outputs = golden.run(model, model.vectors.inputs).outputs
    last = outputs[:, -1] if outputs.ndim == 3 else outputs
    wrong = (last != model.vectors.outputs).any(axis=1)
    if wrong.any():
        raise ModelError(f"Outputs of test vector {int(wrong.argmax())} must be what the golden model computes, "
                         f"and those of {int(wrong.sum())} of {len(wrong)} are not; the file's vectors are of another model")
    return len(wrong)


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parser = VerbParser("check", description="Recomputes a model's test vectors by the golden model and compares them.")
    parser.add_argument("file", type=Path, help="the quantised model (.npz)")
    parser.add_argument("--json", action="store_true", help="for machines")
    arguments = parser.parse_args(argv)
    model = load_model(arguments.file)
    count = check(model)
    sys.stdout.write(json.dumps({"equal": count}) + "\n" if arguments.json else
                     f"{count} test vectors, {count * model.outputs} outputs: equal to the golden model\n")
    return 0
