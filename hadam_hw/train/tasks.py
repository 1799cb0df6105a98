# SPDX-License-Identifier: BSD-2-Clause
"""The tasks: integer sequences as the hardware gets them, cut into training, validation and test."""

from dataclasses import dataclass

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.model import InputFormat
from hadam_hw.train.data import data_folder, fetch, read_idx, read_npz_xz

#: The paper's permutation of the pixels (HadamRNN, reference code).
PERMUTATION_SEED = 92916
#: One training set in this many parts is kept for validation.
VALIDATION_PART = 12
#: HAR: integer steps per standard deviation of a channel; 8 bits then hold more than 5 deviations.
HAR_STEPS = 24
HAR_CLASSES = ("walking", "walking_upstairs", "walking_downstairs", "sitting", "standing", "laying")


@dataclass(frozen=True, eq=False)
class Sequences:
    """Integer inputs [sequences, steps, d_in] and their labels [sequences].

    ``follows[i]`` says that sequence ``i + 1`` begins in the middle of sequence ``i`` and goes on after it, so that windows
    can be cut anew between them; None where sequences stand alone.
    """

    inputs: np.ndarray
    labels: np.ndarray
    follows: np.ndarray | None = None

    def __len__(self):
        return len(self.labels)

    def batch(self, chosen, rng=None):
        """The inputs of the chosen sequences; with ``rng``, windows cut at random where ``follows`` allows it."""
        inputs = self.inputs[chosen]
        if rng is None or self.follows is None:
            return inputs
        inputs = inputs.copy()
        half = inputs.shape[1] // 2
        for k, index in enumerate(chosen):
            offset = rng.integers(half)
            if offset and self.follows[index]:
                inputs[k] = np.concatenate([self.inputs[index, offset:], self.inputs[index + 1, half:half + offset]])
        return inputs


@dataclass(frozen=True, eq=False)
class Task:
    """A task's data and how its integers are meant: ``x = X * scale``."""

    name: str
    train: Sequences
    validation: Sequences
    test: Sequences
    format: InputFormat
    scale: float
    classes: tuple[str, ...]
    split: str


def load_task(name, folder=None, seed=0):
    """The task ``name``: ``pmnist``, ``smnist`` or ``har``. ``seed`` chooses what is kept for validation.

    Raises
    ------
    DataError
        If there is no such task, or its data are missing or damaged.
    """
    if name not in TASKS:
        raise DataError(f"Task must be one of {', '.join(sorted(TASKS))}, not {name!r}")
    return TASKS[name](data_folder(folder), np.random.default_rng([seed, 1]))


def _mnist(name, order):
    def load(folder, rng):
        arrays = [read_idx(fetch(folder, f"mnist/{part}-ubyte.gz"))
                  for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")]
        images = [part.reshape(len(part), -1, 1) for part in (arrays[0], arrays[2])]
        if order is not None:
            images = [part[:, order(part.shape[1])] for part in images]
        chosen = rng.permutation(len(images[0]))
        kept = len(chosen) // VALIDATION_PART
        parts = [Sequences(images[0][part], arrays[1][part].astype(np.int64)) for part in (chosen[kept:], chosen[:kept])]
        return Task(name, *parts, Sequences(images[1], arrays[3].astype(np.int64)), InputFormat(1, 8, False), 1 / 255,
                    tuple("0123456789"), "official test set; validation cut at random from the training set")
    return load


def _har(folder, rng):
    arrays = read_npz_xz(fetch(folder, "uci_har/uci_har_int16.npz.xz"))
    raw = arrays["X_train"].astype(np.float64)
    mean, deviation = raw.mean(axis=(0, 1)), raw.std(axis=(0, 1))

    def integers(windows):
        return np.clip(np.rint((windows - mean) / deviation * HAR_STEPS), -128, 127).astype(np.int64)

    people = rng.permutation(np.unique(arrays["subject_train"]))
    kept = np.isin(arrays["subject_train"], people[:max(1, len(people) // 5)])

    def part(chosen):
        inputs = integers(arrays["X_train"][chosen])
        half = inputs.shape[1] // 2
        follows = np.array([k + 1 < len(inputs) and np.array_equal(inputs[k, half:], inputs[k + 1, :half])
                            for k in range(len(inputs))])
        return Sequences(inputs, arrays["y_train"][chosen].astype(np.int64), follows)

    test = Sequences(integers(arrays["X_test"]), arrays["y_test"].astype(np.int64))
    return Task("har", part(~kept), part(kept), test, InputFormat(raw.shape[2], 8, True), 1 / HAR_STEPS, HAR_CLASSES,
                "official test set, nine unseen persons; validation on a fifth of the training persons")


TASKS = {
    "pmnist": _mnist("pmnist", lambda size: np.random.RandomState(PERMUTATION_SEED).permutation(size)),
    "smnist": _mnist("smnist", None),
    "har": _har,
}
