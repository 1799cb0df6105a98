# SPDX-License-Identifier: BSD-2-Clause
"""``python -m hadam_hw.train``: trains a task, quantises the best, scores the integers once on the test set."""

import argparse
import json
import shlex
import sys
from dataclasses import MISSING, asdict, fields, replace
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
from hadam_hw.train.fit_stages import fit_stages
from hadam_hw.train.folds import fold_checkpoints
from hadam_hw.train.record import Metrics, record_of
from hadam_hw.train.settings import Settings, Signs, from_text, read_config
from hadam_hw.train.sign_search import PASSES, resolved
from hadam_hw.train.stage_export import finish_stages
from hadam_hw.train.state_cache import state_cache
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
    "leaks": "LEAST-MOST, as 2-5: a leak drawn for each unit in place of --leak, for --readout sum",
    "activation": "within the recurrence", "layers": "1 to 8, with a ternary matrix between each two",
    "signs": "drawn and fixed, trained as in the reference, flipped where a batch accepts it, searched before training; auto: "
    "searched where only the last state is read out, else fixed",
    "sign_lr": "rate of the signs for --signs adam", "state_bits": "bits of a state",
    "state_in_loop": "train with the rounded state",
    "rounding": "of the state", "evaluate_every": "epochs between scores of the integers",
    "stages": "hidden stages of the read-out, UNITS:BITS OF A CODE:BITS OF AN ACTIVATION each, with commas between; of the "
    "last state only they are trained, behind a recurrence that is drawn",
    "wires": "a permutation behind the blocks, with --stages; ring: each unit takes the one before it, for blocks of 1",
    "drive": "with --stages, V drawn: all units, or one an input; auto: drawn for the last state, else trained",
    "decay": "AdamW's decay of the weights, with --stages",
    "folds": "0, or so many folds of the training persons choose the epoch, and then all of them are trained on",
    "until": "0, or an epoch that folds chose before: as far as that the whole training part is trained on",
    "recurrence": "oscillators: pairs of units, in blocks of 2, whose frequencies are chosen for the task, or "
    "drawn where V is trained",
    "copies": "of the training set, each moved anew by --shift, with --stages",
}


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    arguments = _arguments(argv)
    settings = _settings(arguments)
    settings.check()
    blank_model(settings)  # says what is wrong before data are read
    out = Path(arguments.out)
    if not out.parent.is_dir():
        raise DataError(f"Output folder {out.parent} does not exist; create it first")
    task = load_task(settings.task, arguments.data, settings.seed)
    console = Console(stderr=True, quiet=arguments.json)
    train = _train_stages if settings.drawn else _train_network
    record, sentence, interrupted = train(task, settings, out, console, "python -m hadam_hw.train " + shlex.join(argv))
    if arguments.json:
        sys.stdout.write(json.dumps(record) + "\n")
    else:
        Console().print(sentence)
    if interrupted:
        return INTERRUPTED
    checkpoint = out.with_suffix(".checkpoint")
    for path in (checkpoint, *fold_checkpoints(checkpoint, settings)):
        path.unlink(missing_ok=True)
    return 0


def _train_network(task, settings, out, console, command):
    """Trains all of a network: (record, what to tell, whether it was interrupted)."""
    settings = resolved(settings, task)
    metrics = Metrics(out.with_suffix(".jsonl"), settings)
    fitted = _fit_with_progress(task, settings, out.with_suffix(".checkpoint"), metrics, console)
    save_curve(metrics.epochs, out.with_suffix(".svg"), out.stem)
    console.print("quantising, and scoring the integers on the test set ...")
    model = finish(network_of(task, settings), task, settings, fitted, command)
    save_model(model, out)
    record = record_of(model, settings, metrics, out)
    metrics.write({"result": record})
    sentence = (f"{out}: {record['integer']:.2f} % as integers, {record['float']:.2f} % with an unrounded state, "
                f"{record['full_precision']:.2f} % with full-precision V and U; {record['bytes']} bytes")
    return record, sentence, fitted.interrupted


