# SPDX-License-Identifier: BSD-2-Clause
"""Channels: codes are what the page of numbers says, written out number by number."""

import math
from fractions import Fraction

import numpy as np
import pytest

from hadam_hw.errors import ModelError
from hadam_hw.input import IntegerChannel, Law, ReferenceChannel
from hadam_hw.input.digits import few_digits, signed_digits
from hadam_hw.input.law import compress, expand
from hadam_hw.layer import InputFormat

BYTE = InputFormat(1, 8, True)


def chord_code(level, chord):
    """The mu-law in integers as C has it, octave by octave."""
    rest, code = abs(level) + (1 << chord), 0
    while rest >= 2 << chord:
        rest, code = rest >> 1, code + (1 << chord)
    code += rest - (1 << chord)
    return code if level > 0 else -code


def integer_code(channel, count, form):
    """One code by the words of the docstring, the product by its digits."""
    product = sum(sign * ((count - channel.offset) << exponent) for sign, exponent in signed_digits(channel.multiplier))
    level = math.floor(Fraction(product, 1 << channel.shift) + Fraction(1, 2)) if channel.shift else product
    code = level if channel.law is Law.LINEAR else chord_code(level, channel.chord)
    return min(max(code, form.minimum), form.maximum)


def drawn_channel(rng, law):
    width = int(rng.integers(2, 25))
    half = 1 << width - 1
    multiplier = sum(int(sign) << int(exponent) for sign, exponent in zip(rng.choice([-1, 1], 3), rng.integers(0, 9, 3)))
    return IntegerChannel(name="a", law=law, count=0.5, count_width=width, offset=int(rng.integers(-half, half)),
                          multiplier=multiplier or 1, shift=int(rng.integers(0, 20)),
                          chord=int(rng.integers(0, 9)) if law is Law.MU_LAW else 0)


@pytest.mark.parametrize("law", Law)
def test_integer_codes_are_those_of_the_definition(law):
    rng = np.random.default_rng(5)
    for _ in range(60):
        channel, form = drawn_channel(rng, law), InputFormat(1, int(rng.integers(2, 17)), bool(rng.integers(2)))
        counts = np.append(rng.integers(channel.lowest, channel.highest, 40, endpoint=True), [channel.lowest, channel.highest])
        assert channel.codes_of_counts(counts, form).tolist() == [integer_code(channel, int(c), form) for c in counts]


def test_the_mu_law_in_integers_has_a_code_a_level_at_first_and_then_equal_octaves():
    assert compress(np.arange(-8, 9), 3).tolist() == [*range(-8, 0), *range(9)]
    assert compress(np.array([8, 24, 56, 120, (1 << 40) - 8]), 3).tolist() == [8, 16, 24, 32, 8 * 37]
    levels = np.arange(1 << 13)
    assert (np.diff(compress(levels, 3)) >= 0).all() and set(np.diff(compress(levels, 3))) == {0, 1}
    for chord in range(9):
        codes = compress(levels, chord)
        middle = np.array([np.mean(levels[codes == code]) for code in range(codes.max())])
        assert (expand(np.arange(codes.max()), chord) == middle).all()


def test_the_reference_is_its_formula():
    rng = np.random.default_rng(6)
    for law in Law:
        channel = ReferenceChannel(name="a", law=law, offset=0.3, scale=1.7, steps=48)
        values = rng.normal(size=500) * 3
        for value, code in zip(values, channel.codes(values, BYTE)):
            z = (value - 0.3) / 1.7
            if law is Law.MU_LAW:
                z = math.copysign(math.log1p(255 * abs(z)) / math.log(256), z)
            assert code == min(max(round(z * 48), -128), 127)


@pytest.mark.parametrize("law", Law)
@pytest.mark.parametrize("kind", [ReferenceChannel, IntegerChannel])
def test_a_channel_of_training_data_gives_a_deviation_its_steps_and_back(kind, law):
    rng = np.random.default_rng(7)
    for scale in (1e-6, 0.3, 1.0, 9.81, 3e4, 1e9):
        values = rng.normal(size=4000) * scale + 0.4 * scale
        channel = kind.fit(values, name="a", unit="g", law=law, width=8, steps=48)
        ends = channel.codes(values.mean() + values.std() * np.array([-1.0, 0, 1]), BYTE)
        assert abs(ends - [-48, 0, 48]).max() <= 1
        codes = channel.codes(values, BYTE)
        inside = abs(codes) < 127
        worst = 0.6 * channel.step if law is Law.LINEAR else 0.3 * scale
        assert abs(channel.measured(codes) - values)[inside].max() <= max(worst, getattr(channel, "count", 0))
        assert (channel.codes(channel.measured(codes), BYTE) == codes)[inside].mean() > 0.95
        low, high = channel.range(BYTE)
        assert low < values.mean() < high and 0 < channel.step < scale


