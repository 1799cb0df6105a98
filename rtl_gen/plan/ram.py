# SPDX-License-Identifier: BSD-2-Clause
"""How many block RAMs a memory takes."""

#: iCE40's 4 kbit block has so many rows of so many bits.
ROWS, BITS = 256, 16


def varying_bits(values, width):
    """Bits of a constant memory's words that are not the same in all of them: Yosys stores no others."""
    return max(1, sum(len({value >> bit & 1 for value in values}) > 1 for bit in range(width)))


def block_rams(depth, width):
    """Block RAMs of a memory of ``depth`` words of ``width`` bits; of more words than rows Yosys puts some side by side."""
    return -(-(-(-depth // ROWS) * width) // BITS)
