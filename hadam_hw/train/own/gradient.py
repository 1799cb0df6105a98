# SPDX-License-Identifier: BSD-2-Clause
"""Gradients on one's own recordings, behind what ridges chose: as many folds as there is time for, then all of them.

Where all sequences are of one length and their states are summed, V is trained with a hidden stage of the read-out. Elsewhere
the recurrence and V stay drawn and only the stages are trained: without biases a sequence may be padded in front
(:mod:`hadam_hw.lengths`), so what is trained is what the model computes of each sequence at its own length.
"""

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from hadam_hw import golden
from hadam_hw.input import COMPANDED_STEPS, STEPS
from hadam_hw.lengths import padded
from hadam_hw.model import Model
from hadam_hw.predict import scores_of
from hadam_hw.readout import Pooling
from hadam_hw.train.export import to_model
from hadam_hw.train.fit import fit, network_of
from hadam_hw.train.fit_stages import fit_stages
from hadam_hw.train.folds import FoldScores
from hadam_hw.train.own.calibrate import calibrated_scale, spread
from hadam_hw.train.own.choose import Tried
from hadam_hw.train.own.finish import Fitted
from hadam_hw.train.own.options import OWN
from hadam_hw.train.own.prepare import class_weights
from hadam_hw.train.own.race import Race
from hadam_hw.train.settings import Drive, Settings
from hadam_hw.train.state_cache import state_cache
from hadam_hw.train.tasks.task import Sequences, Task
from hadam_hw.train.tasks.worn import Worn, triads

#: Updates that a training has at least, and the least and the most epochs that they may take.
UPDATES, LEAST_EPOCHS, EPOCHS = 900, 6, (12, 120)
#: A longer training takes so many times the epochs of a short one, at most so many.
LONGER, MOST_EPOCHS = 5, 200
#: By how many degrees worn sensors are turned while training, the likeliest first.
TURNS = (10.0, 0.0)
#: Batches whose times tell how long the rest takes; the first ones compile.
TIMED = range(3, 6)
#: A sequence of a small class is drawn at most so many times an epoch.
MOST_DRAWS = 20
#: With V trained fewer units do what many drawn ones do.
UNITS = 128
#: Numbers of all sequences, padded.
MAX_PADDED = 1 << 28
TRAINED = {"lr": 3e-3, "u_bits": 6, "stages": "40:4:8"}
DISTURBED = {"clip": 1.0, "noise": 0.1, "offset": 0.1, "v_init": 0.1}


@dataclass(frozen=True, eq=False)
class Judged:
    """What gradients came to.

    Parameters
    ----------
    fitted : Fitted or None
        None where there was no time, or it is not needed.
    percent : float
        Right on the folds that were trained; each class counts the same where classes are weighted.
    ridge_percent : float
        Of the ridge, on the same folds.
    words : str
        What was trained, or why nothing was.
    tried : tuple of Tried
        The others that it was compared with.
    """

    fitted: Fitted | None
    percent: float
    ridge_percent: float
    words: str
    tried: tuple[Tried, ...] = ()


class _TooSlowError(Exception):
    """A batch takes so many seconds that the epochs asked for do not fit the budget."""

    def __init__(self, seconds):
        super().__init__(seconds)
        self.seconds = seconds


def fit_gradient(choice, data, options, say):
    """Trains behind a :class:`~hadam_hw.train.own.choose.Choice`; returns :class:`Judged`.

    Where the settings given have ``until``, no fold is trained: the training is repeated as far as this epoch.

    Parameters
    ----------
    say : callable
        Called with a sentence now and then.
    """
    work = _Work(choice, data, options, say)
    if work.too_long:
        return Judged(None, 0.0, 0.0, work.too_long)
    with tempfile.TemporaryDirectory() as folder:
        if options.given.get("until"):
            settings = work.settings(options.given.get("epochs", EPOCHS[0]))
            return Judged(work.whole(settings, Path(folder), None), 0.0, 0.0, "")
        return work.by_folds(Path(folder))


