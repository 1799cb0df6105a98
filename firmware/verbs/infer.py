# SPDX-License-Identifier: BSD-2-Clause
"""``hadam infer``: a device works through the sequences of a file."""

from pathlib import Path

import numpy as np

from firmware import samples, values
from firmware.device import connect, last, parser, run, say


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parsing = parser("infer", "Lets a device work through the sequences of a file, and says which classes or values they have.")
    parsing.add_argument("file", type=Path, help=(
        ".npy, .npz (arrays inputs and labels) or .csv (a sequence a line); with the --weights of a model that has a table, "
        "tokens [sequences, steps]"))
    arguments = parsing.parse_args(argv)
    client, model = connect(arguments)
    with client:
        identity = client.identify()
        sequences, labels = samples.load(arguments.file, identity, model)
        results, seconds = run(client, sequences, model.embed if sequences.ndim == 2 else None)
    facts, lines, score = (_values if identity.values else _classes)(model, results, sequences.shape[1], labels)
    say(arguments, facts | {"sequences": len(results), "seconds": seconds, "repeated": client.repeated},
        "\n".join([*lines, f"{len(results)} sequences in {seconds:.2f} s{score}"]))
    return 0


def _classes(model, results, steps, labels):
    """(facts, lines, words for the score) of classes."""
    classes = [last(result).label for result in results]
    facts, lines = {"classes": classes}, [" ".join(map(str, classes))]
    if labels is None:
        return facts, lines, ""
    correct = int(np.count_nonzero(np.array(classes) == labels))
    accuracy = correct / len(classes)
    return facts | {"correct": correct, "accuracy": accuracy}, lines, f", {correct} right: {accuracy:.2%}"


def _values(model, results, steps, labels):
    """The same of values; without the model only ``Y`` is known."""
    if model is None:
        outputs = [list(last(result).logits) for result in results]
        lines = [" ".join(map(str, each)) for each in outputs]
        return {"outputs": outputs}, lines, ", in units of Y; name the model to have those of the values: --weights"
    found = values.measured(model, results, steps)
    facts, lines = {"values": found.tolist(), "units": values.units(model)}, [values.line(model, each) for each in found]
    if labels is None:
        return facts, lines, ""
    errors, words = values.errors(model, found, labels)
    return facts | errors, lines, f", {words}"
