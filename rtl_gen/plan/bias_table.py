# SPDX-License-Identifier: BSD-2-Clause
"""The biases of a serial cell as the rows of a memory, a digit of every unit a row."""

from dataclasses import dataclass

import numpy as np

from hadam_hw.fixed import signed_width

#: Bits of a row that are kept in block RAM: with a row of the state as wide they take two a 16 bits.
MOST_IN_BLOCK_RAM = 192
#: Columns that are cheaper in logic than in a block RAM that they would hardly fill.
FEW_COLUMNS = 8


@dataclass(frozen=True)
class BiasTable:
    """For each phase its biases, least significant digit first, the last row only signs, which are then repeated.

    Biases that are equal in all units, such as the half unit of a rounding, need one column a bit of the digit: where at most
    :data:`FEW_COLUMNS` differ they are kept once. Else each bit of each unit has its own.

    Parameters
    ----------
    rows : tuple of int
        Phase after phase; bit c is column c.
    places : tuple of int
        For bit ``b`` of unit ``i``, at ``b n + i``, its column.
    depth : int
        Rows of a phase.
    columns : int
    """

    rows: tuple[int, ...]
    places: tuple[int, ...]
    depth: int
    columns: int

    @property
    def in_block_ram(self):
        """Whether it gets block RAM: not if it is small, nor if that and the states of so many units would fill a chip."""
        return self.columns > FEW_COLUMNS and len(self.places) <= MOST_IN_BLOCK_RAM


def bias_table(biases, digit):
    """The :class:`BiasTable` of ``biases``, integers [phases, n], in digits of ``digit`` bits."""
    counts = [1 - (1 - signed_width(min(bias), max(bias))) // digit for bias in biases]
    depth = max(counts)
    values = np.array(biases, dtype=object)[:, None, None, :]
    shifts = np.arange(depth * digit).reshape(1, depth, digit, 1)
    bits = ((values >> shifts) & 1).astype(np.int8).reshape(len(biases) * depth, -1)  # [rows, b n + i]
    _, first, places = np.unique(bits, axis=1, return_index=True, return_inverse=True)
    if len(first) > FEW_COLUMNS:
        first = places = np.arange(bits.shape[1])
    rows = tuple(sum(int(bit) << c for c, bit in enumerate(row)) for row in bits[:, first])
    return BiasTable(rows, tuple(map(int, places.reshape(-1))), depth, len(first))
