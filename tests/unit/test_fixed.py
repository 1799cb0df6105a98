# SPDX-License-Identifier: BSD-2-Clause
"""Rounding and saturation against fractions."""

from fractions import Fraction
from math import floor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hadam_hw.fixed import Rounding, round_shift, saturate, signed_width


def exact(value, shift, rounding):
    real = Fraction(value, 1 << shift)
    if rounding is Rounding.FLOOR or not shift:
        return floor(real)
    if rounding is Rounding.HALF_UP:
        return floor(real + Fraction(1, 2))
    return round(real)  # Python rounds ties to even


@given(st.integers(-(1 << 40), 1 << 40), st.integers(0, 12), st.sampled_from(list(Rounding)))
def test_round_shift_is_its_definition(value, shift, rounding):
    assert round_shift(np.array([value]), shift, rounding).tolist() == [exact(value, shift, rounding)]


def test_all_ties_of_a_small_width():
    values = np.arange(-64, 64)
    for rounding in Rounding:
        for shift in range(5):
            expected = [exact(int(v), shift, rounding) for v in values]
            assert round_shift(values, shift, rounding).tolist() == expected
            assert round_shift(values.astype(np.int32), shift, rounding).tolist() == expected


@given(st.integers(-(1 << 40), 1 << 40), st.integers(2, 20))
def test_saturate(value, width):
    assert int(saturate(value, width)) == max(-(1 << (width - 1)), min((1 << (width - 1)) - 1, value))


@given(st.integers(-(1 << 40), 1 << 40), st.integers(-(1 << 40), 1 << 40))
def test_signed_width_is_the_least(a, b):
    low, high = min(a, b), max(a, b)
    width = signed_width(low, high)
    assert -(1 << (width - 1)) <= low and high < 1 << (width - 1)
    assert width == 1 or not (-(1 << (width - 2)) <= low and high < 1 << (width - 2))
