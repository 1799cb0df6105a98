# SPDX-License-Identifier: BSD-2-Clause
"""Sums whose sign is known at run time, in the form that becomes one carry chain."""

from amaranth.hdl import Cat


def invert_if(value, condition):
    """The signed ``value`` with every bit inverted where ``condition``: ``-value - 1``."""
    bits = value.as_unsigned()
    return (bits ^ condition.replicate(len(bits))).as_signed()


def add_with_carry(left, right, carry):
    """``left + right + carry`` of signed words; exact. A bit below both operands makes the carry."""
    return (Cat(carry, left).as_signed() + Cat(carry, right).as_signed())[1:].as_signed()