def test_a_channel_that_never_changes_has_a_deviation_of_one():
    for kind in (ReferenceChannel, IntegerChannel):
        for value in (0.0, 5.0):
            channel = kind.fit(np.full(9, value), name="a", unit="", law=Law.LINEAR, width=8, steps=24)
            assert not channel.codes(np.full(3, value), BYTE).any()


def test_what_is_beyond_a_float_is_at_the_end_of_the_range():
    wide = np.array([-1.7e308, 1.7e308])
    for law in Law:
        reference = ReferenceChannel(name="a", law=law, offset=-1e308, scale=1e-300)
        assert reference.codes(wide, BYTE).tolist() == [-128, 127]
        integers = IntegerChannel(name="a", law=law, count=1e-300, offset=0, multiplier=1, shift=0)
        assert integers.counts(wide).tolist() == [-32768, 32767]


def test_few_digits_are_near():
    for factor in np.geomspace(1e-7, 5e4, 400):
        multiplier, shift = few_digits(factor)
        assert len(signed_digits(multiplier)) <= 3 and abs(multiplier / 2**shift / factor - 1) < 0.024
    for number in (*range(-300, 300), 0b101010101, 3 << 18):
        digits = signed_digits(number)
        assert sum(sign << exponent if sign > 0 else -(1 << exponent) for sign, exponent in digits) == number
        exponents = [exponent for _, exponent in digits]
        assert all(b - a > 1 for a, b in zip(exponents, exponents[1:]))


INTEGER = dict(name="a", count=0.1, offset=0, multiplier=3, shift=2)
REFUSED = {
    "no name": (lambda: ReferenceChannel(name=" ", offset=0.0, scale=1.0), "name must not be empty"),
    "a name of two lines": (lambda: ReferenceChannel(name="a\nb", offset=0.0, scale=1.0), "one line of at most 64 printable"),
    "a unit that clears the screen": (lambda: ReferenceChannel(name="a", unit="\x1b[2J", offset=0.0, scale=1.0), "printable"),
    "a scale of 0": (lambda: ReferenceChannel(name="a", offset=0.0, scale=0), "scale must be positive"),
    "an offset of NaN": (lambda: ReferenceChannel(name="a", offset=math.nan, scale=1), "offset must be a finite number"),
    "no steps": (lambda: ReferenceChannel(name="a", offset=0, scale=1, steps=0), "steps must be between 1 and 32768, not 0"),
    "another law": (lambda: ReferenceChannel(name="a", offset=0, scale=1, law="A-law"), "must be one of linear, mu-law"),
    "a multiplier of 0": (lambda: IntegerChannel(**INTEGER | dict(multiplier=0)), "multiplier must be of 1 to 4"),
    "five digits": (lambda: IntegerChannel(**INTEGER | dict(multiplier=0b101010101)), "multiplier must be of 1 to 4"),
    "a large multiplier": (lambda: IntegerChannel(**INTEGER | dict(multiplier=1 << 21)), "between -1048576 and 1048576"),
    "a shift of 41": (lambda: IntegerChannel(**INTEGER | dict(shift=41)), "shift must be between 0 and 40"),
    "a count of 25 bits": (lambda: IntegerChannel(**INTEGER | dict(count_width=25)), "between 2 and 24, not 25"),
    "an offset that is no count": (lambda: IntegerChannel(**INTEGER | dict(count_width=8, offset=128)), "between -128 and 127"),
    "chords of a line": (lambda: IntegerChannel(**INTEGER | dict(chord=1)), "law linear must be between 0 and 0, not 1"),
    "a count outside": (lambda: IntegerChannel(**INTEGER, count_width=8).codes_of_counts(np.array([128]), BYTE),
                        "Counts of channel 'a' must lie between -128 and 127, not between 128 and 128"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_channel_is_refused(name):
    make, words = REFUSED[name]
    with pytest.raises(ModelError, match=words):
        make()