def _train_stages(task, settings, out, console, command):
    """Trains a read-out of stages behind a drawn layer: the same three."""
    settings = replace(settings, signs=Signs.FIXED)
    metrics, cache = Metrics(out.with_suffix(".jsonl"), settings), state_cache()
    with _progress(console) as progress:
        bar = _Bar(progress, console, task, settings, metrics)
        fitted = fit_stages(task, settings, out.with_suffix(".checkpoint"), cache, bar.on_epoch, bar.on_step, bar.on_states,
                            bar.on_fold, bar.on_scores)
    console.print(f"states kept in {cache.folder}: {cache.size >> 20} MiB")
    save_curve(metrics.epochs, out.with_suffix(".svg"), out.stem)
    console.print("scoring the integers on the test set ...")
    model = finish_stages(task, settings, fitted, cache, command)
    save_model(model, out)
    record = record_of(model, settings, metrics, out)
    metrics.write({"result": record})
    validation = "" if record["validation"] is None else f", {record['validation']:.2f} % on validation"
    sentence = f"{out}: {record['integer']:.2f} % as integers{validation}; {record['bytes']} bytes; {model.provenance.notes}"
    return record, sentence, fitted.interrupted


def _settings(arguments):
    """The settings: the configuration's, then those of the command line, the later ones winning."""
    given = read_config(Path(arguments.config)) if arguments.config else {}
    given |= {field.name: from_text(field.name, getattr(arguments, field.name)) for field in fields(Settings)
              if getattr(arguments, field.name) is not None}
    missing = [field.name for field in fields(Settings) if field.default is MISSING and field.name not in given]
    if missing:
        raise DataError(f"Training needs {', '.join('--' + name for name in missing)}, or a --config that holds them")
    return Settings(**given)


def _progress(console):
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)


class _Bar:
    """The bar of an epoch, what else takes long before it, and a line an epoch above it."""

    def __init__(self, progress, console, task, settings, metrics):
        self.progress, self.console, self.settings, self.metrics = progress, console, settings, metrics
        self.steps = -(-len(task.train) // settings.batch)
        self.epoch, self.last = len(metrics.epochs) + 1, settings.until or settings.epochs
        self.bar = progress.add_task(f"epoch {self.epoch}", total=self.steps)

    def on_step(self):
        """After a batch."""
        self.progress.advance(self.bar)

    def on_epoch(self, epoch):
        """After an epoch."""
        self.metrics.write(asdict(epoch))
        self._say(f"epoch {epoch.epoch}", epoch)
        if epoch.epoch < self.last:
            self._begin()
        else:
            self.progress.remove_task(self.bar)

    def on_fold(self, fold, epoch):
        """After an epoch of a fold."""
        self._say(f"fold {fold + 1}, epoch {epoch.epoch}", epoch)
        self._begin()

    def on_scores(self, scores):
        """After all folds."""
        self.metrics.write({"folds": asdict(scores), "chosen": scores.chosen})
        self.last, self.epoch = scores.chosen, len(self.metrics.epochs) + 1
        self.console.print(f"epoch {scores.chosen} is the best of the folds' mean, {scores.mean(scores.chosen)[1]:.2f} %")
        self._begin()

    def _say(self, words, epoch):
        scores = "" if epoch.validation_integer is None else f", validation {epoch.validation_integer:.2f} % as integers"
        scores += "" if epoch.validation_float is None else f", {epoch.validation_float:.2f} % in float"
        self.console.print(f"{words}: loss {epoch.loss:.4f}{scores}")
        self.epoch = epoch.epoch + 1

    def on_trial(self, share):
        """After a sign was tried."""
        trials = self.settings.hidden * PASSES
        self.progress.update(self.bar, description=f"signs, {100 * share:.1f} % explained", total=trials, advance=1)
        if self.progress.tasks[self.bar].completed == trials:
            self.console.print(f"signs: {100 * share:.1f} % of the classes' variance explained from the last state")
            self._begin()

    def on_states(self, done, total):
        """After the states of ``done`` sequences of ``total``."""
        self.progress.update(self.bar, description="states", total=total, completed=done)
        if done == total:
            self._begin()

    def _begin(self):
        self.progress.reset(self.bar, total=self.steps, description=f"epoch {self.epoch}")


def _fit_with_progress(task, settings, checkpoint, metrics, console):
    with _progress(console) as progress:
        bar = _Bar(progress, console, task, settings, metrics)
        return fit(task, settings, checkpoint, bar.on_epoch, bar.on_step, bar.on_trial, bar.on_fold, bar.on_scores)


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
