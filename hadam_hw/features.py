# SPDX-License-Identifier: BSD-2-Clause
"""The front end of sound, on the host: logarithmic mel bands of short frames.

A core takes a vector a step; for recordings a step is one frame of :data:`KEYWORDS` (16 kHz) or :data:`DIGITS` (8 kHz). Both
have frames of 25 ms every 10 ms and 32 bands.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hadam_hw.errors import DataError

#: Added to a band's energy: silence is -80 dB.
FLOOR = 1e-8


@dataclass(frozen=True)
class LogMel:
    """``10 log10(energy in each band + 1e-8)`` of Hann-windowed frames.

    The bands are triangles of peak 1, equally spaced on ``mel = 2595 log10(1 + f / 700)``, over the power spectrum of a frame
    that is padded with zeros to ``spectrum`` samples.

    Parameters
    ----------
    rate_hz : int
    window, hop, spectrum : int
        In samples.
    bands : int
    low_hz, high_hz : float
        Feet of the first and of the last triangle.
    """

    rate_hz: int
    window: int
    hop: int
    spectrum: int
    bands: int
    low_hz: float
    high_hz: float

    @cached_property
    def weights(self):
        """Float [bands, spectrum // 2 + 1]."""
        low, high = (2595 * np.log10(1 + edge / 700) for edge in (self.low_hz, self.high_hz))
        edges = 700 * (10 ** (np.linspace(low, high, self.bands + 2) / 2595) - 1)
        bins = np.arange(self.spectrum // 2 + 1) * self.rate_hz / self.spectrum
        left, centre, right = (edges[k:k + self.bands, None] for k in range(3))
        return np.maximum(0, np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)))

    def __call__(self, samples):
        """Float [frames, bands] of int16 samples [n]; the last frame is filled up with zeros.

        Raises
        ------
        DataError
            If the samples are not 16-bit integers, or there are none.
        """
        samples = np.asarray(samples)
        if samples.dtype != np.int16 or samples.ndim != 1 or not len(samples):
            raise DataError(f"Sound must be int16 samples [n], not {samples.dtype} {list(samples.shape)}")
        count = 1 + max(0, -(-(len(samples) - self.window) // self.hop))
        sound = np.zeros(self.window + (count - 1) * self.hop)
        sound[:len(samples)] = samples / 32768
        frames = np.lib.stride_tricks.sliding_window_view(sound, self.window)[::self.hop]
        power = np.abs(np.fft.rfft(frames * np.hanning(self.window), self.spectrum)) ** 2
        return 10 * np.log10(power @ self.weights.T + FLOOR)


KEYWORDS = LogMel(rate_hz=16000, window=400, hop=160, spectrum=512, bands=32, low_hz=60, high_hz=7800)
DIGITS = LogMel(rate_hz=8000, window=200, hop=80, spectrum=512, bands=32, low_hz=60, high_hz=3900)
