# SPDX-License-Identifier: BSD-2-Clause
"""``hadam infer``: a device works through the sequences of a file."""

from pathlib import Path

import numpy as np

from firmware import samples
from firmware.device import connect, last, parser, run, say


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parsing = parser("infer", "Lets a device work through the sequences of a file, and says which classes they are.")
    parsing.add_argument("file", type=Path, help=(
        ".npy, .npz (arrays inputs and labels) or .csv (a sequence a line); with the --weights of a model that has a table, "
        "tokens [sequences, steps]"))
    arguments = parsing.parse_args(argv)
    client, model = connect(arguments)
    with client:
        sequences, labels = samples.load(arguments.file, client.identify(), model)
        results, seconds = run(client, sequences, model.embed if sequences.ndim == 2 else None)
    classes = [last(result).label for result in results]
    facts = {"classes": classes, "sequences": len(classes), "seconds": seconds, "repeated": client.repeated}
    text = f"{' '.join(map(str, classes))}\n{len(classes)} sequences in {seconds:.2f} s"
    if labels is not None:
        facts["correct"] = int(np.count_nonzero(np.array(classes) == labels))
        facts["accuracy"] = facts["correct"] / len(classes)
        text += f", {facts['correct']} right: {facts['accuracy']:.2%}"
    say(arguments, facts, text)
    return 0
