# SPDX-License-Identifier: BSD-2-Clause
"""Biases as rows of digits: every bit is found again, and equal columns are kept once."""

import numpy as np
import pytest

from rtl_gen.plan.bias_table import bias_table


def read_back(table, digit, phases, units):
    """The biases that a table holds, [phases, units]."""
    found = np.zeros((phases, units), dtype=object)
    for p in range(phases):
        for j in range(table.depth):
            row = table.rows[p * table.depth + j]
            for b in range(digit):
                for unit in range(units):
                    bit = row >> table.places[b * units + unit] & 1
                    top = j == table.depth - 1 and b == digit - 1
                    found[p, unit] += (-bit if top else bit) << (j * digit + b)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_every_bias_is_found_again(seed):
    rng = np.random.default_rng(seed)
    digit, phases, units, bits = (int(rng.integers(1, most)) for most in (9, 3, 12, 45))
    biases = [[int(value) for value in rng.integers(-1 << bits, 1 << bits, units)] for _ in range(phases)]
    table = bias_table(biases, digit)
    assert (read_back(table, digit, phases, units) == np.array(biases, dtype=object)).all()


def test_equal_biases_take_a_column_a_bit_and_no_block_ram():
    table = bias_table([[32] * 128], 1)
    assert table.columns == 1 and not table.in_block_ram
    assert (read_back(table, 1, 1, 128) == 32).all()
    assert bias_table([[32] * 64, [-5] * 64], 4).columns <= 4


def test_biases_of_many_units_are_too_wide_for_block_ram():
    rng = np.random.default_rng(0)
    assert bias_table([rng.integers(-9999, 9999, 128).tolist()], 1).in_block_ram
    assert not bias_table([rng.integers(-9999, 9999, 256).tolist()], 1).in_block_ram
