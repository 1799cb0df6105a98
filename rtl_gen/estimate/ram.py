# SPDX-License-Identifier: BSD-2-Clause
"""How many block RAMs a memory takes: the shapes that one can have, and the best of them."""

#: (words, bits a word) of iCE40's 4 kbit block.
ICE40_SHAPES = ((256, 16), (512, 8), (1024, 4), (2048, 2))


def varying_bits(values, width):
    """Bits of a constant memory's words that are not the same in all of them: Yosys stores no others."""
    return max(1, sum(len({value >> bit & 1 for value in values}) > 1 for bit in range(width)))


def block_rams(depth, width, shapes=ICE40_SHAPES):
    """Block RAMs of a memory of ``depth`` words of ``width`` bits: blocks of one shape side by side and after each other."""
    return min(-(-depth // words) * -(-width // bits) for words, bits in shapes)
