# SPDX-License-Identifier: BSD-2-Clause
"""``hadam infer``: a device works through the sequences of a file."""

from pathlib import Path

import numpy as np

from firmware import samples, values
from firmware.device import connect, last, parser, run, say
from hadam_hw.answer import Answer
from hadam_hw.cli import positive
from hadam_hw.errors import UsageError
from hadam_hw.pieces import pieces
from hadam_hw.predictions import evaluated, prediction
from hadam_hw.predictions_text import note_rates, show_predictions
from hadam_hw.recordings import Kind, ReadOptions
from hadam_hw.recordings.reader import recordings_at
from hadam_hw.terminal import printable


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parsing = parser("infer", "Lets a device work through recordings or sequences, and says which classes or values they have.")
    parsing.add_argument("files", type=Path, nargs="+", metavar="FILE", help=(
        "recordings, as hadam predict takes them, where the --weights say how to encode them; else one file of the model's "
        "codes: .npy, .npz (arrays inputs and labels) or .csv (a sequence a line), or of tokens [sequences, steps] where the "
        "model has a table"))
    parsing.add_argument("--units", choices=[kind.value for kind in Kind],
                         help="what the numbers of recordings are, where a file does not say")
    parsing.add_argument("--rate", type=positive(float, 1e9), metavar="HZ", help="samples a second of files that do not say")
    arguments = parsing.parse_args(argv)
    client, model = connect(arguments)
    with client:
        identity = client.identify()
        if model is not None and model.input.known:
            return _recordings(arguments, client, model)
        if len(arguments.files) > 1:
            raise UsageError("One file must be enough where the model does not say how recordings are encoded")
        sequences, labels = samples.load(arguments.files[0], identity, model)
        results, seconds = run(client, sequences, model.embed if sequences.ndim == 2 else None)
    facts, lines, score = (_values if identity.values else _classes)(model, results, sequences.shape[1], labels)
    say(arguments, facts | {"sequences": len(results), "seconds": seconds, "repeated": client.repeated},
        "\n".join([*lines, f"{len(results)} sequences in {seconds:.2f} s{score}"]))
    return 0


def _recordings(arguments, client, model):
    """Encodes recordings by the model's input and lets the device answer."""
    options = ReadOptions(rate_hz=arguments.rate, kind=None if arguments.units is None else Kind(arguments.units))
    recordings = [recording for path in arguments.files for recording in recordings_at(path, options)]
    note_rates(model, recordings)
    work = [(recording, piece) for recording, own in zip(recordings, pieces(model.input, recordings)) for piece in own]
    results, seconds = run(client, [piece.codes for _, piece in work])
    if model.readout.answer is Answer.VALUES:
        found = [values.measured(model, [result], len(piece.codes))[0] for result, (_, piece) in zip(results, work)]
        lines = [f"{printable(recording.source)}\t{piece.start}\t{values.line(model, each)}"
                 for (recording, piece), each in zip(work, found)]
        say(arguments, {"values": [each.tolist() for each in found], "units": values.units(model), "sequences": len(found),
                        "seconds": seconds, "repeated": client.repeated}, "\n".join(lines))
        return 0
    found = [prediction(model, recording, piece.start, np.array(last(result).logits, dtype=np.int64))
             for result, (recording, piece) in zip(results, work)]
    evaluation, unknown = evaluated(model, found)
    if arguments.json:
        say(arguments, {"predictions": [one.as_json() for one in found], "sequences": len(found), "seconds": seconds,
                        "repeated": client.repeated, "evaluation": None if evaluation is None else evaluation.as_json()}, "")
        return 0
    show_predictions(found, evaluation, unknown)
    say(arguments, {}, f"{len(found)} sequences in {seconds:.2f} s")
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
