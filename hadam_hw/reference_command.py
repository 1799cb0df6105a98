# SPDX-License-Identifier: BSD-2-Clause
"""``hadam import``: a checkpoint of HadamRNN's reference code, of torch.nn.RNN or of QORNN becomes a model file."""

import json
import shlex
import sys
from pathlib import Path

import numpy as np

from hadam_hw.cli import VerbParser, positive
from hadam_hw.errors import DataError
from hadam_hw.files import check_file_out
from hadam_hw.fixed import Rounding
from hadam_hw.float_network import Calibration, convert
from hadam_hw.labels import class_numbers
from hadam_hw.model import Provenance
from hadam_hw.model_file import save_model
from hadam_hw.networks import Network, load_network
from hadam_hw.readout import class_count
from hadam_hw.train.tasks import load_task

#: Sequences that set the ranges and that are compared.
SEQUENCES = 256


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    arguments = _arguments(argv)
    check_file_out(arguments.out)
    network = load_network(
        arguments.file, arguments.network and Network(arguments.network), block=arguments.block, bits=arguments.bits,
        recurrent_bits=arguments.recurrent_bits, zero_sign={"plus": 1, "minus": -1, None: None}[arguments.zero_sign])
    calibration, task = _calibration(arguments, network)
    count = class_count(len(network.output_bias))
    names = task.classes if task and len(task.classes) == count else ()
    if task:
        class_numbers(calibration.labels, count, names, f"task {task.name}")
    provenance = Provenance(
        task=task.name if task else "", command="hadam import " + shlex.join(argv),
        notes=f"imported from {arguments.file.name}; calibrated on {len(calibration.inputs)} training sequences")
    model, agreement = convert(
        network, calibration, state_width=arguments.state_bits, rounding=Rounding(arguments.rounding),
        every=arguments.every_step or bool(task and task.every_step), table_bits=arguments.input_bits, classes=names,
        provenance=provenance)
    save_model(model, arguments.out)
    recurrences = "; ".join(layer.recurrence.words for layer in model.layers)
    facts = {"out": str(arguments.out), "network": network.kind, "size": model.size, "recurrence": recurrences,
             "bytes": model.model_bytes, "digest": model.digest, "sequences": len(calibration.inputs),
             "float_agreement": agreement.floating, "integer_agreement": agreement.integer, "reference_score": agreement.score}
    sys.stdout.write(json.dumps(facts) + "\n" if arguments.json else (
        f"{arguments.out}: a {network.kind}, n = {model.size} ({recurrences}), {model.model_bytes} bytes; on "
        f"{len(calibration.inputs)} calibration sequences the network's class is that of {agreement.floating:.2f} % with an "
        f"unrounded state, {agreement.integer:.2f} % as integers"
        + ("\n" if agreement.score is None else f"; the network itself is right on {agreement.score:.2f} %\n")))
    return 0


def _calibration(arguments, network):
    """The calibration inputs, and the task they are of, or None."""
    if arguments.task:
        task = load_task(arguments.task, arguments.data)
        chosen = np.arange(min(SEQUENCES, len(task.train)))
        inputs, labels = task.train.draw(chosen)
        inputs = inputs.astype(np.int64)
        labels = labels[:, -1] if task.every_step else labels
        if task.vocabulary:
            return Calibration.of_tokens(inputs[..., 0], labels), task
        return Calibration(inputs, inputs * task.scale, task.format, task.scale, labels), task
    try:
        real = np.load(arguments.calibration, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"Calibration file {arguments.calibration} must be an array written by numpy.save ({error})") from None
    if not isinstance(real, np.ndarray):
        raise DataError(f"Calibration file {arguments.calibration} must be one array written by numpy.save, not an archive")
    if network.table is not None:
        return Calibration.of_tokens(real[:SEQUENCES]), None
    return Calibration.of_real(real[:SEQUENCES], arguments.input_bits), None


def _arguments(argv):
    parser = VerbParser("import", description=__doc__)
    parser.add_argument("file", type=Path, help="the state dict, of torch.save (.pth) or of safetensors")
    parser.add_argument("--network", choices=[network.value for network in Network],
                        help="what it is of; needed where its names do not say it")
    parser.add_argument("--out", type=Path, required=True, help="the model's .npz")
    inputs = parser.add_mutually_exclusive_group(required=True)
    inputs.add_argument("--task", help="the task that it was trained on; its training inputs set the ranges")
    inputs.add_argument("--calibration", type=Path,
                        help="training inputs in the units of the training, a .npy of [sequences, steps, d_in], "
                             "or of tokens [sequences, steps]")
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--block", type=positive(int), help="size of a Hadamard block of the first layer (default: one block)")
    parser.add_argument("--bits", type=int, choices=range(1, 9),
                        help="of V's and U's codes (default: 4 for a HadamRNN, 8 for others)")
    parser.add_argument("--recurrent-bits", type=int, choices=range(1, 9),
                        help="of the recurrent codes of a torch.nn.RNN, QSSM or QRNN, where the file does not tell them")
    parser.add_argument("--state-bits", type=positive(int), default=12)
    parser.add_argument("--input-bits", type=int, default=8, choices=range(1, 17),
                        help="of inputs from --calibration, or of what a token adds to a unit (default 8)")
    parser.add_argument("--rounding", default="half-up", choices=[rounding.value for rounding in Rounding])
    parser.add_argument("--zero-sign", choices=("plus", "minus"), help="what a latent sign of exactly 0 becomes")
    parser.add_argument("--every-step", action="store_true", help="every step is read out (a task says so itself)")
    parser.add_argument("--json", action="store_true", help="for machines")
    return parser.parse_args(argv)
