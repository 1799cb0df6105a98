# SPDX-License-Identifier: BSD-2-Clause
"""Multipliers of few signed binary digits: a product is then a few additions of shifted words."""

from hadam_hw.fixed import MAX_FRAC

#: Bits of a multiplier that is chosen here.
BITS = 8
#: Signed digits that a chosen multiplier has at most: within 2.4 % of any factor.
FEW = 3


def signed_digits(number):
    """The non-adjacent form of an integer: pairs (sign, exponent), the lowest exponent first; nobody needs fewer digits."""
    digits, exponent, rest = [], 0, abs(number)
    while rest:
        if rest & 1:
            sign = 2 - (rest & 3)  # 1 or -1, whichever leaves a 0 behind it
            digits.append((sign if number > 0 else -sign, exponent))
            rest -= sign
        rest, exponent = rest >> 1, exponent + 1
    return tuple(digits)


def few_digits(factor, count=FEW):
    """(multiplier, shift) with ``multiplier / 2**shift`` as near to ``factor`` as ``count`` signed digits of 8 bits allow.

    Parameters
    ----------
    factor : float
        Above 0.
    """
    shift = 0
    while factor * 2**shift < 1 << BITS - 1 and shift < MAX_FRAC:
        shift += 1
    wanted = factor * 2**shift
    allowed = [number for number in range(1, (1 << BITS) + 1) if len(signed_digits(number)) <= count]
    coarser = 0
    while wanted > 1 << BITS:  # a factor beyond what 8 bits hold is an even number
        wanted, coarser = wanted / 2, coarser + 1
    multiplier = min(allowed, key=lambda number: abs(number - wanted)) << coarser
    while shift and multiplier % 2 == 0:
        multiplier, shift = multiplier >> 1, shift - 1
    return multiplier, shift
