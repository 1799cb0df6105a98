# SPDX-License-Identifier: BSD-2-Clause
"""The length rule: what becomes of a sequence that is shorter or longer than those of the training."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from hadam_hw.checks import as_integer_between, as_member, assign
from hadam_hw.errors import ModelError

MAX_STEPS = 1 << 20


class Padding(Enum):
    """Where a shorter sequence gets steps of the code 0: it is refused, or before its first step, or after its last."""

    NONE = "none"
    FRONT = "front"
    BACK = "back"


class Crop(Enum):
    """Which steps of a longer sequence are kept: it is refused, or the first, the last, or those whose sum is greatest."""

    NONE = "none"
    FIRST = "first"
    LAST = "last"
    LOUDEST = "loudest"


@dataclass(frozen=True)
class LengthRule:
    """Sequences of any length where ``steps`` is None, else all of ``steps`` steps.

    Parameters
    ----------
    steps : int, optional
    padding : Padding
    crop : Crop

    Raises
    ------
    ModelError
        If a field is not what it must be.
    """

    steps: int | None = None
    padding: Padding = Padding.NONE
    crop: Crop = Crop.NONE

    def __post_init__(self):
        assign(self, padding=as_member(Padding, self.padding), crop=as_member(Crop, self.crop))
        if self.steps is None:
            if (self.padding, self.crop) != (Padding.NONE, Crop.NONE):
                raise ModelError("Length rule must have a number of steps to pad or crop to")
            return
        assign(self, steps=as_integer_between("Length rule's steps", self.steps, 1, MAX_STEPS))

    def cropped(self, vectors):
        """The steps of ``vectors`` [steps, d] that are kept. The loudest are the first of those with the greatest sum.

        Raises
        ------
        ModelError
            If there are more than the rule has and it crops none.
        """
        if self.steps is None or len(vectors) <= self.steps:
            return vectors
        if self.crop is Crop.NONE:
            raise ModelError(f"Sequence must have {self.steps} steps, not {len(vectors)}; cut it into windows")
        return vectors[self._start(vectors):][:self.steps]

    def _start(self, vectors):
        spare = len(vectors) - self.steps
        if self.crop is Crop.LOUDEST:
            sums = vectors.sum(axis=1)
            np.cumsum(sums, out=sums)  # in place, as for the differences: a long recording is many megabytes
            sums[self.steps:] -= sums[:-self.steps]
            return int(np.argmax(sums[self.steps - 1:]))
        return spare if self.crop is Crop.LAST else 0

    def padded(self, codes):
        """``codes`` [steps, d] with steps of 0 where the rule wants them.

        Raises
        ------
        ModelError
            If there are fewer than the rule has and it pads none.
        """
        missing = 0 if self.steps is None else self.steps - len(codes)
        if missing <= 0:
            return codes
        if self.padding is Padding.NONE:
            raise ModelError(f"Sequence must have {self.steps} steps, not {len(codes)}; record longer ones")
        return np.pad(codes, ((missing, 0) if self.padding is Padding.FRONT else (0, missing), (0, 0)))

    @property
    def words(self):
        """The rule for a person."""
        if self.steps is None:
            return "any length"
        shorter = {Padding.NONE: "shorter ones refused", Padding.FRONT: "shorter ones padded in front",
                   Padding.BACK: "shorter ones padded behind"}[self.padding]
        longer = {Crop.NONE: "longer ones refused", Crop.FIRST: "the first of longer ones",
                  Crop.LAST: "the last of longer ones", Crop.LOUDEST: "the loudest part of longer ones"}[self.crop]
        return f"{self.steps} steps, {shorter}, {longer}"
