# SPDX-License-Identifier: BSD-2-Clause
"""Training of a baseline: the same splits and batches, each rate in turn, the best on validation, one look at the test set."""

import copy
import time
from dataclasses import dataclass

import numpy as np
import torch

from hadam_hw.errors import DataError
from hadam_hw.train.baselines.networks import KINDS
from hadam_hw.train.export import cross_entropy, float_score, real

#: Gradients of gated networks burst now and then; their norm is cut here.
LARGEST_GRADIENT = 1.0


@dataclass(frozen=True)
class Budget:
    """What a training may spend, the same for every kind: each of ``lrs`` is trained for ``epochs``."""

    epochs: int = 20
    batch: int = 100
    lrs: tuple[float, ...] = (1e-3, 3e-3, 1e-2)
    noise: float = 0.0
    dropout: float = 0.0
    leak: int = 0
    seed: int = 0


def train(task, kind, width, budget, on_epoch=lambda lr, epoch, loss, score: None):
    """Trains and returns a record: scores in percent, bytes, seconds, and what decided them.

    The rate and the epoch are those of the best validation score; only their network sees the test set.

    Raises
    ------
    DataError
        If the task has tokens, or a label at every step.
    """
    if task.format is None or task.every_step:
        raise DataError(f"Task {task.name} must have vector inputs and one label a sequence for a baseline; "
                        "har, dsa-random, ecg, digits and keywords have")
    start = time.monotonic()
    torch.set_num_threads(1)  # small matrices: a second thread costs more than it gains
    best = (-1.0, None, None)
    for lr in budget.lrs:
        score, network = _train_at(task, kind, width, budget, lr, on_epoch)
        if score > best[0]:
            best = (score, network, lr)
    validation, network, lr = best
    return {"task": task.name, "kind": kind, "width": width, "bytes": network.model_bytes, "epochs": budget.epochs,
            "batch": budget.batch, "lrs": list(budget.lrs), "lr": lr, "noise": budget.noise, "dropout": budget.dropout,
            "leak": budget.leak, "validation": validation, "test": float_score(network, task, task.test)[0],
            "seconds": round(time.monotonic() - start, 1), "seed": budget.seed}


def _train_at(task, kind, width, budget, lr, on_epoch):
    """(best validation score, network of that epoch) of one rate."""
    torch.manual_seed(budget.seed)
    network = KINDS[kind](task.format.size, width, len(task.classes), budget.leak)
    optimiser = torch.optim.Adam(network.parameters(), lr=lr)
    batches = -(-len(task.train) // budget.batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, budget.epochs * batches)
    best = (-1.0, network)
    for epoch in range(budget.epochs):
        rng = np.random.default_rng([budget.seed, 3, epoch])
        total = 0.0
        for chosen in np.array_split(rng.permutation(len(task.train)), batches):
            inputs, labels = task.train.draw(chosen, rng)
            x = real(task, inputs)
            x = x + budget.noise * torch.randn_like(x) if budget.noise else x
            loss = cross_entropy(network(x, budget.dropout), torch.from_numpy(labels))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
            optimiser.step()
            schedule.step()
            total += loss.item()
        score = float_score(network, task, task.validation)[0]
        if score > best[0]:
            best = (score, copy.deepcopy(network))
        on_epoch(lr, epoch + 1, total / batches, score)
    return best

