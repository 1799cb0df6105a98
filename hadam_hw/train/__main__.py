# SPDX-License-Identifier: BSD-2-Clause
"""``python -m hadam_hw.train``: trains a task, quantises the best, scores the integers once on the test set."""

import argparse
import json
import shlex
import sys
from dataclasses import MISSING, asdict, fields
from enum import Enum
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hadam_hw.cli import INTERRUPTED, Parser, run_cli
from hadam_hw.errors import DataError
from hadam_hw.model_file import save_model
from hadam_hw.train.curve import save_curve
from hadam_hw.train.export import blank_model, finish
from hadam_hw.train.fit import fit, network_of
from hadam_hw.train.record import Metrics, record_of
from hadam_hw.train.settings import Settings, from_text, read_config
from hadam_hw.train.sign_search import PASSES, resolved
from hadam_hw.train.tasks import TASKS, load_task

_HELP = {
    "task": f"one of {', '.join(sorted(TASKS))}", "hidden": "units", "block": "of the Hadamard matrix; --hidden for one block",
    "seed": "signs, start, order, split", "lr": "Adam's rate at the start",
    "clip": "largest norm of a batch's gradient; 0 for no limit", "v_bits": "bits of V's codes",
    "u_bits": "bits of U's codes", "noise": "on the inputs while training, in the units of x; of tokens the share dropped",
    "offset": "deviation of a constant on each channel of a sequence while training, in the units of x",
    "shift": "steps (pixels of a picture) that a sequence is moved by, at most, while training",
    "turn": "degrees by which a worn sensor is turned about some axis, their deviation, while training",
    "dropout": "of the features while training", "v_init": "deviation of V at the start",
    "readout": "of the last state, the sum of all, or each", "leak": "0, or the state shrinks by 1 - 2**-LEAK a step",
    "activation": "within the recurrence", "layers": "1 to 8, with a ternary matrix between each two",
    "signs": "drawn and fixed, trained as in the reference, flipped where a batch accepts it, searched before training; auto: "
    "searched where only the last state is read out, else fixed",
    "sign_lr": "rate of the signs for --signs adam", "state_bits": "bits of a state",
    "state_in_loop": "train with the rounded state",
    "rounding": "of the state", "evaluate_every": "epochs between scores of the integers",
}


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    arguments = _arguments(argv)
    settings = _settings(arguments)
    blank_model(settings)  # says what is wrong before data are read
    out = Path(arguments.out)
    if not out.parent.is_dir():
        raise DataError(f"Output folder {out.parent} does not exist; create it first")
    task = load_task(settings.task, arguments.data, settings.seed)
    settings = resolved(settings, task)
    console = Console(stderr=True, quiet=arguments.json)
    metrics = Metrics(out.with_suffix(".jsonl"), settings)
    fitted = _fit_with_progress(task, settings, out.with_suffix(".checkpoint"), metrics, console)
    save_curve(metrics.epochs, out.with_suffix(".svg"), out.stem)
    console.print("quantising, and scoring the integers on the test set ...")
    model = finish(network_of(task, settings), task, settings, fitted, "python -m hadam_hw.train " + shlex.join(argv))
    save_model(model, out)
    record = record_of(model, settings, metrics, out)
    metrics.write({"result": record})
    if arguments.json:
        sys.stdout.write(json.dumps(record) + "\n")
    else:
        Console().print(
            f"{out}: {record['integer']:.2f} % as integers, {record['float']:.2f} % with an unrounded state, "
            f"{record['full_precision']:.2f} % with full-precision V and U; {record['bytes']} bytes")
    if fitted.interrupted:
        return INTERRUPTED
    out.with_suffix(".checkpoint").unlink(missing_ok=True)
    return 0


def _settings(arguments):
    """The settings: the configuration's, then those of the command line, the later ones winning."""
    given = read_config(Path(arguments.config)) if arguments.config else {}
    given |= {field.name: from_text(field.name, getattr(arguments, field.name)) for field in fields(Settings)
              if getattr(arguments, field.name) is not None}
    missing = [field.name for field in fields(Settings) if field.default is MISSING and field.name not in given]
    if missing:
        raise DataError(f"Training needs {', '.join('--' + name for name in missing)}, or a --config that holds them")
    return Settings(**given)


def _fit_with_progress(task, settings, checkpoint, metrics, console):
    steps = -(-len(task.train) // settings.batch)
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                  console=console) as progress:
        bar = progress.add_task("epoch 1", total=steps)

        def on_epoch(epoch):
            metrics.write(asdict(epoch))
            scores = "" if epoch.validation_integer is None else (
                f", validation {epoch.validation_integer:.2f} % as integers, {epoch.validation_float:.2f} % in float")
            console.print(f"epoch {epoch.epoch}: loss {epoch.loss:.4f}{scores}")
            if epoch.epoch < settings.epochs:
                progress.reset(bar, total=steps, description=f"epoch {epoch.epoch + 1}")
            else:
                progress.remove_task(bar)

        def on_trial(share):
            trials = settings.hidden * PASSES
            progress.update(bar, description=f"signs, {100 * share:.1f} % explained", total=trials, advance=1)
            if progress.tasks[bar].completed == trials:
                console.print(f"signs: {100 * share:.1f} % of the classes' variance explained from the last state")
                progress.reset(bar, total=steps, description="epoch 1")

        return fit(task, settings, checkpoint, on_epoch, lambda: progress.advance(bar), on_trial)


def _arguments(argv):
    parser = Parser(prog="python -m hadam_hw.train", description=__doc__)
    parser.add_argument("--config", help="TOML file with any of the settings below, by their names with underscores")
    parser.add_argument("--out", required=True, help="the model's .npz; metrics (.jsonl) and curve (.svg) go beside it")
    parser.add_argument("--data", help="folder of the data sets")
    for field in fields(Settings):
        default = "required" if field.default is MISSING else f"default {getattr(field.default, 'value', field.default)}"
        flag, text = f"--{field.name.replace('_', '-')}", f"{_HELP.get(field.name, '')} ({default})"
        if field.type is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        elif issubclass(field.type, Enum):
            parser.add_argument(flag, choices=[entry.value for entry in field.type], help=text)
        else:
            parser.add_argument(flag, type=field.type, help=text)
    parser.add_argument("--json", action="store_true", help="the scores as one line of JSON, and nothing else")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_cli(main))
