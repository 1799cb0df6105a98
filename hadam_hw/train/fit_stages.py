# SPDX-License-Identifier: BSD-2-Clause
"""Training of a read-out behind a recurrence that is drawn: the integer states are computed once, then only stages are trained.

An epoch of MNIST and 128 units takes a second or two, whatever the length of the sequences.
"""

from dataclasses import dataclass

import numpy as np
import torch

from hadam_hw.errors import DataError
from hadam_hw.layer import Layer
from hadam_hw.readout import Pooling, Readout, pool_bits
from hadam_hw.train.draw import drawn_layer
from hadam_hw.train.epochs import Epochs
from hadam_hw.train.folds import fit_by_settings
from hadam_hw.train.scores import percent
from hadam_hw.train.stages import Stages
from hadam_hw.train.state_cache import kept_states

#: Training sequences whose states set the shifts of the stages.
SAMPLE = 5000


@dataclass(frozen=True, eq=False)
class FittedReadout:
    """The drawn layer, the read-out that was best on validation and its integer score there in percent, the epochs trained.

    ``curve`` has an :class:`~hadam_hw.train.epochs.Epoch` for each of them.
    """

    layer: Layer
    readout: Readout
    validation_score: float | None
    epochs: int
    interrupted: bool
    curve: tuple


def fit_stages(task, settings, checkpoint, cache, on_epoch=lambda epoch: None, on_step=lambda: None,
               on_states=lambda done, total: None, on_fold=lambda fold, epoch: None, on_scores=lambda scores: None):
    """Draws the layer, trains the stages behind it, and returns :class:`FittedReadout`.

    Parameters
    ----------
    task : Task
        Of vectors, and a label a sequence.
    settings : Settings
    checkpoint : Path
        After each epoch all that is needed to go on is written there. One of other settings is ignored.
    cache : Cache
        Of states, :func:`hadam_hw.train.state_cache.state_cache`.
    on_epoch, on_step, on_states : callable
        Called with an :class:`~hadam_hw.train.epochs.Epoch` after each, without an argument after each batch, and with the
        sequences whose states are there and their total.
    on_fold, on_scores : callable
        Those of :func:`hadam_hw.train.folds.fit_by_settings`, where there are folds.

    Raises
    ------
    DataError
        If the task has tokens or a label a step, or the settings contradict each other.
    KeyboardInterrupt
        Before the first epoch is done; later it ends the training, and the best so far is returned.
    """
    settings.check()
    if task.vocabulary or task.every_step:
        raise DataError(f"Task {task.name} must have vectors and a label a sequence where stages are given")
    torch.set_num_threads(1)  # the products are small; two threads cost more than they gain
    layer = drawn_layer(settings, task.format, task.train.inputs, task.train.labels)

    def train(part, path, report, until):
        return _fit(part, settings, layer, path, cache, until, report, on_step, on_states)

    return fit_by_settings(train, task, settings, checkpoint, on_fold, on_scores, on_epoch)


def _fit(task, settings, layer, checkpoint, cache, until, on_epoch, on_step, on_states):
    """One training, of all epochs with the best kept, or as far as epoch ``until``, which is kept."""
    summed = settings.readout is Pooling.SUM
    form = dict(pooling=settings.readout, pool_bits=pool_bits(task.train.inputs.shape[1]) if summed else 0)
    if until is None:
        validation = kept_states(layer, task.validation.inputs, cache, summed=summed)[0].astype(np.int64)
    copies = _Copies(task, settings, layer, cache, on_states)
    stages = Stages(copies.states(0)[:SAMPLE], settings.hidden_stages, len(task.classes), settings.u_bits,
                    torch.Generator().manual_seed(_seed(settings, 4)), settings.dropout)
    batches = -(-len(task.train) // settings.batch)
    optimiser = torch.optim.AdamW(stages.groups(settings.decay), lr=settings.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.epochs * batches)
    epochs = Epochs(settings, checkpoint, until, {"stages": stages, "optimiser": optimiser, "schedule": schedule})

    def train(index):
        states, labels = copies.states(index % settings.copies), torch.from_numpy(task.train.labels)
        return _epoch(stages, optimiser, schedule, states, labels, settings, index, on_step), 0

    def validate():
        return None, percent(stages.readout(**form)(validation, 0), task.validation.labels)

    interrupted = epochs.run(train, validate, on_epoch)
    stages.load_state_dict(epochs.best)
    return FittedReadout(layer, stages.readout(classes=task.classes, **form), epochs.score, epochs.done, interrupted,
                         epochs.curve)


def _epoch(stages, optimiser, schedule, states, labels, settings, epoch, on_step):
    """One pass over all states, in an order that depends on seed and epoch alone; the mean loss."""
    generator = torch.Generator().manual_seed(_seed(settings, 2, epoch))
    torch.manual_seed(_seed(settings, 5, epoch))  # of dropout
    order, total = torch.randperm(len(states), generator=generator), 0.0
    stages.train()
    chosen = order.split(settings.batch)
    for part in chosen:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(stages(states[part]), labels[part])
        loss.backward()
        optimiser.step()
        schedule.step()
        stages.settle()
        total += loss.item()
        on_step()
    stages.eval()
    return total / len(chosen)


class _Copies:
    """The states of the training set, float32 [sequences, n], for each copy of it, moved and warped; one is held at a time."""

    def __init__(self, task, settings, layer, cache, on_states):
        self.task, self.settings, self.layer, self.cache, self.on_states = task, settings, layer, cache, on_states
        self.held = None, None

    def states(self, copy):
        """Those of copy number ``copy``; 0 is as it is."""
        if self.held[0] != copy:
            inputs, train = self.task.train.inputs, self.task.train
            if copy:
                rng, shift, warp = np.random.default_rng([self.settings.seed, 6, copy]), self.settings.shift, self.settings.warp
                inputs = train.moved(inputs, shift, rng) if shift else inputs
                inputs = train.warped(inputs, warp, rng) if warp else inputs
            summed = self.settings.readout is Pooling.SUM
            found, _ = kept_states(self.layer, inputs, self.cache, summed=summed, progress=self.on_states)
            self.held = copy, torch.from_numpy(found.astype(np.float32))
        return self.held[1]


def _seed(settings, *purpose):
    """A seed for torch that depends on the settings' seed and the purpose alone."""
    return int(np.random.SeedSequence([settings.seed, *purpose]).generate_state(1)[0])
