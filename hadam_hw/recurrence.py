# SPDX-License-Identifier: BSD-2-Clause
"""The recurrent matrices that hardware has almost for nothing: ``s R`` with ``R`` of small integers.

``Hadamard`` is the recurrence of HadamRNN and Block-HadamRNN (ICLR 2025, arXiv 2502.00047): ``R = diag(u) H``, the signs
on the outputs of the transform, ``H`` the Sylvester matrix in natural order, full or block-diagonal, ``s = 1/sqrt(block)``;
with a leak it forgets: ``s = (1 - 2**-leak)/sqrt(block)``, which costs an adder a unit.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hadam_hw.checks import as_array, as_integer, assign, frozen
from hadam_hw.errors import ModelError

MAX_SIZE = 4096
MAX_LEAK = 12


@dataclass(frozen=True, eq=False)
class Hadamard:
    """``diag(signs) kron(I, H_block)`` of ``size`` units, scaled by ``1/sqrt(block)``, or by a little less.

    Parameters
    ----------
    size : int
        Units n, at most 4096.
    block : int
        A power of two from 2 on that divides ``size``; ``block = size`` is the full HadamRNN.
    signs : int8 [size]
        -1 or +1 each.
    leak : int
        0 for the orthogonal recurrence of the paper; else a step shrinks the state by ``1 - 2**-leak`` besides, so that it
        forgets within some ``2**leak`` steps. At most 12.

    Raises
    ------
    ModelError
    """

    size: int
    block: int
    signs: np.ndarray
    leak: int = 0

    def __post_init__(self):
        assign(self, size=as_integer("Size", self.size), block=as_integer("Block", self.block),
               leak=as_integer("Leak", self.leak))
        if not 2 <= self.size <= MAX_SIZE:
            raise ModelError(f"Size must be between 2 and {MAX_SIZE} units, not {self.size}")
        if self.block < 2 or self.block & (self.block - 1) or self.size % self.block:
            raise ModelError(f"Block must be a power of two that divides the size {self.size}, not {self.block}")
        signs = as_array("Signs", self.signs)
        if signs.shape != (self.size,) or not np.isin(signs, (-1, 1)).all():
            raise ModelError(f"Signs must be {self.size} values of -1 or 1; choose a sign wherever there is a 0")
        if not 0 <= self.leak <= MAX_LEAK:
            raise ModelError(f"Leak must be between 0 and {MAX_LEAK}, not {self.leak}")
        assign(self, signs=frozen(signs, np.int8))

    @property
    def multiplier(self):
        """The integer that every row is multiplied by: ``2**leak - 1``, or 1 without a leak."""
        return (1 << self.leak) - 1 if self.leak else 1

    @property
    def log2_block(self):
        """q, the levels of butterflies."""
        return self.block.bit_length() - 1

    @property
    def phases(self):
        """1 if ``1/sqrt(block)`` is a power of two, else 2: then two steps together are one."""
        return 1 + self.log2_block % 2

    def shift(self, phase):
        """``k_p``: the right shift that scales a step of phase ``phase``."""
        return self.leak + (self.log2_block // 2 if phase else (self.log2_block + 1) // 2)

    def matrix(self):
        """``R``, the multiplier included, as int64 [size, size]."""
        block = np.ones((1, 1), dtype=np.int64)
        while len(block) < self.block:
            block = np.kron(block, np.array([[1, 1], [1, -1]]))
        rows = self.multiplier * self.signs.astype(np.int64)
        return rows[:, None] * np.kron(np.eye(self.size // self.block, dtype=np.int64), block)

    def apply(self, state):
        """``R Z`` along the last axis, int64, by the fast Walsh-Hadamard transform."""
        state = np.asarray(state, dtype=np.int64)
        half = 1
        while half < self.block:
            pairs = state.reshape(*state.shape[:-1], -1, 2, half)
            low, high = pairs[..., 0, :], pairs[..., 1, :]
            state = np.stack([low + high, low - high], axis=-2).reshape(state.shape)
            half *= 2
        return state * self.signs * self.multiplier

    @property
    def gain(self):
        """The greatest sum of absolute values of a row of ``R``."""
        return self.block * self.multiplier


@dataclass(frozen=True, eq=False)
class Ternary:
    """Any matrix of -1, 0 and 1, times ``multiplier * 2**-shift_bits``; binary if it has no 0.

    Parameters
    ----------
    ternary : int8 [size, size]
    multiplier : int
        1 to 255; few signed digits cost few adders.
    shift_bits : int
        0 to 30.

    Raises
    ------
    ModelError
    """

    ternary: np.ndarray
    multiplier: int = 1
    shift_bits: int = 0

    phases = 1

    def __post_init__(self):
        assign(self, multiplier=as_integer("Multiplier", self.multiplier),
               shift_bits=as_integer("Scale shift", self.shift_bits))
        matrix = as_array("Recurrent matrix", self.ternary)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not 1 <= len(matrix) <= MAX_SIZE:
            raise ModelError(f"Recurrent matrix must be square, at most {MAX_SIZE} units, not of shape {matrix.shape}")
        if not np.isin(matrix, (-1, 0, 1)).all():
            raise ModelError("Recurrent matrix must hold only -1, 0 and 1")
        if not 1 <= self.multiplier <= 255:
            raise ModelError(f"Multiplier must be between 1 and 255, not {self.multiplier}")
        if not 0 <= self.shift_bits <= 30:
            raise ModelError(f"Scale shift must be between 0 and 30 bits, not {self.shift_bits}")
        assign(self, ternary=frozen(matrix, np.int8))

    @property
    def size(self):
        """Units n."""
        return len(self.ternary)

    def shift(self, phase):
        """``k_0``: the right shift that scales a step."""
        return self.shift_bits

    def matrix(self):
        """``R = multiplier * ternary`` as int64 [size, size]."""
        return self.multiplier * self.ternary.astype(np.int64)

    def apply(self, state):
        """``R Z`` along the last axis, int64."""
        return np.asarray(state, dtype=np.int64) @ self.matrix().T

    @cached_property
    def gain(self):
        """The greatest sum of absolute values of a row of ``R``."""
        return int(np.abs(self.matrix()).sum(axis=1).max())


Recurrence = Hadamard | Ternary
