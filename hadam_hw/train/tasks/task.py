# SPDX-License-Identifier: BSD-2-Clause
"""What a task is: its sequences, and how their integers are meant."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.input import Input
from hadam_hw.model import InputFormat

#: Pictures that are warped at once.
_PORTION = 1000


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

    def stretched(self, inputs, deviation, rng):
        """``inputs`` [k, steps, d], each faster or slower about its middle: by 1, and a normal number of ``deviation``.

        What a faster one lacks is mirrored at its ends; between two steps it is a straight line.
        """
        count, steps, _ = inputs.shape
        last, factors = steps - 1, 1 + deviation * rng.normal(size=(count, 1))
        places = np.abs((np.arange(steps) - last / 2) * factors + last / 2)
        places = last - np.abs(last - places % (2 * last)) if last else np.zeros_like(places)
        before = np.minimum(places.astype(np.int64), max(0, last - 1))
        sequences, share = np.arange(count)[:, None], (places - before)[..., None]
        between = inputs[sequences, before] * (1 - share) + inputs[sequences, np.minimum(before + 1, last)] * share
        return np.rint(between).astype(inputs.dtype)

    def turned(self, inputs, degrees, rng):
        """Raises a DataError: only channels that are axes can be turned (:class:`hadam_hw.train.tasks.worn.Worn`)."""
        raise DataError("turn must be 0 but where three channels are a worn sensor's axes, named as acc_x, acc_y and acc_z")

    def warped(self, inputs, deviation, rng):
        """Raises a DataError: only pictures can be turned, stretched and sheared (:class:`Pictures`)."""
        raise DataError("warp must be 0 but for the tasks smnist, pmnist and fashion, whose sequences are pictures")


@dataclass(frozen=True, eq=False, kw_only=True)
class Pictures(Sequences):
    """Pictures whose pixels [rows * columns] come in the order ``order``: they are moved up, down, left and right,
    and warped."""

    rows: int
    order: np.ndarray

    def moved(self, inputs, most, rng):
        """``inputs`` [k, steps, 1], each picture moved by up to ``most`` pixels in both directions, 0 where it came from."""
        by = rng.integers(-most, most, (len(inputs), 2), endpoint=True)
        return self._sequences(np.stack([
            shifted(shifted(one, down).T, right).T for one, (down, right) in zip(self._pictures(inputs), by, strict=True)]))

    def stretched(self, inputs, deviation, rng):
        """Raises a DataError: pictures are stretched by :meth:`warped`."""
        raise DataError("stretch must be 0 where sequences are pictures, which warp stretches")

    def warped(self, inputs, deviation, rng):
        """``inputs`` [k, steps, 1], each picture turned, stretched and sheared about its middle, 0 where it came from.

        A pixel is taken from where a 2 x 2 matrix puts it, between four pixels: the unit matrix, and normal numbers of
        ``deviation`` added to each of its elements.
        """
        matrices = np.eye(2, dtype=np.float32) + deviation * rng.normal(size=(len(inputs), 2, 2)).astype(np.float32)
        pictures = self._pictures(inputs)
        warped = [_mapped(pictures[k:k + _PORTION], matrices[k:k + _PORTION]) for k in range(0, len(inputs), _PORTION)]
        return self._sequences(np.concatenate(warped).astype(inputs.dtype))

    def _pictures(self, inputs):
        """[k, rows, columns] of ``inputs`` [k, steps, 1]."""
        pixels = np.zeros_like(inputs)
        pixels[:, self.order] = inputs
        return pixels.reshape(len(inputs), self.rows, -1)

    def _sequences(self, pictures):
        """The inverse of :meth:`_pictures`."""
        return pictures.reshape(len(pictures), -1, 1)[:, self.order]


def _mapped(pictures, matrices):
    """float32 [k, rows, columns]: each of ``pictures`` taken from where one of ``matrices`` [k, 2, 2] puts its pixels."""
    count, *size = pictures.shape
    middle = (np.array(size, np.float32)[:, None] - 1) / 2
    places = np.indices(size, np.float32).reshape(2, -1) - middle
    # a frame of zeros is all that is outside
    places = np.clip(matrices @ places + middle, -1, np.array(size, np.float32)[:, None]) + 1
    whole = np.minimum(places.astype(np.int32), np.array(size)[:, None])
    down, right = np.moveaxis(places - whole, 1, 0)
    framed = np.pad(pictures, ((0, 0), (1, 1), (1, 1))).reshape(count, -1)
    columns = size[1] + 2
    first = whole[:, 0] * columns + whole[:, 1]

    def taken(offset):
        return np.take_along_axis(framed, first + offset, 1)

    above = taken(0) * (1 - right) + taken(1) * right
    below = taken(columns) * (1 - right) + taken(columns + 1) * right
    return np.rint(above * (1 - down) + below * down).reshape(pictures.shape)


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
