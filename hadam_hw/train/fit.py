# SPDX-License-Identifier: BSD-2-Clause
"""The training loop: codes in the loop, the best **integer** model on validation kept, resumable after a kill."""

from dataclasses import dataclass

import numpy as np
import torch

from hadam_hw import golden
from hadam_hw.errors import DataError
from hadam_hw.quantize import quantize_codes
from hadam_hw.train.epochs import Epochs
from hadam_hw.train.export import cross_entropy, float_score, model_of_layers, real, state_unit, to_model
from hadam_hw.train.folds import fit_by_settings
from hadam_hw.train.network import HadamRNN
from hadam_hw.train.scan import StateGrid
from hadam_hw.train.scores import integers, percent
from hadam_hw.train.seeds import mixed
from hadam_hw.train.settings import Signs
from hadam_hw.train.sign_flips import flip_where_better
from hadam_hw.train.sign_search import resolved, search_signs

#: For the scores on the way: sequences that the integers are validated on, and calibrated on. The last says all with more.
VALIDATED, CALIBRATED = 1000, 64
#: Training sequences whose states set the shifts of trained stages.
SAMPLE = 500


@dataclass(frozen=True, eq=False)
class Fitted:
    """The parameters (name to array) that were best on validation, their integer score there in percent, the epochs trained.

    ``curve`` has an :class:`~hadam_hw.train.epochs.Epoch` for each of them.
    """

    parameters: dict
    validation_score: float | None
    epochs: int
    interrupted: bool
    curve: tuple


def network_of(task, settings):
    """A fresh network for ``task``; shifts of its stages are set on the integers that its start would have."""
    inputs = settings.hidden if task.vocabulary else task.format.size
    network = HadamRNN(inputs, len(task.classes), settings, task.vocabulary)
    if settings.stages:
        unit = state_unit(model_of_layers(network, task, settings, CALIBRATED), task)
        network.begin_stages(real(task, task.train.inputs[:SAMPLE]), len(task.classes), unit)
    return network


def fit(task, settings, checkpoint, on_epoch=lambda epoch: None, on_step=lambda: None, on_trial=lambda share: None,
        on_fold=lambda fold, epoch: None, on_scores=lambda scores: None):
    """Trains and returns :class:`Fitted`. After each epoch all that is needed to go on is written to ``checkpoint``.

    ``on_trial`` is that of :func:`hadam_hw.train.sign_search.search_signs`, where signs are searched; ``on_fold`` and
    ``on_scores`` are those of :func:`hadam_hw.train.folds.fit_by_settings`, where there are folds.
    A checkpoint of other settings is ignored. KeyboardInterrupt ends the training; the best so far is returned.
    """
    def train(part, path, report, until):
        return _fit(part, settings, path, until, report, on_step, on_trial)

    return fit_by_settings(train, task, settings, checkpoint, on_fold, on_scores, on_epoch)


def _fit(task, settings, checkpoint, until, on_epoch, on_step, on_trial):
    """One training, of all epochs with the best kept, or as far as epoch ``until``, which is kept."""
    if task.vocabulary and settings.stretch:
        raise DataError(f"stretch must be 0 where inputs are tokens, not {settings.stretch}")
    torch.set_num_threads(1)  # the recurrence is one loop, and two threads on the small products cost more than they gain
    settings = resolved(settings, task)
    network = network_of(task, settings)
    groups = [{"params": [value for name, value in network.named_parameters() if not name.startswith("stages.")
                          and not name.endswith("signs")]}]
    if settings.stages:
        groups += network.stages.groups(settings.decay)
    if settings.signs is Signs.ADAM:
        groups.append({"params": [layer.signs for layer in network.layers], "lr": settings.sign_lr})
    optimiser = torch.optim.AdamW(groups, lr=settings.lr, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.epochs)
    epochs = Epochs(settings, checkpoint, until, {"network": network, "optimiser": optimiser, "schedule": schedule})
    if settings.signs is Signs.SEARCHED and not epochs.done:
        search_signs(network, task, settings, on_trial)

    def train(index):
        if settings.state_in_loop:
            _set_grids(network, task, settings)
        loss, flips = _epoch(network, optimiser, task, settings, index, on_step)
        schedule.step()
        return loss, flips

    interrupted = epochs.run(train, lambda: _validate(network, task, settings), on_epoch)
    return Fitted({name: value.numpy() for name, value in epochs.best.items()}, epochs.score, epochs.done, interrupted,
                  epochs.curve)


def _epoch(network, optimiser, task, settings, epoch, on_step):
    """One pass over the training set in an order that depends on seed and epoch alone: the mean loss, and the signs flipped."""
    rng = np.random.default_rng([settings.seed, 2, epoch])
    torch.manual_seed(mixed(settings.seed, epoch))
    order = rng.permutation(len(task.train))
    batches = [order[start:start + settings.batch] for start in range(0, len(order), settings.batch)]
    total, flips = 0.0, 0
    for index, chosen in enumerate(batches):
        inputs, labels = task.train.draw(chosen, rng)
        inputs = task.train.moved(inputs, settings.shift, rng) if settings.shift else inputs
        inputs = task.train.stretched(inputs, settings.stretch, rng) if settings.stretch else inputs
        inputs = task.train.warped(inputs, settings.warp, rng) if settings.warp else inputs
        inputs = task.train.turned(inputs, settings.turn, rng) if settings.turn else inputs
        x, labels = real(task, inputs), torch.from_numpy(labels)
        optimiser.zero_grad()
        loss = cross_entropy(network(x), labels)
        loss.backward()
        total += loss.item()
        if settings.clip:
            torch.nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
        optimiser.step()
        if settings.stages:
            network.stages.settle()
        if settings.signs is Signs.FLIPS:
            flips += flip_where_better(network, x, labels, index, epoch / settings.epochs)
        on_step()
    return total / len(batches), flips


def _validate(network, task, settings):
    """(float, integer) percent on validation."""
    sequences = task.validation
    model = to_model(network, task, settings, CALIBRATED)
    count = len(sequences) if settings.folds else VALIDATED  # sequences lie person by person
    run = golden.run(model, integers(task, sequences.inputs[:count]))
    return float_score(network, task, sequences)[0], percent(run.outputs, sequences.labels[:count])


def _set_grids(network, task, settings):
    """The values that the state can hold, as the integers of the present parameters would have it."""
    model = to_model(network, task, settings, CALIBRATED)
    unit = 1.0 if task.vocabulary else task.scale
    for layer, part in zip(network.layers, model.layers):
        step = unit * quantize_codes(layer.input_weight.detach().numpy(), layer.bits)[1] * 2.0**-part.state.frac
        layer.grid = StateGrid(step, step * (part.state.maximum + 1))
        unit = step  # a layer above counts in this one's integers
