# SPDX-License-Identifier: BSD-2-Clause
"""What every kind of recurrence says of itself, and where a kind is found by its word in a file."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import ClassVar

import numpy as np

from hadam_hw.checks import frozen

MAX_SIZE = 4096
MAX_LEAK = 12


class Recurrence(ABC):
    """An integer matrix ``R`` and the shifts that scale a step; what every kind must say of itself.

    A kind gives ``kind``, ``size``, ``bits``, ``words``, ``header``, ``arrays``, ``parse``, ``shift`` and ``dense``. Where it
    has structure it gives more: ``phases``, ``apply``, ``products``, ``sparse``, ``network``.
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

    def sparse(self):
        """``R`` as few products a row behind a Walsh-Hadamard transform, for kernels that loop over them.

        Returns
        -------
        block : int
            The transform ``K`` is ``kron(I, H_block)``; 1 for none.
        columns, coefficients : int64 [size, terms]
            Row i of ``R`` is the sum of ``coefficients[i, k] * K[columns[i, k], :]`` over k.
        """
        matrix = self.matrix()
        terms = max(1, int(np.count_nonzero(matrix, axis=1).max()))
        columns = np.argsort(matrix == 0, axis=1, kind="stable")[:, :terms]
        return 1, columns, np.take_along_axis(matrix, columns, axis=1)

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

    @property
    def pairs(self):
        """One :class:`~hadam_hw.oscillators.Oscillation` for each two units that a folded core shears; None for no such."""
        return None

    @property
    def unfoldable(self):
        """Where there is no :attr:`foldable_block`, the sentence that says why."""
        return "A folded core needs a Hadamard recurrence, whose butterflies it folds; use 'serial' for any other"

    @property
    def rows(self):
        """int64 [size]: whose word each unit takes behind a :attr:`foldable_block` of butterflies; without wires its own."""
        return np.arange(self.size)

    def keeps_banks(self, banks):
        """Whether every unit takes the word of a unit of its own bank, as a folded core needs it behind its butterflies.

        Parameters
        ----------
        banks : sequence [size]
            For each unit what names its bank: an integer, or several.
        """
        banks = np.asarray(banks)
        return bool((banks[self.rows] == banks).all())

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
