# SPDX-License-Identifier: BSD-2-Clause
"""Banks whose resonators lie at equal distances on the mel scale, as those of a log-mel front end do."""

import math
from functools import lru_cache

from hadam_hw.errors import ModelError
from hadam_hw.input.bank import MAX_BLOCKER, MIN_SHIFT, Level, Resonator, ResonatorBank

#: Of the second digit that is chosen; smaller ones move no band by a hundredth of its frequency.
LAST_DIGIT = 12
#: Seconds a frame, and those that the DC blocker remembers, about.
FRAME_SECONDS, BLOCKER_SECONDS = 0.01, 0.032
#: Where widths and loudness were tuned.
BASE_RATE_HZ = 8000
#: A high level of a word follows in four frames, a low one in 32.
LEVEL = Level(rise=2, fall=5)


def resonator(frequency_hz, rate_hz, damping):
    """The :class:`~hadam_hw.input.bank.Resonator` whose frequency is nearest, in octaves, to the one asked for.

    Raises
    ------
    ModelError
        If the frequency is not between 0 and half of the rate.
    """
    if not 0 < 2 * frequency_hz < rate_hz:
        raise ModelError(f"Frequency must be between 0 and {rate_hz / 2} Hz, half of the rate, not {frequency_hz}")
    kept = 1 - 2.0**-damping
    wanted = (1 + kept - 2 * math.sqrt(kept) * math.cos(2 * math.pi * frequency_hz / rate_hz)) / kept
    digits = min(_digits(), key=lambda digits: abs(math.log(_product(*digits) / wanted)))
    return Resonator(*digits, damping)


def frequency(band, rate_hz):
    """Where a :class:`~hadam_hw.input.bank.Resonator` resonates, in Hz: the angle of its poles."""
    kept = 1 - 2.0**-band.damping
    return math.acos((1 + kept - kept * band.product) / (2 * math.sqrt(kept))) * rate_hz / (2 * math.pi)


def mel_bank(rate_hz, bands=32, low_hz=60.0, high_hz=None, damping=None, **options):
    """A bank of ``bands`` resonators between ``low_hz`` and ``high_hz``, some 80 Hz wide, whose frames have 10 ms.

    Parameters
    ----------
    rate_hz, bands : int
    low_hz, high_hz : float
        Feet of what would be the first and last triangle of a log-mel front end; ``high_hz`` is 0.4875 of the rate if None.
    damping : int
        Of all bands; None: 4 at 8 kHz, and one more for twice the rate.
    **options
        Of the :class:`~hadam_hw.input.bank.ResonatorBank`, in place of what follows from the rate.

    Raises
    ------
    ModelError
        As the bank's constructor does.
    """
    low, high = (2595 * math.log10(1 + edge / 700) for edge in (low_hz, 0.4875 * rate_hz if high_hz is None else high_hz))
    centers = [700 * (10 ** ((low + (high - low) * (k + 1) / (bands + 1)) / 2595) - 1) for k in range(bands)]
    # a resonator that is as narrow at twice the rate is twice as loud, and its frame twice as long
    octaves = max(0, round(math.log2(rate_hz / BASE_RATE_HZ)))
    damping = 4 + octaves if damping is None else damping
    chosen = {"frame": round(FRAME_SECONDS * rate_hz), "blocker": min(MAX_BLOCKER, round(math.log2(BLOCKER_SECONDS * rate_hz))),
              "dropped": 4 + 2 * octaves, "level": LEVEL}
    return ResonatorBank(tuple(resonator(center, rate_hz, damping) for center in centers), rate_hz, **chosen | options)


def _product(shift, first, second, sign):
    return (2.0**-first + sign * 2.0**-second) * 2.0**-shift


@lru_cache
def _digits():
    """(shift, first, second, sign) of every resonator whose b lies between a / 2 and 2 a, so that x is about as loud as y."""
    ends = range(MIN_SHIFT, LAST_DIGIT + 1)
    singles = [(shift, first, 0, 0) for shift in ends for first in ends]
    pairs = [(shift, first, second, sign) for shift in ends for first in ends
             for second in range(max(first + 1, 0), LAST_DIGIT + 1) for sign in (-1, 1)]
    return tuple(digits for digits in singles + pairs
                 if _product(*digits) < 4 and 0.5 <= _product(*digits) * 4.0 ** digits[0] <= 2)