class _Work:
    def __init__(self, choice, data, options, say):
        self.choice, self.data, self.options, self.say = choice, data, options, say
        self.sequences, self.labels = choice.sequences, choice.sequences.labels
        lengths = self.sequences.lengths
        numbers = int(lengths.max()) * len(lengths) * self.sequences.codes[0].shape[1]
        self.too_long = None if numbers <= MAX_PADDED else \
            "gradients were left out: sequences of so different lengths take too much memory; cut them with --window"
        self.trains_v = choice.settings.readout is Pooling.SUM and int(lengths.min()) == int(lengths.max()) \
            and options.given.get("drive", Drive.AUTO) is Drive.AUTO
        self.weights, _ = class_weights(self.labels, len(data.classes), options.balance)
        self.folds = data.fold_of[self.sequences.recordings]
        self.inputs = None if self.too_long else padded(self.sequences.codes)
        source = choice.source
        self.turnable = source.known and bool(triads([channel.name for channel in source.channels],
                                                     [channel.unit for channel in source.channels]))

    def settings(self, epochs, turn=0.0):
        """Those of the training, with ``epochs``, and sensors turned by ``turn`` degrees."""
        layer, given = self.choice.settings, self.options.given
        fields = {name: getattr(layer, name) for name in ("hidden", "block", "seed", "readout", "leak", "leaks", "recurrence",
                                                          "wires", "v_bits", "state_bits", "rounding")}
        if self.trains_v:
            fields |= DISTURBED | {"turn": turn}
            if "hidden" not in given and fields["hidden"] > UNITS:
                fields["hidden"] = UNITS
        else:
            fields["drive"] = Drive.ALL
        count = int(np.sum(self._draws(np.arange(len(self.labels)))))
        fields |= TRAINED | {"batch": int(np.clip(count // 40, 10, 100)), "epochs": epochs,
                             "evaluate_every": max(1, epochs // 6)}
        settings = Settings(task=OWN, **(fields | given))
        settings.check()
        return settings

    def epochs(self):
        """How many make enough updates."""
        if "epochs" in self.options.given:
            return self.options.given["epochs"]
        settings = self.settings(EPOCHS[0])
        batches = -(-int(np.sum(self._draws(np.arange(len(self.labels))))) // settings.batch)
        return int(np.clip(round(UPDATES / batches), *EPOCHS))

    def turns(self):
        """What is compared: by how many degrees sensors are turned while training, the likeliest first."""
        if "turn" in self.options.given or not self.trains_v or not self.turnable:
            return (self.options.given.get("turn", 0.0),)
        return TURNS

    def by_folds(self, folder):
        """Compares short trainings of a few folds, then a longer one; trains what is left of the folds while there is time, and
        then all."""
        budget, turns, epochs = self.options.budget, self.turns(), self.epochs()
        race = Race(lambda settings, k, limit: self._fold(settings, k, folder, limit), self.data.folds, budget)
        try:
            race.start(self.settings(epochs, turns[0]), limit=epochs)
        except _TooSlowError as slow:
            fewer = int(budget / slow.seconds)
            if fewer < LEAST_EPOCHS or "epochs" in self.options.given:
                return Judged(None, 0.0, 0.0, f"gradients were left out: {epochs} epochs of two trainings take longer than "
                              f"the {budget:.0f} s of --budget")
            race.start(self.settings(fewer, turns[0]))
        if len(turns) > 1:
            race.compare(*(self.settings(race.best.epochs, turn) for turn in turns[1:]))
        longer = min(LONGER * race.best.epochs, MOST_EPOCHS, int(race.left / (1 + race.whole)))
        if longer > race.best.epochs and "epochs" not in self.options.given:
            race.compare(self.settings(longer, race.best.turn))
        race.finish()
        return self._judged(race.best, race.folds(race.best), folder, race.tried())

    def _judged(self, settings, trained, folder, tried):
        """The :class:`Judged` of the folds ``trained``, by one more training of the whole training part."""
        curves, outputs, held = zip(*trained)
        scores = FoldScores.of(curves)
        percent = self._right(np.concatenate([golden.classify(own) for own in outputs]), np.concatenate(held))
        ridge = self._ridge(np.concatenate(held))
        how = "V trained" if self.trains_v else "recurrence and V drawn"
        how += f", turned by {settings.turn:g} degrees" if settings.turn else ""
        words = (f"gradients: {settings.hidden} units, {how}, stages {settings.stages}, epoch {scores.chosen} of "
                 f"{settings.epochs} by {len(curves)} of {self.data.folds} folds")
        self.say(f"{words}: {percent:.2f} % on validation; the ridge has {ridge:.2f} % there")
        scaled = np.concatenate([own / spread(own) for own in outputs])
        factor = calibrated_scale(scaled, self.labels[np.concatenate(held)])
        fitted = self.whole(replace(settings, until=scores.chosen), folder, factor)
        return Judged(replace(fitted, percent=percent), percent, ridge, words, tried)

    def whole(self, settings, folder, factor):
        """The :class:`Fitted` of the whole training part as far as ``settings.until``."""
        task = self._task(np.arange(len(self.labels)), None)
        model, _ = self._train(task, settings, folder / "whole", "all", lambda: None)
        scale = self.options.probability_scale
        if scale is None and factor is not None:
            scale = factor / spread(scores_of(model, self.sequences.codes))
        model = model.replace(input=self.choice.source if self.choice.source.known else None, probability_scale=scale)
        notes = "V and stages trained" if self.trains_v else "recurrence and V drawn, stages trained"
        return Fitted(model, settings, None, f"{notes} as far as epoch {settings.until}")

    def _fold(self, settings, k, folder, limit):
        """(curve, outputs of the fold, its places); with ``limit`` epochs a batch is timed first."""
        held = np.flatnonzero(self.folds == k)
        task = self._task(np.flatnonzero(self.folds != k), held)
        model, fitted = self._train(task, settings, folder / f"fold{k}", f"fold {k + 1}",
                                    _Clock(limit, len(task.train), settings, self.options.budget) if limit else lambda: None)
        return fitted.curve, scores_of(model, [self.sequences.codes[place] for place in held]), held

    def _train(self, task, settings, checkpoint, name, on_step):
        """(Model, what the training gives)."""
        def on_epoch(epoch):
            last = settings.until or settings.epochs
            if epoch.epoch % settings.evaluate_every == 0 or epoch.epoch == last:
                score = "" if epoch.validation_integer is None else f", validation {epoch.validation_integer:.2f} %"
                self.say(f"{name}, epoch {epoch.epoch} of {last}: loss {epoch.loss:.4f}{score}")

        if self.trains_v:
            fitted = fit(task, settings, checkpoint, on_epoch, on_step)
            network = network_of(task, settings)
            network.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in fitted.parameters.items()})
            model = to_model(network, task, settings)
        else:
            fitted = fit_stages(task, settings, checkpoint, state_cache(), on_epoch, on_step)
            model = Model(layers=(fitted.layer,), readout=fitted.readout)
        if fitted.interrupted:
            raise KeyboardInterrupt
        return model, fitted

    def _task(self, learned, held):
        """The task of those places; without ``held`` all are learned, and a part of them stands in for validation."""
        rng = np.random.default_rng([self.options.seed, 20])
        learned = rng.permutation(np.repeat(learned, self._draws(learned)))
        if held is None:
            learned, held = learned[:-1], learned[-1:]
        train, held = (self._sequences(places) for places in (learned, rng.permutation(held)))
        source, steps = self.choice.source, COMPANDED_STEPS if self.choice.mu_law else STEPS
        scale = 1 / steps if source.known else 1 / max(1.0, float(self.inputs.std()))
        return Task(OWN, train, held, held, source.format, scale, self.data.classes, self.data.sentence)

    def _sequences(self, places):
        arrays = self.inputs[places], self.labels[places]
        return Worn(*arrays, source=self.choice.source) if self.turnable else Sequences(*arrays)

    def _draws(self, places):
        """How many times an epoch each of them is drawn."""
        if self.weights is None:
            return np.ones(len(places), np.int64)
        weights = self.weights[places] / self.weights.min()
        return np.clip(np.rint(weights), 1, MOST_DRAWS).astype(np.int64)

    def _right(self, predicted, places):
        weights = None if self.weights is None else self.weights[places]
        return float(100 * np.average(predicted == self.labels[places], weights=weights))

    def _ridge(self, places):
        """What the ridge has right of them in its own folds, in percent."""
        folded = self.choice.folded
        answers = dict(zip(folded.validated.tolist(), folded.coded(self.choice.settings.u_bits)[1].argmax(axis=1).tolist()))
        return self._right(np.array([answers[place] for place in places.tolist()]), places)


class _Clock:
    """Called after each batch: raises :class:`_TooSlowError` when some batches show that two trainings take too long."""

    def __init__(self, epochs, sequences, settings, budget):
        self.epochs, self.budget = epochs, budget
        self.batches = -(-sequences // settings.batch)
        self.times = []

    def __call__(self):
        self.times.append(time.process_time())
        if len(self.times) == TIMED.stop:
            taken = np.diff(self.times)[TIMED.start - 1:]
            seconds = 2.2 * float(np.median(taken)) * self.batches  # of an epoch of both trainings
            if seconds * self.epochs > self.budget:
                raise _TooSlowError(seconds)
