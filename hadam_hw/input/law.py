# SPDX-License-Identifier: BSD-2-Clause
"""The choices of an encoding: linear or by the mu-law, in floating point on the host or in integers everywhere."""

from enum import Enum

import numpy as np


class Law(Enum):
    """How codes are spread over a channel's range: evenly, or finely near its offset and coarsely far from it."""

    LINEAR = "linear"
    MU_LAW = "mu-law"


class Encoding(Enum):
    """Who can compute the codes: a host with floating point, or gateware and C too, from raw counts on."""

    REFERENCE = "reference"
    INTEGER = "integer"


def compress(levels, chord):
    """The mu-law in integers, by chords as in ITU-T G.711: about ``2**c log2(1 + |l| / 2**c)`` with the sign of ``l``.

    ``m = |l| + 2**c``; with ``e`` the place of its highest bit, less c, the code is ``(e << c) + (m >> e) - 2**c``. So levels
    up to ``2**c`` are their own codes, and above each octave has ``2**c`` of them.

    Parameters
    ----------
    levels : int64 [...]
        Less than ``2**52`` in size.
    chord : int
        c.
    """
    shifted = np.abs(levels) + (1 << chord)
    octave = np.frexp(shifted.astype(np.float64))[1].astype(np.int64) - 1 - chord  # exact: a float64 holds 53 bits
    return np.sign(levels) * ((octave << chord) + (shifted >> octave) - (1 << chord))


def expand(codes, chord):
    """The levels, float64, in the middle of those of which :func:`compress` makes ``codes``; none is beyond ``2**53``."""
    sizes = np.abs(codes)
    octave, rest = np.minimum(sizes >> chord, 52 - chord), sizes & (1 << chord) - 1
    least = ((rest + (1 << chord)) << octave) - (1 << chord)
    return np.sign(codes) * (least + ((1 << octave) - 1) / 2)
