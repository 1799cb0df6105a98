# SPDX-License-Identifier: BSD-2-Clause
"""Training of a read-out behind a recurrence that is drawn: the integer states are computed once, then only stages are trained.

An epoch of MNIST and 128 units takes a second or two, whatever the length of the sequences.
"""

import io
import time
from dataclasses import asdict, dataclass

import numpy as np
import torch

from hadam_hw.errors import DataError
from hadam_hw.files import atomic_write
from hadam_hw.layer import Layer
from hadam_hw.readout import Pooling, Readout, pool_bits
from hadam_hw.train.draw import drawn_layer
from hadam_hw.train.fit import Epoch
from hadam_hw.train.folds import fit_by_folds
from hadam_hw.train.scores import percent
from hadam_hw.train.stages import Stages
from hadam_hw.train.state_cache import kept_states

#: Training sequences whose states set the shifts of the stages.
SAMPLE = 5000

@dataclass(frozen=True, eq=False)
class FittedReadout:
    """The drawn layer, the read-out that was best on validation and its integer score there in percent, the epochs trained.

    ``curve`` has an :class:`~hadam_hw.train.fit.Epoch` for each of them.
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
        Called with an :class:`~hadam_hw.train.fit.Epoch` after each, without an argument after each batch, and with the
        sequences whose states are there and their total.
    on_fold, on_scores : callable
        Those of :func:`hadam_hw.train.folds.fit_by_folds`, where there are folds.

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

    if settings.folds:
        return fit_by_folds(train, task, settings, checkpoint, on_fold, on_scores, on_epoch)
    if settings.until:
        return train(task.whole(), checkpoint, on_epoch, settings.until)
    return train(task, checkpoint, on_epoch, None)


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
    state = {"epoch": 0, "best": None, "score": -1.0, "curve": []}
    if checkpoint.exists():
        saved = torch.load(io.BytesIO(checkpoint.read_bytes()), weights_only=True)
        if saved["settings"] == settings.as_json():
            state = saved["state"]
            stages.load_state_dict(saved["stages"])
            optimiser.load_state_dict(saved["optimiser"])
            schedule.load_state_dict(saved["schedule"])
    interrupted = False
    try:
        while state["epoch"] < (until or settings.epochs):
            began, number = time.perf_counter(), state["epoch"] + 1
            loss = _epoch(stages, optimiser, schedule, copies.states(state["epoch"] % settings.copies),
                          torch.from_numpy(task.train.labels), settings, state["epoch"], on_step)
            score = None
            if until is None and (number % settings.evaluate_every == 0 or number == settings.epochs):
                score = percent(stages.readout(**form)(validation, 0), task.validation.labels)
            if until or (score is not None and score > state["score"]):
                best = {name: value.clone() for name, value in stages.state_dict().items()}
                state |= {"best": best, "score": score}
            epoch = Epoch(number, loss, None, score, 0, time.perf_counter() - began)
            state |= {"epoch": number, "curve": [*state["curve"], asdict(epoch)]}
            buffer = io.BytesIO()
            torch.save({"settings": settings.as_json(), "state": state, "stages": stages.state_dict(),
                        "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict()}, buffer)
            atomic_write(checkpoint, buffer.getvalue())
            on_epoch(epoch)
    except KeyboardInterrupt:
        interrupted = True
        if state["best"] is None:
            raise
    stages.load_state_dict(state["best"])
    return FittedReadout(layer, stages.readout(classes=task.classes, **form), state["score"], state["epoch"], interrupted,
                         tuple(Epoch(**epoch) for epoch in state["curve"]))


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
    """The states of the training set, float32 [sequences, n], for each of its moved copies; one is held at a time."""

    def __init__(self, task, settings, layer, cache, on_states):
        self.task, self.settings, self.layer, self.cache, self.on_states = task, settings, layer, cache, on_states
        self.held = None, None

    def states(self, copy):
        """Those of copy number ``copy``; 0 is not moved."""
        if self.held[0] != copy:
            inputs, train = self.task.train.inputs, self.task.train
            if copy:
                inputs = train.moved(inputs, self.settings.shift, np.random.default_rng([self.settings.seed, 6, copy]))
            summed = self.settings.readout is Pooling.SUM
            found, _ = kept_states(self.layer, inputs, self.cache, summed=summed, progress=self.on_states)
            self.held = copy, torch.from_numpy(found.astype(np.float32))
        return self.held[1]


def _seed(settings, *purpose):
    """A seed for torch that depends on the settings' seed and the purpose alone."""
    return int(np.random.SeedSequence([settings.seed, *purpose]).generate_state(1)[0])
