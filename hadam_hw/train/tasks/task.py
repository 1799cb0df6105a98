# SPDX-License-Identifier: BSD-2-Clause
"""What a task is: its sequences, and how their integers are meant."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.input import Input
from hadam_hw.model import InputFormat


@dataclass(frozen=True, eq=False)
class Sequences:
    """Integer inputs [sequences, steps, d_in] and their labels: [sequences], or [sequences, steps] where every step has one.

    Inputs are kept in the narrowest type that holds them; batches are cast by whoever computes with them.

    ``follows[i]`` says that sequence ``i + 1`` begins in the middle of sequence ``i`` and goes on after it, so that windows
    can be cut anew between them; None where sequences stand alone. ``groups[i]`` is whose sequence ``i`` is, a person or a
    speaker, below 0 where it is nobody's; None where that is not known.
    """

    inputs: np.ndarray
    labels: np.ndarray
    follows: np.ndarray | None = None
    groups: np.ndarray | None = None

    def __len__(self):
        return len(self.labels)

    def part(self, kept):
        """Those sequences for which ``kept`` bool [sequences] is true, in their order."""
        follows = None
        if self.follows is not None:  # only where the next one is kept as well
            follows = (self.follows & np.append(kept[1:], False))[kept]
        groups = None if self.groups is None else self.groups[kept]
        return replace(self, inputs=self.inputs[kept], labels=self.labels[kept], follows=follows, groups=groups)

    def joined(self, other):
        """These sequences, and behind them those of ``other``."""
        def both(name):
            parts = getattr(self, name), getattr(other, name)
            return None if parts[0] is None else np.concatenate(parts)

        return replace(self, **{name: both(name) for name in ("inputs", "labels", "follows", "groups")})

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

    def draw(self, chosen, rng=None):
        """(inputs, labels) of the chosen sequences, the inputs as of :meth:`batch`."""
        return self.batch(chosen, rng), self.labels[chosen]

    def moved(self, inputs, most, rng):
        """``inputs`` [k, steps, d], each moved in time by up to ``most`` steps to and fro, 0 where it came from."""
        by = rng.integers(-most, most, len(inputs), endpoint=True)
        return np.stack([shifted(one, k) for one, k in zip(inputs, by, strict=True)])

    def turned(self, inputs, degrees, rng):
        """Raises a DataError: only channels that are axes can be turned (:class:`hadam_hw.train.tasks.worn.Worn`)."""
        raise DataError("turn must be 0 but where three channels are a worn sensor's axes, named as acc_x, acc_y and acc_z")


@dataclass(frozen=True, eq=False, kw_only=True)
class Pictures(Sequences):
    """Pictures whose pixels [rows * columns] come in the order ``order``: they are moved up, down, left and right."""

    rows: int
    order: np.ndarray

    def moved(self, inputs, most, rng):
        """``inputs`` [k, steps, 1], each picture moved by up to ``most`` pixels in both directions, 0 where it came from."""
        pixels = np.zeros_like(inputs)
        pixels[:, self.order] = inputs
        pictures = pixels.reshape(len(inputs), self.rows, -1)
        by = rng.integers(-most, most, (len(inputs), 2), endpoint=True)
        pictures = np.stack([shifted(shifted(one, down).T, right).T for one, (down, right) in zip(pictures, by, strict=True)])
        return pictures.reshape(inputs.shape)[:, self.order]


def shifted(values, by):
    """``values`` moved by ``by`` along its first axis, 0 where they came from."""
    moved = np.zeros_like(values)
    if by >= 0:
        moved[by:] = values[:len(values) - by]
    else:
        moved[:by] = values[-by:]
    return moved


@dataclass(frozen=True, eq=False, kw_only=True)
class Generated(Sequences):
    """Sequences made when they are drawn, never the same twice; ``count`` of them are called an epoch.

    ``make(count, rng)`` returns (inputs, labels). Only ``rng`` decides what is drawn, so a trainer that seeds it by seed, epoch
    and batch sees the same again after a kill. ``inputs`` and ``labels`` are a fixed sample of a few, for calibration.
    """

    count: int
    make: Callable

    def __len__(self):
        return self.count

    def part(self, kept):
        """Raises a DataError: sequences that are made when they are drawn cannot be parted."""
        raise DataError("folds must be 0 for tasks whose sequences are made while training")

    joined = part

    def batch(self, chosen, rng=None):
        """The inputs of :meth:`draw`."""
        return self.draw(chosen, rng)[0]

    def draw(self, chosen, rng=None):
        """(inputs, labels) of ``len(chosen)`` new sequences; without ``rng``, ``chosen`` is the seed."""
        return self.make(len(chosen), np.random.default_rng(np.asarray(chosen)) if rng is None else rng)


@dataclass(frozen=True, eq=False)
class Task:
    """A task's data and how its integers are meant: ``x = X * scale``.

    Parameters
    ----------
    name : str
    train, validation, test : Sequences
    format : InputFormat or None
        None where the inputs are tokens.
    scale : float
    classes : tuple of str
    split : str
        One sentence: what the test set is, and where validation comes from.
    vocabulary : int
        0, or how many tokens there are: the inputs are then [sequences, steps, 1] of token numbers, 0 being padding.
    every_step : bool
        Whether every step has a label, and not the sequence.
    input : Input, optional
        What made the integers of what was measured.
    measured : callable, optional
        ``measured()`` returns the test set as it was measured: what ``input.encode`` makes the test's integers of, in their
        order.
    """

    name: str
    train: Sequences
    validation: Sequences
    test: Sequences
    format: InputFormat | None
    scale: float
    classes: tuple[str, ...]
    split: str
    vocabulary: int = 0
    every_step: bool = False
    input: Input | None = None
    measured: Callable | None = None

    def __post_init__(self):
        for part in ("train", "validation", "test"):
            labels = getattr(self, part).labels
            if not len(labels) or labels.min() < 0 or labels.max() >= len(self.classes):
                raise DataError(f"Task {self.name}'s {part} part must have sequences with classes below {len(self.classes)}; "
                                "the data are too few or damaged")

    def whole(self):
        """The task with all that is not test in training; validation, then a part of it, says nothing any more."""
        return replace(self, train=self.train.joined(self.validation))

    def folds(self, count, rng):
        """The task ``count`` times over, each with another part of the training persons (or speakers) in validation.

        Where groups are not known, or a sequence is nobody's, each sequence is a group of its own.

        Parameters
        ----------
        count : int
            2 or more.
        rng : numpy.random.Generator
            Deals groups out to the folds.

        Raises
        ------
        DataError
            If there are fewer groups than folds.
        """
        whole = self.train.joined(self.validation)
        groups = np.full(len(whole), -1) if whole.groups is None else whole.groups.astype(np.int64)
        groups = np.where(groups < 0, groups.max(initial=-1) + 1 + np.arange(len(groups)), groups)
        names, groups = np.unique(groups, return_inverse=True)
        if not 2 <= count <= len(names):
            raise DataError(f"folds must be between 2 and the {len(names)} groups of task {self.name}'s training part, "
                            f"not {count}")
        fold = (rng.permutation(len(names)) % count)[groups]
        return [replace(self, train=whole.part(fold != k), validation=whole.part(fold == k)) for k in range(count)]
