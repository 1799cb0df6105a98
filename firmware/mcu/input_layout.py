# SPDX-License-Identifier: BSD-2-Clause
"""How the channels of a model's input lie in C, where the input is defined in integers."""

from dataclasses import dataclass

from firmware.mcu.front_ends import is_in_c
from hadam_hw.input.digits import signed_digits
from hadam_hw.input.law import Encoding, Law


@dataclass(frozen=True)
class InputLayout:
    """The channels, and the type of their sums.

    Parameters
    ----------
    channels : tuple of IntegerChannel
    word_bits : int
        32 or 64: the narrower type that holds every partial sum of a level.
    """

    channels: tuple
    word_bits: int

    @property
    def rows(self):
        """The initializer of a ``hadam_channel`` for each, and what it is for a person."""
        return [(f"{{{channel.lowest}, {channel.highest}, {channel.offset}, {{{', '.join(map(str, _digits(channel)))}}}, "
                 f"{channel.shift}, {channel.chord}, {int(channel.law is Law.MU_LAW)}}}", _words(channel))
                for channel in self.channels]


def input_layout(source):
    """The :class:`InputLayout` of an :class:`~hadam_hw.input.Input`, or None where C cannot compute it from raw counts.

    Behind a front end the counts are what that gives.
    """
    if source.encoding is not Encoding.INTEGER or not is_in_c(source.front_end):
        return None
    return InputLayout(source.channels, 32 if max(map(_largest, source.channels)) < 1 << 31 else 64)


def _largest(channel):
    """What no partial sum of a level exceeds."""
    count = max(channel.highest - channel.offset, channel.offset - channel.lowest)
    return sum(count << exponent for _, exponent in signed_digits(channel.multiplier)) + (1 << channel.shift) + (
        1 << channel.chord + 1)


def _digits(channel):
    digits = [sign * (exponent + 1) for sign, exponent in signed_digits(channel.multiplier)]
    return digits + [0] * (4 - len(digits))


def _words(channel):
    text = f"{channel.name}, {channel.law.value}: a count is {channel.count:g} {channel.unit}".rstrip()
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in text).replace("*/", "* /")
