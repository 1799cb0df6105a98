# SPDX-License-Identifier: BSD-2-Clause
"""Butterflies, wires and signs.

The recurrence of HadamRNN and Block-HadamRNN (ICLR 2025, arXiv 2502.00047): signs on the outputs of the transform, the
Sylvester matrix in natural order, full or block-diagonal, ``s = 1/sqrt(block)``. Wires permute the rows, which hardware has for
nothing; with a leak it forgets.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hadam_hw.checks import as_array, as_integer, as_integers, assign, frozen
from hadam_hw.errors import ModelError
from hadam_hw.recurrence.base import MAX_LEAK, MAX_SIZE, Recurrence


def turn_of(butterfly, block, log2_radix):
    """For each axis of a folded core's butterfly whether its ends change places (:mod:`rtl_gen.plan.folding`): the bits of its
    number within the block, ``log2_radix`` at a time, folded on each other."""
    inside, turn = butterfly & ((block >> log2_radix) - 1), 0
    while inside:
        turn ^= inside & ((1 << log2_radix) - 1)
        inside >>= log2_radix
    return turn


def bank_of(unit, block, log2_radix):
    """The bank of ``1 << log2_radix`` in which a folded core keeps the word of ``unit``."""
    return unit & ((1 << log2_radix) - 1) ^ turn_of(unit >> log2_radix, block, log2_radix)


@dataclass(frozen=True, eq=False)
class Hadamard(Recurrence):
    """``R[i, :] = signs[i] K[wires[i], :]`` with ``K = kron(I, H_block)``, scaled by ``1/sqrt(block)`` or a little less.

    Parameters
    ----------
    size : int
        Units n, at most 4096.
    block : int
        A power of two that divides ``size``; ``block = size`` is the full HadamRNN, ``block = 1`` is signs and wires alone.
    signs : int8 [size]
        -1 or +1 each.
    leak : int, or int64 [size]
        0 for the orthogonal recurrence of the paper; else a step shrinks the state by ``1 - 2**-leak`` besides, so that it
        forgets within some ``2**leak`` steps. At most 12. An array has one for each unit; one of equal leaks becomes an int.
    wires : int64 [size], optional
        A permutation: unit i takes row ``wires[i]`` of ``K Z``. None, the identity, is Block-HadamRNN.

    Raises
    ------
    ModelError
    """

    kind = "hadamard"

    size: int
    block: int
    signs: np.ndarray
    leak: int | np.ndarray = 0
    wires: np.ndarray | None = None

    def __post_init__(self):
        assign(self, size=as_integer("Size", self.size), block=as_integer("Block", self.block))
        if not 2 <= self.size <= MAX_SIZE:
            raise ModelError(f"Size must be between 2 and {MAX_SIZE} units, not {self.size}")
        if self.block < 1 or self.block & (self.block - 1) or self.size % self.block:
            raise ModelError(f"Block must be a power of two that divides the size {self.size}, not {self.block}")
        signs = as_array("Signs", self.signs)
        if signs.shape != (self.size,) or not np.isin(signs, (-1, 1)).all():
            raise ModelError(f"Signs must be {self.size} values of -1 or 1; choose a sign wherever there is a 0")
        assign(self, signs=frozen(signs, np.int8), leak=_leak(self.leak, self.size))
        if self.wires is not None:
            wires = as_integers("Wires", self.wires)
            if wires.shape != (self.size,) or (np.sort(wires) != np.arange(self.size)).any():
                raise ModelError(f"Wires must be a permutation of 0 to {self.size - 1}: each unit's number once")
            assign(self, wires=wires)

    @cached_property
    def leaks(self):
        """int64 [size]: the leak of each unit."""
        return frozen(np.broadcast_to(self.leak, self.size), np.int64)

    @property
    def has_one_leak(self):
        """Whether all units have the same leak, be it 0."""
        return np.ndim(self.leak) == 0

    @property
    def greatest_leak(self):
        """Lm, by which ``k_p`` is larger than without leaks."""
        return int(self.leaks.max())

    @cached_property
    def factors(self):
        """int64 [size]: what row ``wires[i]`` of ``K Z`` is multiplied by, ``signs[i]`` times the leak's
        ``2**Lm - 2**(Lm - leaks[i])``, or ``2**Lm`` where that is 0."""
        whole = 1 << self.greatest_leak
        return frozen(self.signs * (whole - np.where(self.leaks, whole >> self.leaks, 0)), np.int64)

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
        return self.greatest_leak + (self.log2_block // 2 if phase else (self.log2_block + 1) // 2)

    @property
    def schema(self):
        """Files of schema 1 hold signs and blocks of 2 or more, those of schema 3 a leak of all units."""
        return 4 if self.wires is not None or self.block == 1 or not self.has_one_leak else 3 if self.leak else 1

    @property
    def bits(self):
        """A bit a sign, a unit's number a wire, and the greatest leak's bits a leak of one unit."""
        wires = 0 if self.wires is None else (self.size - 1).bit_length()
        return self.size * (1 + wires + (0 if self.has_one_leak else self.greatest_leak.bit_length()))

    @property
    def words(self):
        """Blocks, and wires and the leak where there are any."""
        blocks = f"one block of {self.size}" if self.block == self.size else f"blocks of {self.block}"
        extras = [] if self.wires is None else ["wires"]
        if self.leaks.any():
            extras.append(f"leak {self.leak}" if self.has_one_leak else f"leaks {self.leaks.min()} to {self.leaks.max()}")
        return ", ".join(["Hadamard", blocks, *extras])

    def header(self):
        """Block, and the leak where there is one of all units: what files of schema 1 mean without it keeps their digests."""
        return {"block": self.block} | ({"leak": self.leak} if self.has_one_leak and self.leak else {})

    def arrays(self):
        """The signs, the wires where there are any, and the leaks where these differ."""
        arrays = {"recurrent": self.signs} | ({} if self.wires is None else {"wires": self.wires})
        return arrays if self.has_one_leak else arrays | {"leaks": self.leaks}

    @classmethod
    def parse(cls, header, arrays):
        """The recurrence that a file holds."""
        signs = arrays["recurrent"]
        if signs.ndim != 1:
            raise ModelError("Signs must be a vector")
        leaks = {"leak": arrays["leaks"]} if "leaks" in arrays else {}  # twice the same argument if the header has one too
        return cls(size=len(signs), signs=signs, wires=arrays.get("wires"), **header, **leaks)

    def network(self, lanes, add):
        """Butterflies, level by level, then the wires, the leaks and the signs."""
        lanes, half = list(lanes), 1
        while half < self.block:
            for low in range(self.size):
                if not low & half:
                    a, b = lanes[low], lanes[low + half]
                    lanes[low], lanes[low + half] = add(a, b), add(a, -b)
            half *= 2
        most, rows = self.greatest_leak, []
        for row, leak, sign in zip(self.rows, self.leaks.tolist(), self.signs):
            if leak > 1:
                lane = add(lanes[row] << most, -(lanes[row] << most - leak))
            else:  # nothing to take away, or one half of the whole, which is the other half
                lane = lanes[row] << most - leak
            rows.append(-lane if sign < 0 else lane)
        return rows

    @property
    def adders(self):
        """Butterflies, and one for each unit with a leak."""
        return self.size * self.log2_block + int(np.count_nonzero(self.leaks > 1))

    @property
    def foldable_block(self):
        """The block, unless leaks differ; wires are behind its butterflies."""
        return self.block if self.has_one_leak else None

    @property
    def unfoldable(self):
        """Why it does not fold."""
        if self.has_one_leak:
            return super().unfoldable
        return (f"A folded core needs one leak for all units, not leaks of {self.leaks.min()} to {self.leaks.max()}; "
                "use 'serial' for these")

    def cut(self, units, block):
        """The first units; their wires in the same order among themselves."""
        if block < 1 or units % block:
            return None
        wires = None if self.wires is None else np.argsort(np.argsort(self.wires[:units]))
        return Hadamard(units, block, self.signs[:units], self.leaks[:units], wires)

    @property
    def rows(self):
        """int64 [size]: the row of ``K Z`` that each unit takes, the wires or the identity."""
        return np.arange(self.size) if self.wires is None else self.wires

    def _block_matrix(self):
        block = np.ones((1, 1), dtype=np.int64)
        while len(block) < self.block:
            block = np.kron(block, np.array([[1, 1], [1, -1]]))
        return block

    def dense(self):
        """``R`` by the Kronecker product, the factors included."""
        blocks = np.kron(np.eye(self.size // self.block, dtype=np.int64), self._block_matrix())
        return self.factors[:, None] * blocks[self.rows]

    def apply(self, state):
        """``R Z`` along the last axis, int64, by the fast Walsh-Hadamard transform."""
        state = np.asarray(state, dtype=np.int64)
        half = 1
        while half < self.block:
            pairs = state.reshape(*state.shape[:-1], -1, 2, half)
            low, high = pairs[..., 0, :], pairs[..., 1, :]
            state = np.stack([low + high, low - high], axis=-2).reshape(state.shape)
            half *= 2
        return (state if self.wires is None else state[..., self.wires]) * self.factors

    def products(self, dtype):
        """Block by block; the wires and signs are a choice of columns and a product behind it."""
        block, factors = np.ascontiguousarray(self._block_matrix().astype(dtype)), self.factors.astype(dtype)
        width = self.block

        def product(state):
            if width > 1:
                mixed = np.empty_like(state)
                for low in range(0, self.size, width):
                    np.matmul(state[:, low:low + width], block, out=mixed[:, low:low + width])
                state = mixed
            return (state if self.wires is None else state[:, self.wires]) * factors

        return product

    def sparse(self):
        """One product a row, behind the transform."""
        return self.block, self.rows[:, None], self.factors[:, None]

    @property
    def gain(self):
        """The greatest sum of absolute values of a row of ``R``."""
        return self.block * int(np.abs(self.factors).max())


def _leak(leak, size):
    """``leak`` as an int, or as int64 [size] where units differ; a ModelError if it is neither."""
    leaks = as_integers("Leaks", leak) if hasattr(leak, "__len__") else np.array(as_integer("Leak", leak))
    if leaks.shape not in ((), (size,)):
        raise ModelError(f"Leaks must be one, or {size} in a row, not of shape {list(leaks.shape)}")
    if not (0 <= leaks.min() and leaks.max() <= MAX_LEAK):
        wrong = leaks.min() if leaks.min() < 0 else leaks.max()
        raise ModelError(f"Leak must be between 0 and {MAX_LEAK}, not {wrong}")
    return int(leaks.max()) if leaks.min() == leaks.max() else leaks
