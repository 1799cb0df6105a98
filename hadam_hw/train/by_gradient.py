# SPDX-License-Identifier: BSD-2-Clause
"""Trainings by gradients, from the task to the record: all of a network, or stages behind a recurrence that is drawn."""

from dataclasses import asdict, replace

from hadam_hw.model_file import save_model
from hadam_hw.train.curve import save_curve
from hadam_hw.train.export import finish
from hadam_hw.train.fit import fit, network_of
from hadam_hw.train.fit_stages import fit_stages
from hadam_hw.train.progress import progress_on
from hadam_hw.train.record import Metrics, record_of
from hadam_hw.train.settings import Signs
from hadam_hw.train.sign_search import PASSES, resolved
from hadam_hw.train.stage_export import finish_stages
from hadam_hw.train.state_cache import state_cache


def train_network(settings, task, out, console, command):
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


def train_stages(settings, task, out, console, command):
    """Trains a read-out of stages behind a drawn layer: the same three."""
    settings = replace(settings, signs=Signs.FIXED)
    metrics, cache = Metrics(out.with_suffix(".jsonl"), settings), state_cache()
    with progress_on(console) as progress:
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


def _fit_with_progress(task, settings, checkpoint, metrics, console):
    with progress_on(console) as progress:
        bar = _Bar(progress, console, task, settings, metrics)
        return fit(task, settings, checkpoint, bar.on_epoch, bar.on_step, bar.on_trial, bar.on_fold, bar.on_scores)


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
