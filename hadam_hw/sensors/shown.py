# SPDX-License-Identifier: BSD-2-Clause
"""A label on two digits of seven segments: what is lit, by definition."""

#: Segments a to g of the digits 0 to 9, a the lowest bit.
DIGITS = (0x3F, 0x06, 0x5B, 0x4F, 0x66, 0x6D, 0x7D, 0x07, 0x7F, 0x6F)
DASH, BLANK = 0x40, 0x00


def segments_of(label):
    """(left, right): the segments for a label; below 10 the left digit is dark, from 100 on the last two digits are shown.

    None, before the first label, is two dashes.
    """
    if label is None:
        return DASH, DASH
    return BLANK if label < 10 else DIGITS[label // 10 % 10], DIGITS[label % 10]
