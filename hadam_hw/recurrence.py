# SPDX-License-Identifier: BSD-2-Clause
"""The recurrent matrices that hardware has almost for nothing: ``s R`` with ``R`` of small integers.

A recurrence answers for itself: what it computes, how many bits it takes, how a file holds it, and by which additions it is
built. A kind is a subclass of :class:`Recurrence`; it is known by its ``kind`` as soon as its class exists.

``Hadamard`` is the recurrence of HadamRNN and Block-HadamRNN (ICLR 2025, arXiv 2502.00047): signs on the outputs of the
transform, the Sylvester matrix in natural order, full or block-diagonal, ``s = 1/sqrt(block)``. Wires permute the rows, which
hardware has for nothing; with a leak it forgets.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from hadam_hw.checks import as_array, as_integer, as_integers, assign, frozen
from hadam_hw.errors import ModelError

MAX_SIZE = 4096
MAX_LEAK = 12


class Recurrence(ABC):
    """An integer matrix ``R`` and the shifts that scale a step; what every kind must say of itself.

    A kind gives ``kind``, ``size``, ``bits``, ``words``, ``header``, ``arrays``, ``parse``, ``shift`` and ``dense``. Where it
    has structure it gives more: ``phases``, ``apply``, ``products``, ``network``.
    """

    #: The word for the kind in a model file.
    kind: ClassVar[str]
    #: The first schema of model files that can say this kind (:mod:`hadam_hw.form`).
    schema = 4
    #: Steps after which the state has its unit again: 1, or 2 where ``1/sqrt(block)`` is no power of two.
    phases = 1

    _kinds: ClassVar[dict[str, type]] = {}

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        Recurrence._kinds[cls.kind] = cls

    @staticmethod
    def kinds():
        """The kinds that there are, by their words in a model file."""
        return dict(Recurrence._kinds)

    @property
    @abstractmethod
    def bits(self):
        """Bits of the parameters that ``model_bytes`` counts."""

    @property
    @abstractmethod
    def words(self):
        """What a person calls the recurrence, in a few words."""

    @abstractmethod
    def header(self):
        """The scalars that define ``R``, ready for JSON; ``kind`` is added to them."""

    @abstractmethod
    def arrays(self):
        """The arrays that define ``R``, by their names in a file."""

    @classmethod
    @abstractmethod
    def parse(cls, header, arrays):
        """The recurrence of what :meth:`header` and :meth:`arrays` gave; a KeyError or ModelError for anything else."""

    @abstractmethod
    def shift(self, phase):
        """``k_p``: the right shift that scales a step of phase ``phase``."""

    @abstractmethod
    def dense(self):
        """``R`` as int64 [size, size], made anew; :meth:`matrix` keeps it."""

    @cached_property
    def _matrix(self):
        return frozen(self.dense(), np.int64)

    def matrix(self):
        """``R`` as int64 [size, size], read-only, made once."""
        return self._matrix

    @cached_property
    def gain(self):
        """The greatest sum of absolute values of a row of ``R``."""
        return int(np.abs(self.matrix()).sum(axis=1).max())

    def apply(self, state):
        """``R Z`` along the last axis, int64."""
        return np.asarray(state, dtype=np.int64) @ self.matrix().T

    def products(self, dtype):
        """A function from states [count, size] of ``dtype`` to ``R Z`` of that type, by BLAS where it can be.

        It rounds nothing as long as ``gain`` times the greatest state is exact in ``dtype``.
        """
        matrix = np.ascontiguousarray(self.matrix().T.astype(dtype))
        return lambda state: state @ matrix

    @property
    def adders(self):
        """About as many as ``R`` takes, for a first look; the graph says how many (:mod:`rtl_gen.plan.adder_graph`)."""
        return self.size * max(1, (self.size - 1).bit_length())

    @property
    def foldable_block(self):
        """Units of a block of butterflies that can be done in place, pass by pass, as a folded core does; None for no such.

        Blocks of 1 have no butterfly: their words are only moved.
        """
        return None

    def keeps_banks(self, banks):
        """Whether every unit takes the word of a unit of its own bank, as a folded core needs it behind its butterflies.

        Parameters
        ----------
        banks : sequence [size]
            For each unit what names its bank: an integer, or several.
        """
        return False

    def cut(self, units, block):
        """The first ``units`` in blocks of ``block``, with as many phases, to estimate with; None for no such."""
        return None

    def network(self, lanes, add):
        """``R x`` by construction, or None where only the matrix is known and additions have to be found by sharing.

        Parameters
        ----------
        lanes : list
            One value an input; ``-lane`` and ``lane << shift`` cost nothing.
        add : function of two lanes
            An adder.

        Returns
        -------
        list of lanes, one a row of ``R``
        """
        return None


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
    leak : int
        0 for the orthogonal recurrence of the paper; else a step shrinks the state by ``1 - 2**-leak`` besides, so that it
        forgets within some ``2**leak`` steps. At most 12.
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
    leak: int = 0
    wires: np.ndarray | None = None

    def __post_init__(self):
        assign(self, size=as_integer("Size", self.size), block=as_integer("Block", self.block),
               leak=as_integer("Leak", self.leak))
        if not 2 <= self.size <= MAX_SIZE:
            raise ModelError(f"Size must be between 2 and {MAX_SIZE} units, not {self.size}")
        if self.block < 1 or self.block & (self.block - 1) or self.size % self.block:
            raise ModelError(f"Block must be a power of two that divides the size {self.size}, not {self.block}")
        signs = as_array("Signs", self.signs)
        if signs.shape != (self.size,) or not np.isin(signs, (-1, 1)).all():
            raise ModelError(f"Signs must be {self.size} values of -1 or 1; choose a sign wherever there is a 0")
        if not 0 <= self.leak <= MAX_LEAK:
            raise ModelError(f"Leak must be between 0 and {MAX_LEAK}, not {self.leak}")
        assign(self, signs=frozen(signs, np.int8))
        if self.wires is not None:
            wires = as_integers("Wires", self.wires)
            if wires.shape != (self.size,) or (np.sort(wires) != np.arange(self.size)).any():
                raise ModelError(f"Wires must be a permutation of 0 to {self.size - 1}: each unit's number once")
            assign(self, wires=wires)

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

    @property
    def schema(self):
        """Files of schema 1 hold signs and blocks of 2 or more, those of schema 3 a leak."""
        return 4 if self.wires is not None or self.block == 1 else 3 if self.leak else 1

    @property
    def bits(self):
        """A bit a sign, and a unit's number a wire."""
        return self.size * (1 if self.wires is None else 1 + (self.size - 1).bit_length())

    @property
    def words(self):
        """Blocks, and wires and the leak where there are any."""
        blocks = f"one block of {self.size}" if self.block == self.size else f"blocks of {self.block}"
        extras = [] if self.wires is None else ["wires"]
        extras += [f"leak {self.leak}"] if self.leak else []
        return ", ".join(["Hadamard", blocks, *extras])

    def header(self):
        """Block, and the leak where there is one: what files of schema 1 mean without it keeps their digests."""
        return {"block": self.block} | ({"leak": self.leak} if self.leak else {})

    def arrays(self):
        """The signs, and the wires where there are any."""
        return {"recurrent": self.signs} | ({} if self.wires is None else {"wires": self.wires})

    @classmethod
    def parse(cls, header, arrays):
        """The recurrence that a file holds."""
        signs = arrays["recurrent"]
        if signs.ndim != 1:
            raise ModelError("Signs must be a vector")
        return cls(size=len(signs), signs=signs, wires=arrays.get("wires"), **header)

    def network(self, lanes, add):
        """Butterflies, level by level, then the leak, the wires and the signs."""
        lanes, half = list(lanes), 1
        while half < self.block:
            for low in range(self.size):
                if not low & half:
                    a, b = lanes[low], lanes[low + half]
                    lanes[low], lanes[low + half] = add(a, b), add(a, -b)
            half *= 2
        if self.leak > 1:  # 2**1 - 1 = 1 needs no adder
            lanes = [add(lane << self.leak, -lane) for lane in lanes]
        return [-lanes[row] if sign < 0 else lanes[row] for row, sign in zip(self.rows, self.signs)]

    @property
    def adders(self):
        """Butterflies, and one a unit for the leak."""
        return self.size * (self.log2_block + (self.leak > 1))

    @property
    def foldable_block(self):
        """The block; wires are behind its butterflies."""
        return self.block

    def keeps_banks(self, banks):
        """Whether the wires keep every word in its bank."""
        banks = np.asarray(banks)
        return bool((banks[self.rows] == banks).all())

    def cut(self, units, block):
        """The first units; their wires in the same order among themselves."""
        if block < 1 or units % block:
            return None
        wires = None if self.wires is None else np.argsort(np.argsort(self.wires[:units]))
        return Hadamard(units, block, self.signs[:units], self.leak, wires)

    @property
    def rows(self):
        """int64 [size]: the row of ``K Z`` that each unit takes, the wires or the identity."""
        return np.arange(self.size) if self.wires is None else self.wires

    @cached_property
    def _factors(self):
        """int64 [size]: what row ``wires[i]`` of ``K Z`` is multiplied by."""
        return self.signs.astype(np.int64) * self.multiplier

    def _block_matrix(self):
        block = np.ones((1, 1), dtype=np.int64)
        while len(block) < self.block:
            block = np.kron(block, np.array([[1, 1], [1, -1]]))
        return block

    def dense(self):
        """``R`` by the Kronecker product, the multiplier included."""
        blocks = np.kron(np.eye(self.size // self.block, dtype=np.int64), self._block_matrix())
        return self._factors[:, None] * blocks[self.rows]

    def apply(self, state):
        """``R Z`` along the last axis, int64, by the fast Walsh-Hadamard transform."""
        state = np.asarray(state, dtype=np.int64)
        half = 1
        while half < self.block:
            pairs = state.reshape(*state.shape[:-1], -1, 2, half)
            low, high = pairs[..., 0, :], pairs[..., 1, :]
            state = np.stack([low + high, low - high], axis=-2).reshape(state.shape)
            half *= 2
        return (state if self.wires is None else state[..., self.wires]) * self._factors

    def products(self, dtype):
        """Block by block; the wires and signs are a choice of columns and a product behind it."""
        block, factors = np.ascontiguousarray(self._block_matrix().astype(dtype)), self._factors.astype(dtype)
        width = self.block

        def product(state):
            if width > 1:
                mixed = np.empty_like(state)
                for low in range(0, self.size, width):
                    np.matmul(state[:, low:low + width], block, out=mixed[:, low:low + width])
                state = mixed
            return (state if self.wires is None else state[:, self.wires]) * factors

        return product

    @property
    def gain(self):
        """The greatest sum of absolute values of a row of ``R``."""
        return self.block * self.multiplier


@dataclass(frozen=True, eq=False)
class Ternary(Recurrence):
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

    kind = "ternary"
    schema = 1

    ternary: np.ndarray
    multiplier: int = 1
    shift_bits: int = 0

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

    @property
    def bits(self):
        """A bit an entry of a binary matrix, two of a ternary one."""
        return self.size**2 * (1 if (self.ternary != 0).all() else 2)

    @property
    def words(self):
        """Binary or ternary, and the scale."""
        kind = "binary" if (self.ternary != 0).all() else "ternary"
        return f"{kind}, times {self.multiplier} / 2**{self.shift_bits}"

    def header(self):
        """Multiplier and shift."""
        return {"multiplier": self.multiplier, "shift_bits": self.shift_bits}

    def arrays(self):
        """The matrix."""
        return {"recurrent": self.ternary}

    @classmethod
    def parse(cls, header, arrays):
        """The recurrence that a file holds."""
        return cls(arrays["recurrent"], **header)

    def dense(self):
        """``R = multiplier * ternary``."""
        return self.multiplier * self.ternary.astype(np.int64)
