# SPDX-License-Identifier: BSD-2-Clause
"""Pictures, one pixel a step: MNIST in rows or permuted, and Fashion-MNIST in rows."""

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.model import InputFormat
from hadam_hw.train.data import fetch, read_idx
from hadam_hw.train.tasks.task import Pictures, Sequences, Task

#: The paper's permutation of the pixels (HadamRNN, reference code).
PERMUTATION_SEED = 92916
#: One training set in this many parts is kept for validation.
VALIDATION_PART = 12
FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
GARMENTS = ("t_shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle_boot")


def permuted(size):
    """The paper's order of ``size`` pixels."""
    return np.random.RandomState(PERMUTATION_SEED).permutation(size)


def load_mnist(name, folder, rng, order=None):
    """MNIST; ``order(size)`` gives the pixels' order, None leaves them row by row."""
    return _pictures(name, [fetch(folder, f"mnist/{part}-ubyte.gz") for part in FILES], rng, tuple("0123456789"), order)


def load_fashion(name, folder, rng):
    """Fashion-MNIST, row by row."""
    return _pictures(name, [fetch(folder, f"fashion-mnist/{part}-ubyte.gz", f"fashion-mnist/{part}-ubyte.xz")
                            for part in FILES], rng, GARMENTS, None)


def _pictures(name, paths, rng, classes, order):
    arrays = [read_idx(path) for path in paths]
    for images, labels, path in ((*arrays[:2], paths[1]), (*arrays[2:], paths[3])):
        if images.ndim != 3 or labels.shape != images.shape[:1] or labels.max(initial=0) >= len(classes):
            raise DataError(f"Data file {path} must hold a class below {len(classes)} for each picture of the file beside it")
    rows, size = arrays[0].shape[1], arrays[0][0].size
    pixels = np.arange(size) if order is None else order(size)
    images = [part.reshape(len(part), -1, 1)[:, pixels] for part in (arrays[0], arrays[2])]
    chosen = rng.permutation(len(images[0]))
    kept = len(chosen) // VALIDATION_PART
    parts = [Pictures(images[0][part], arrays[1][part].astype(np.int64), rows=rows, order=pixels)
             for part in (chosen[kept:], chosen[:kept])]
    return Task(name, *parts, Sequences(images[1], arrays[3].astype(np.int64)), InputFormat(1, 8, False), 1 / 255, classes,
                "official test set; validation cut at random from the training set")
