# SPDX-License-Identifier: BSD-2-Clause
"""Scores of integers, and the sequences that a model's file carries."""

import numpy as np

from hadam_hw import golden
from hadam_hw.model import TestVectors
from hadam_hw.readout import Pooling

#: Test sequences that a model's file carries: of vectors, and of tokens or long outputs, which take more room.
VECTORS, LONG_VECTORS = 32, 4


def integers(task, inputs):
    """What the golden model takes: vectors as they are, tokens without their axis of one."""
    return inputs[..., 0] if task.vocabulary else inputs


def percent(outputs, labels):
    """Percent of right classes; where every step is labelled, of sequences that are right in all of them."""
    right = golden.classify(outputs) == labels
    return float(100 * (right.all(axis=-1) if right.ndim > 1 else right).mean())


def vectors_of(model, task, outputs):
    """Some sequences of the test set, spread over it, with their ``outputs`` among those of all."""
    long = task.vocabulary or model.pooling is Pooling.EVERY
    chosen = np.linspace(0, len(task.test) - 1, min(len(task.test), LONG_VECTORS if long else VECTORS)).astype(np.int64)
    inputs, labels = integers(task, task.test.inputs[chosen]), task.test.labels[chosen]
    return TestVectors(model.embed(inputs) if task.vocabulary else inputs,
                       outputs[chosen, -1] if model.pooling is Pooling.EVERY else outputs[chosen],
                       labels[:, -1] if task.every_step else labels)


def split_of(task, settings):
    """The sentence of the task on its split, and of what was trained on if that was not split."""
    if settings.folds:
        return f"{task.split}; epoch by {settings.folds} folds of the training part, then trained on all of it"
    return task.split + ("; trained on the whole training part, as far as an epoch that was given" if settings.until else "")
