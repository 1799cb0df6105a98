# SPDX-License-Identifier: BSD-2-Clause
"""``python -m hadam_hw.train``: trains a task, quantises the best, scores the integers once on the test set."""

import argparse
import json
import shlex
import sys
from dataclasses import fields
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hadam_hw import golden
from hadam_hw.cli import INTERRUPTED, run_cli
from hadam_hw.errors import DataError
from hadam_hw.fixed import Rounding
from hadam_hw.model import Provenance, TestVectors
from hadam_hw.quantize import quantize
from hadam_hw.recurrence import Hadamard
from hadam_hw.train.fit import Network, Settings, fit
from hadam_hw.train.tasks import TASKS, load_task

VECTORS = 32
CALIBRATION = 1000


def main(argv):
    arguments = _arguments(argv)
    settings = Settings(**{field.name: getattr(arguments, field.name) for field in fields(Settings)})
    Hadamard(settings.hidden, settings.block, [1] * settings.hidden)  # says what is wrong before any data is read
    out = Path(arguments.out)
    if not out.parent.is_dir():
        raise DataError(f"Output folder {out.parent} does not exist; create it first")
    task = load_task(settings.task, arguments.data, settings.seed)
    console = Console(stderr=True, quiet=arguments.json)
    fitted = _fit_with_progress(task, settings, out.with_suffix(".checkpoint"), console)
    console.print("quantising, and scoring the integers on the test set ...")
    model = finish(task, settings, fitted, arguments, "python -m hadam_hw.train " + shlex.join(argv))
    model.save(out)
    scores = model.provenance
    if arguments.json:
        sys.stdout.write(json.dumps({
            "out": str(out), "integer": scores.integer_score, "float": scores.float_score,
            "full_precision": scores.full_precision_score, "validation": scores.validation_score,
            "bytes": model.model_bytes, "digest": model.digest, "epochs": scores.epochs}) + "\n")
    else:
        Console().print(f"{out}: {scores.integer_score:.2f} % as integers, {scores.float_score:.2f} % with an unrounded "
                        f"state, {scores.full_precision_score:.2f} % with full-precision V and U; {model.model_bytes} bytes")
    if fitted.interrupted:
        return INTERRUPTED
    out.with_suffix(".checkpoint").unlink(missing_ok=True)
    return 0


def finish(task, settings, fitted, arguments, command):
    """The quantised model of the best parameters, with its scores on the test set and real test vectors."""
    best = fitted.parameters
    model = quantize(
        recurrence=Hadamard(settings.hidden, settings.block, best["signs"]), input_weight=best["input_weight"],
        bias=best["bias"], output_weight=best["output_weight"], output_bias=best["output_bias"], input_format=task.format,
        input_scale=task.scale, calibration=task.train.inputs[:CALIBRATION], state_width=arguments.state_bits,
        input_bits=settings.v_bits, output_bits=settings.u_bits, rounding=Rounding(arguments.rounding),
        classes=task.classes)
    network = Network(task.format.size, len(task.classes), settings)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in best.items()})
    run = golden.run(model, task.test.inputs)

    def percent(outputs):
        return float(100 * (golden.classify(outputs) == task.test.labels).mean())

    vectors = TestVectors(task.test.inputs[:VECTORS], run.outputs[:VECTORS], task.test.labels[:VECTORS])
    return model.replace(vectors=vectors, provenance=Provenance(
        task=task.name, seed=settings.seed, command=command, float_score=percent(golden.float_run(model, task.test.inputs)),
        integer_score=percent(run.outputs), full_precision_score=network.score(task, task.test, quantised=False),
        validation_score=fitted.validation_score, split=task.split, epochs=fitted.epochs,
        notes=f"{run.saturations.sum()} saturations on the test set"))


def _fit_with_progress(task, settings, checkpoint, console):
    steps = -(-len(task.train) // settings.batch)
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                  console=console) as progress:
        bar = progress.add_task("epoch 1", total=steps)

        def on_epoch(epoch, loss, score):
            console.print(f"epoch {epoch}: loss {loss:.4f}, validation {score:.2f} %")
            progress.reset(bar, total=steps, description=f"epoch {epoch + 1}")

        return fit(task, settings, checkpoint, on_epoch, lambda: progress.advance(bar))


def _arguments(argv):
    parser = argparse.ArgumentParser(prog="python -m hadam_hw.train", description=__doc__)
    default = {field.name: field.default for field in fields(Settings)}
    parser.add_argument("--task", required=True, choices=sorted(TASKS))
    parser.add_argument("--hidden", type=int, required=True, help="units")
    parser.add_argument("--block", type=int, required=True, help="size of a Hadamard block; equal to --hidden for one block")
    parser.add_argument("--out", required=True, help="the model's .npz")
    parser.add_argument("--data", help="folder of the data sets")
    for name, kind, text in (
            ("seed", int, "signs, order, split"), ("epochs", int, ""), ("batch", int, ""), ("lr", float, "Adam's rate"),
            ("v-bits", int, "bits of V's codes"), ("u-bits", int, "bits of U's codes"),
            ("noise", float, "Gaussian noise on the inputs while training, in the units of x"),
            ("dropout", float, "of the features while training"), ("v-init", float, "deviation of V at the start")):
        parser.add_argument(f"--{name}", type=kind, default=default[name.replace("-", "_")],
                            help=f"{text} (default %(default)s)")
    parser.add_argument("--state-bits", type=int, default=12)
    parser.add_argument("--rounding", default="half-up", choices=[rounding.value for rounding in Rounding])
    parser.add_argument("--json", action="store_true", help="the scores as one line of JSON, and nothing else")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_cli(main))
