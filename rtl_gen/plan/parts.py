# SPDX-License-Identifier: BSD-2-Clause
"""Cells of parts that several kinds of cells have, counted as :mod:`rtl_gen.estimate.inventory` says."""

from hadam_hw.fixed import Rounding

#: Words of which one is chosen in one clock: two four-input tables, and one of them shares its cell with the register.
GROUP = 4
#: Cells of a two-way multiplexer when many are combined: four ways take two look-up tables.
MUX = 2 / 3


def selection_latency(size):
    """Clocks in which one of ``size`` words is chosen: one of every four, of these one of every four, and so on."""
    return max(1, -(-(size - 1).bit_length() // 2))


def selector_cells(size, width):
    """Cells that choose one of ``size`` words of ``width`` bits."""
    cells, left = 0, size
    while left > 1 or not cells:
        groups = -(-left // GROUP)
        cells, left = cells + max(groups, (left - groups) * MUX), groups
    return width * cells + (size - 1).bit_length()**2 / 4


def observation_cells(words):
    """Cells that say whether one of so many words saturated."""
    return words / 3 + 5


def saturation_cells(layer, alignment):
    """Cells of one word: the choice of the limit, the test of the bits above, the test for a tie."""
    shift = alignment.phases[0].output_shift
    above = alignment.width - shift - layer.state.width + 1
    return layer.state.width + above / 2 + (shift / 3 + 1) * (layer.rounding is Rounding.HALF_EVEN)
