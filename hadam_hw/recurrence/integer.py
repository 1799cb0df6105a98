# SPDX-License-Identifier: BSD-2-Clause
"""Matrices without structure, of small integers: their additions are found by sharing."""

from dataclasses import dataclass

import numpy as np

from hadam_hw.checks import as_array, as_integer, assign, frozen
from hadam_hw.errors import ModelError
from hadam_hw.fixed import signed_width
from hadam_hw.recurrence.base import MAX_SIZE, Recurrence


@dataclass(frozen=True, eq=False)
class Integer(Recurrence):
    """Any matrix of small integers, times ``multiplier * 2**-shift_bits``.

    Parameters
    ----------
    entries : int8 [size, size]
        -128 to 127 each.
    multiplier : int
        1 to 255; few signed digits cost few adders.
    shift_bits : int
        0 to 30.

    Raises
    ------
    ModelError
    """

    kind = "integer"
    #: The entries that there may be, and how an error names them.
    least, most, _range = -128, 127, "integers of -128 to 127"

    entries: np.ndarray
    multiplier: int = 1
    shift_bits: int = 0

    def __post_init__(self):
        assign(self, multiplier=as_integer("Multiplier", self.multiplier),
               shift_bits=as_integer("Scale shift", self.shift_bits))
        matrix = as_array("Recurrent matrix", self.entries)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not 1 <= len(matrix) <= MAX_SIZE:
            raise ModelError(f"Recurrent matrix must be square, at most {MAX_SIZE} units, not of shape {matrix.shape}")
        if not ((self.least <= matrix) & (matrix <= self.most) & (matrix == np.floor(matrix))).all():
            raise ModelError(f"Recurrent matrix must hold only {self._range}")
        if not 1 <= self.multiplier <= 255:
            raise ModelError(f"Multiplier must be between 1 and 255, not {self.multiplier}")
        if not 0 <= self.shift_bits <= 30:
            raise ModelError(f"Scale shift must be between 0 and 30 bits, not {self.shift_bits}")
        assign(self, entries=frozen(matrix, np.int8))
        if np.isin(matrix, (-1, 0, 1)).all():  # equal matrices are equal files
            assign(self, kind=Ternary.kind, schema=Ternary.schema)

    @property
    def size(self):
        """Units n."""
        return len(self.entries)

    def shift(self, phase):
        """``k_0``: the right shift that scales a step."""
        return self.shift_bits

    @property
    def entry_bits(self):
        """Bits of an entry: 1 where all are -1 or 1, else those of the narrowest signed word, 2 at least."""
        if (np.abs(self.entries.astype(np.int64)) == 1).all():
            return 1
        return max(2, signed_width(self.entries.min(), self.entries.max()))

    @property
    def bits(self):
        """:attr:`entry_bits` an entry."""
        return self.entries.size * self.entry_bits

    @property
    def words(self):
        """Binary, ternary or the bits of an entry, and the scale."""
        kind = "binary" if self.entry_bits == 1 else self.kind if self.schema == 1 else f"integers of {self.entry_bits} bits"
        return f"{kind}, times {self.multiplier} / 2**{self.shift_bits}"

    def header(self):
        """Multiplier and shift."""
        return {"multiplier": self.multiplier, "shift_bits": self.shift_bits}

    def arrays(self):
        """The matrix."""
        return {"recurrent": self.entries}

    @classmethod
    def parse(cls, header, arrays):
        """The recurrence that a file holds."""
        return cls(arrays["recurrent"], **header)

    def dense(self):
        """``R = multiplier * entries``."""
        return self.multiplier * self.entries.astype(np.int64)

    @property
    def adders(self):
        """What the densest sharing that was measured leaves: one for six entries of random binary matrices."""
        return max(super().adders, np.count_nonzero(self.entries) // 6)


class Ternary(Integer):
    """:class:`Integer` with entries of -1, 0 and 1 only; binary if it has no 0. Files of schema 1 can say it."""

    kind = "ternary"
    schema = 1
    least, most, _range = -1, 1, "-1, 0 and 1"
