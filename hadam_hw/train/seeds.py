# SPDX-License-Identifier: BSD-2-Clause
"""One seed out of several numbers, the same on every Python."""

_BITS = (1 << 64) - 1
_PRIME_1, _PRIME_2, _PRIME_5 = 11400714785074694791, 14029467366897019727, 2870177450012600261


def mixed(*numbers):
    """A seed from 0 to ``2**31 - 1`` out of ``numbers``, integers from 0 to ``2**61 - 2``.

    It is the hash of a tuple of these numbers in CPython from 3.8 on (Objects/tupleobject.c: xxHash without its avalanche). The
    shipped models were trained with it, so their configurations repeat. Written out, it belongs to no version.
    """
    total = _PRIME_5
    for number in numbers:
        total = total + number * _PRIME_2 & _BITS
        total = (total << 31 | total >> 33) & _BITS
        total = total * _PRIME_1 & _BITS
    return total + (len(numbers) ^ _PRIME_5 ^ 3527539) & 0x7FFFFFFF
