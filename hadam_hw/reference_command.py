# SPDX-License-Identifier: BSD-2-Clause
"""``hadam import``: a checkpoint of HadamRNN's reference code becomes a model file."""

import json
import shlex
import sys
from pathlib import Path

import numpy as np

from hadam_hw.cli import VerbParser, positive
from hadam_hw.errors import DataError
from hadam_hw.files import check_file_out
from hadam_hw.fixed import Rounding
from hadam_hw.labels import class_numbers
from hadam_hw.model import Provenance
from hadam_hw.model_file import save_model
from hadam_hw.readout import class_count
from hadam_hw.reference import Calibration, convert, load_reference
from hadam_hw.train.tasks import load_task

#: Sequences that set the ranges and that are compared.
SEQUENCES = 256


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    arguments = _arguments(argv)
    check_file_out(arguments.out)
    reference = load_reference(arguments.file, {"plus": 1, "minus": -1, None: None}[arguments.zero_sign])
    calibration, task = _calibration(arguments)
    count = class_count(len(reference.output_bias))
    names = task.classes if task and len(task.classes) == count else ()
    if task:
        class_numbers(calibration.labels, count, names, f"task {task.name}")
    provenance = Provenance(
        task=task.name if task else "", command="hadam import " + shlex.join(argv),
        notes=f"imported from {arguments.file.name}; calibrated on {len(calibration.inputs)} training sequences")
    model, agreement = convert(
        reference, calibration, arguments.block or len(reference.signs), bits=arguments.bits, state_width=arguments.state_bits,
        rounding=Rounding(arguments.rounding), every=arguments.every_step or bool(task and task.every_step), classes=names,
        provenance=provenance)
    save_model(model, arguments.out)
    facts = {"out": str(arguments.out), "size": model.size, "block": model.top.recurrence.block, "bytes": model.model_bytes,
             "digest": model.digest, "sequences": len(calibration.inputs), "float_agreement": agreement.floating,
             "integer_agreement": agreement.integer, "reference_score": agreement.score}
    sys.stdout.write(json.dumps(facts) + "\n" if arguments.json else (
        f"{arguments.out}: n = {model.size} in blocks of {model.top.recurrence.block}, {model.model_bytes} bytes; on "
        f"{len(calibration.inputs)} calibration sequences the reference's class is that of {agreement.floating:.2f} % with an "
        f"unrounded state, {agreement.integer:.2f} % as integers"
        + ("\n" if agreement.score is None else f"; the reference is right on {agreement.score:.2f} %\n")))
    return 0


def _calibration(arguments):
    """The calibration inputs, and the task they are of, or None."""
    if arguments.task:
        task = load_task(arguments.task, arguments.data)
        if task.format is None:
            raise DataError(f"Task {task.name} has tokens for inputs, and only models of vector inputs can be imported")
        chosen = np.arange(min(SEQUENCES, len(task.train)))
        inputs, labels = task.train.draw(chosen)
        inputs = inputs.astype(np.int64)
        labels = labels[:, -1] if task.every_step else labels
        return Calibration(inputs, inputs * task.scale, task.format, task.scale, labels), task
    try:
        real = np.load(arguments.calibration, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"Calibration file {arguments.calibration} must be an array written by numpy.save ({error})") from None
    if not isinstance(real, np.ndarray):
        raise DataError(f"Calibration file {arguments.calibration} must be one array written by numpy.save, not an archive")
    return Calibration.of_real(real[:SEQUENCES], arguments.input_bits), None


def _arguments(argv):
    parser = VerbParser("import", description=__doc__)
    parser.add_argument("file", type=Path, help="the state dict, .pth")
    parser.add_argument("--out", type=Path, required=True, help="the model's .npz")
    inputs = parser.add_mutually_exclusive_group(required=True)
    inputs.add_argument("--task", help="the task that it was trained on; its training inputs set the ranges")
    inputs.add_argument("--calibration", type=Path,
                        help="training inputs in the units of the training, a .npy of [sequences, steps, d_in]")
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--block", type=positive(int), help="size of a Hadamard block (default: one block)")
    parser.add_argument("--bits", type=int, default=4, choices=range(1, 9), help="of V's and U's codes (default 4)")
    parser.add_argument("--state-bits", type=positive(int), default=12)
    parser.add_argument("--input-bits", type=int, default=8, choices=range(1, 17),
                        help="of inputs from --calibration (default 8)")
    parser.add_argument("--rounding", default="half-up", choices=[rounding.value for rounding in Rounding])
    parser.add_argument("--zero-sign", choices=("plus", "minus"), help="what a latent sign of exactly 0 becomes")
    parser.add_argument("--every-step", action="store_true", help="every step is read out (a task says so itself)")
    parser.add_argument("--json", action="store_true", help="for machines")
    return parser.parse_args(argv)
