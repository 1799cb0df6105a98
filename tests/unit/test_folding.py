# SPDX-License-Identifier: BSD-2-Clause
"""The order of a folded core's work, for every window: no conflict, and the passes together are the transform."""

import numpy as np
import pytest

from hadam_hw.recurrence import Hadamard
from rtl_gen.plan.folding import Folding

SHAPES = [(units, block, rho) for units, block in [(2, 2), (8, 4), (12, 4), (16, 16), (24, 8), (32, 32), (96, 32), (128, 128),
                                                   (512, 256), (192, 64)]
          for rho in (1, 2, 3) if 1 << rho <= block]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_word_has_a_place_of_its_own_and_each_pass_meets_it_once(shape):
    folding = Folding(*shape)
    places = {(folding.bank(unit), folding.row(unit)) for unit in range(folding.units)}
    assert places == {(bank, row) for bank in range(folding.radix) for row in range(folding.rows)}
    for number in range(len(folding.passes)):
        met = []
        for butterfly in range(folding.rows):
            for bank in range(folding.radix):
                unit = folding.unit(number, butterfly, bank)
                assert folding.bank(unit) == bank
                ends = bank ^ folding.turn(butterfly)
                sources = {"butterfly": butterfly, "end": ends}
                row = sum((sources[kind] >> j & 1) << bit for bit in range((folding.rows - 1).bit_length())
                          for kind, j in [folding.row_bit(number, bit)])
                assert row == folding.row(unit)
                met.append(unit)
        assert sorted(met) == list(range(folding.units))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_passes_in_place_are_the_transform(shape):
    folding = Folding(*shape)
    rng = np.random.default_rng(0)
    z = rng.integers(-2048, 2048, folding.units)
    words = z.copy()
    for number, step in enumerate(folding.passes):
        for butterfly in range(folding.rows):
            units = [folding.unit(number, butterfly, bank) for bank in range(folding.radix)]
            values, turn = [int(words[unit]) for unit in units], folding.turn(butterfly)
            for axis in sorted(step.axes):
                for low in [bank for bank in range(folding.radix) if not bank >> axis & 1]:
                    high = low | 1 << axis
                    if turn >> axis & 1:
                        low, high = high, low
                    values[low], values[high] = values[low] + values[high], values[low] - values[high]
            words[units] = values
        assert np.abs(words).max() < 1 << 12 + folding.levels
    assert (words == Hadamard(folding.units, folding.block, np.ones(folding.units)).apply(z)).all()
