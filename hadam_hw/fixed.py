# SPDX-License-Identifier: BSD-2-Clause
"""Fixed-point numbers: widths, the one rounding and the one saturation (docs/numerics.md)."""

from dataclasses import dataclass
from enum import Enum
from typing import SupportsInt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hadam_hw.checks import as_integer, as_member, assign
from hadam_hw.errors import ModelError

#: int64 leaves room for a few bits of growth above these.
MAX_WIDTH = 32
MAX_FRAC = 32


class Rounding(Enum):
    """What ``round_shift`` does with the bits it drops."""

    FLOOR = "floor"
    HALF_UP = "half-up"
    HALF_EVEN = "half-even"


@dataclass(frozen=True)
class FixedPoint:
    """A signed word of ``width`` bits; the integer ``Z`` stands for ``Z * 2**-frac`` units. ``frac`` may be negative.

    Raises
    ------
    ModelError
        If ``width`` is not an integer between 2 and 32 or ``frac`` not one between -32 and 32.
    """

    width: int
    frac: int

    def __post_init__(self) -> None:
        assign(self, width=as_integer("State width", self.width), frac=as_integer("State fraction", self.frac))
        if not 2 <= self.width <= MAX_WIDTH:
            raise ModelError(f"State width must be between 2 and {MAX_WIDTH} bits, not {self.width}")
        if not -MAX_FRAC <= self.frac <= MAX_FRAC:
            raise ModelError(f"State fraction must be between {-MAX_FRAC} and {MAX_FRAC} bits, not {self.frac}")

    @property
    def minimum(self) -> int:
        """The least integer."""
        return -(1 << (self.width - 1))

    @property
    def maximum(self) -> int:
        """The greatest integer."""
        return (1 << (self.width - 1)) - 1


def round_shift(values: ArrayLike, shift: int, rounding: Rounding | str) -> NDArray:
    """``values * 2**-shift`` rounded to integers; ``shift = 0`` is the identity. int32 stays int32, all else is int64.

    ``FLOOR``: ``floor(v / 2**k)``; ``HALF_UP``: ``floor((v + 2**(k-1)) / 2**k)``, so ties go towards +infinity;
    ``HALF_EVEN``: to nearest, ties to the even neighbour.

    Raises
    ------
    ModelError
        If ``shift`` is negative, or ``rounding`` neither a :class:`Rounding` nor its word.
    """
    words = np.asarray(values)
    if words.dtype != np.int32:
        words = words.astype(np.int64, copy=False)
    if shift < 0:
        raise ModelError(f"Shift must be 0 or more bits, not {shift}")
    rounding = as_member(Rounding, rounding)
    if not shift:
        return words
    if rounding is Rounding.FLOOR:
        return words >> shift
    rounded = (words + words.dtype.type(1 << (shift - 1))) >> shift
    if rounding is Rounding.HALF_UP:
        return rounded
    tie = words & ((1 << shift) - 1) == 1 << (shift - 1)
    return rounded - (tie & (rounded & 1 == 1))


def saturate(values: ArrayLike, width: int) -> NDArray:
    """``values`` clamped to ``[-2**(width-1), 2**(width-1) - 1]``."""
    return np.clip(values, -(1 << (width - 1)), (1 << (width - 1)) - 1)


def signed_width(low: SupportsInt, high: SupportsInt) -> int:
    """The bits of the narrowest two's complement word that holds both integers."""
    ends = int(low), int(high)
    return 1 + max((end if end >= 0 else ~end).bit_length() for end in ends)
