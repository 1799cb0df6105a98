# SPDX-License-Identifier: BSD-2-Clause
"""A microphone whose output is pulse-density modulated: a bit a clock, of which the share of ones follows the sound.

:class:`PdmDecimator` is the definition of the samples, from the bits on; ``rtl_gen/sensors/pdm.py`` is the same in gateware.
:func:`modulate` is the microphone: it makes bits of a recording.
"""

from dataclasses import dataclass, field

import numpy as np

from hadam_hw.checks import as_integer_between, assign
from hadam_hw.errors import ModelError

#: Stages of the filter: its noise floor is then far below that of a microphone with a second-order modulator (Hogenauer 1981).
ORDER = 3
SAMPLE_BITS = 16
#: Of full scale: what a modulator of second order takes without overload.
LOUDEST = 0.7


@dataclass(frozen=True)
class PdmDecimator:
    """Samples of bits: a cascade of three integrators and three combs (CIC), then a shift and a saturation.

    With ``x[t] = 2 bit[t] - 1`` and ``h`` the coefficients of ``((1 - z**-R) / (1 - z**-1))**3``,

        y[k]      = sum over j of h[j] x[R (k + 1) - 1 - j]        exact; x of negative times is 0
        sample[k] = saturate(floor(y[k] / 2**shift), 16 bits)

    A tone at frequency f comes out weaker by ``(sin(pi f / fs) / (R sin(pi f / (R fs))))**3``: 2.7 dB at a quarter of the
    sample rate, 11.8 dB at half of it. This droop is left to the filter bank behind it, whose bands each have a level of
    their own. ``floor`` adds half a step of bias, which the bank's DC blocker removes.

    Parameters
    ----------
    ratio : int
        R, bits a sample: 8 to 512.
    shift : int
        0 to 27. ``scale - 15`` of :attr:`scale` gives a full-scale sound 16 bits; each less is 6 dB of gain, since speech is
        quiet at the membrane.

    Raises
    ------
    ModelError
        If a number is out of its range.
    """

    ratio: int
    shift: int

    def __post_init__(self):
        assign(self, ratio=as_integer_between("Ratio of a PDM decimator", self.ratio, 8, 512),
               shift=as_integer_between("Shift of a PDM decimator", self.shift, 0, ORDER * 9))

    @property
    def gain(self):
        """R**3, the sum of all h: the largest ``|y|``."""
        return self.ratio**ORDER

    @property
    def scale(self):
        """Bits of the gain: the least s with ``gain <= 2**s``."""
        return (self.gain - 1).bit_length()

    @property
    def unity(self):
        """``loudest`` of :func:`modulate` at which the samples come back as loud as they were; at most :data:`LOUDEST`."""
        return min(LOUDEST, (1 << SAMPLE_BITS - 1 + self.shift) / self.gain)

    @property
    def width(self):
        """Bits of every word of the cascade: sums may wrap around in it, and the combs still give the exact y."""
        return self.scale + 2

    def begin(self):
        """The :class:`PdmState` before the first bit."""
        return PdmState()

    def feed(self, state, bits):
        """The samples int64 [...] that ``bits`` int [count] of 0 and 1 complete; ``state`` goes on.

        Any cutting of a stream into pieces gives the same samples.
        """
        bits = np.asarray(bits)
        if bits.ndim != 1 or bits.dtype.kind not in "iub" or (bits.size and not ((bits == 0) | (bits == 1)).all()):
            raise ModelError("Bits of a PDM microphone must be an array [count] of 0 and 1")
        words = np.concatenate([state.waiting, 2 * bits.astype(np.int64) - 1])
        whole = len(words) // self.ratio * self.ratio
        state.waiting = words[whole:]
        sums = words[:whole]
        for k in range(ORDER):  # int64 wraps around, as the narrower words of the gateware do
            sums = np.cumsum(sums) + state.integrators[k]
            if whole:
                state.integrators[k] = sums[-1]
        kept = sums[self.ratio - 1::self.ratio]
        for k in range(ORDER):
            before = np.concatenate([state.combs[k:k + 1], kept[:-1]]) if len(kept) else kept
            if len(kept):
                state.combs[k] = kept[-1]
            kept = kept - before
        half = 1 << SAMPLE_BITS - 1
        return np.clip(kept >> self.shift, -half, half - 1)

    def __call__(self, bits):
        """All samples of ``bits`` from the beginning of a stream on."""
        return self.feed(self.begin(), bits)


@dataclass(eq=False)
class PdmState:
    """Where a stream of bits stands: the integrators' and combs' words, and bits that complete no sample yet."""

    integrators: np.ndarray = field(default_factory=lambda: np.zeros(ORDER, np.int64))
    combs: np.ndarray = field(default_factory=lambda: np.zeros(ORDER, np.int64))
    waiting: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))


def modulate(samples, ratio, *, loudest=LOUDEST):
    """The bits uint8 [samples * ratio] of a microphone that hears ``samples`` int [count] of 16 bits.

    A modulator of second order in integers (Boser and Wooley 1988, figure 1), between samples a straight line. The recording's
    full scale is ``loudest`` of the microphone's.
    """
    samples = np.asarray(samples, np.int64)
    ends = np.concatenate([samples[:1], samples])
    weights = np.arange(1, ratio + 1)
    line = (ends[:-1, None] * (ratio - weights) + ends[1:, None] * weights).ravel()  # times ratio
    full = ratio << SAMPLE_BITS - 1
    wanted = (line * round(loudest * 256) >> 8).tolist()
    bits = bytearray(len(wanted))
    first = second = 0
    for index, value in enumerate(wanted):
        answer = full if second >= 0 else -full
        bits[index] = second >= 0
        first += value - answer
        second += first - answer
    return np.frombuffer(bytes(bits), np.uint8)
