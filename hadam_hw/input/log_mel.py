# SPDX-License-Identifier: BSD-2-Clause
"""A front end of sound, on the host: logarithmic mel bands of short frames.

A core takes a vector a step; for recordings a step is one frame of :data:`KEYWORDS` (16 kHz) or :data:`DIGITS` (8 kHz). Both
have frames of 25 ms every 10 ms and 32 bands.
"""

from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from hadam_hw.checks import as_array, as_integer_between, as_real, assign
from hadam_hw.errors import ModelError
from hadam_hw.input.front_end import FrontEnd
from hadam_hw.input.source import Source

#: Added to a band's energy: silence is -80 dB.
FLOOR, FLOOR_DB = 1e-8, -80
#: Levels of :attr:`LogMel.step_db`, as a byte holds them.
LEVELS = 256
MAX_RATE_HZ, MAX_FRAME, MAX_BANDS = 1 << 20, 1 << 16, 256
#: Frames that are transformed together, so that an hour of sound takes no more memory than a minute.
BATCH = 4096


@dataclass(frozen=True)
class LogMel(FrontEnd):
    """``10 log10(energy in each band + 1e-8)`` of Hann-windowed frames; the last frame is filled up with zeros.

    The bands are triangles of peak 1, equally spaced on ``mel = 2595 log10(1 + f / 700)``, over the power spectrum of a frame
    that is padded with zeros to ``spectrum`` samples. A sample is 1 at full scale, and an int16 a count of 1 / 32768.

    Parameters
    ----------
    rate_hz : int
    frame, frame_hop, spectrum : int
        In samples.
    bands : int
    low_hz, high_hz : float
        Feet of the first and of the last triangle.
    step_db : float
        0, or bands are rounded to whole steps from -80 dB on, 255 at most, as a file of bytes held them.

    Raises
    ------
    ModelError
        With one sentence that names the field.
    """

    kind = "log-mel"
    sources = (Source("sound", "full scale", 1 / 32768),)
    unit = "dB"

    rate_hz: int
    frame: int
    frame_hop: int
    spectrum: int
    bands: int
    low_hz: float
    high_hz: float
    step_db: float = 0.0

    def __post_init__(self):
        assign(self, rate_hz=as_integer_between("Log-mel's rate", self.rate_hz, 1, MAX_RATE_HZ),
               frame=as_integer_between("Log-mel's frame", self.frame, 2, MAX_FRAME),
               bands=as_integer_between("Log-mel's bands", self.bands, 1, MAX_BANDS),
               **{name: as_real(f"Log-mel's {name}", getattr(self, name)) for name in ("low_hz", "high_hz", "step_db")})
        assign(self, frame_hop=as_integer_between("Log-mel's hop", self.frame_hop, 1, self.frame),
               spectrum=as_integer_between("Log-mel's spectrum", self.spectrum, self.frame, 2 * MAX_FRAME))
        if not 0 <= self.low_hz < self.high_hz <= self.rate_hz / 2:
            raise ModelError(f"Log-mel's bands must lie between 0 and half the rate, {self.rate_hz / 2:g} Hz, not between "
                             f"{self.low_hz:g} and {self.high_hz:g}")
        if not 0 <= self.step_db <= 10:
            raise ModelError(f"Log-mel's step must be between 0 and 10 dB, not {self.step_db:g}")

    @property
    def words(self):
        """What a person calls it."""
        steps = f", in steps of {self.step_db:g} dB" if self.step_db else ""
        return (f"log-mel, {self.bands} bands from {self.low_hz:g} to {self.high_hz:g} Hz, frames of {self.frame} samples "
                f"every {self.frame_hop}{steps}")

    @property
    def features(self):
        """A band is an element."""
        return self.bands

    @property
    def names(self):
        """Of the bands, by their number."""
        return tuple(f"band_{k}" for k in range(self.bands))

    def header(self):
        """All fields."""
        return asdict(self)

    @classmethod
    def parse(cls, header):
        """Of all fields."""
        return cls(**header)

    @cached_property
    def weights(self):
        """Float [bands, spectrum // 2 + 1]."""
        low, high = (2595 * np.log10(1 + edge / 700) for edge in (self.low_hz, self.high_hz))
        edges = 700 * (10 ** (np.linspace(low, high, self.bands + 2) / 2595) - 1)
        bins = np.arange(self.spectrum // 2 + 1) * self.rate_hz / self.spectrum
        left, centre, right = (edges[k:k + self.bands, None] for k in range(3))
        return np.maximum(0, np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)))

    def __call__(self, measured):
        """Float [frames, bands] of samples [n, 1] whose full scale is 1.

        Raises
        ------
        ModelError
            If these are no such samples, or there are none.
        """
        measured = as_array("Sound", measured)
        if measured.ndim != 2 or measured.shape[1] != 1 or not len(measured):
            raise ModelError(f"Sound must be samples [n, 1], not {list(measured.shape)}")
        count = 1 + max(0, -(-(len(measured) - self.frame) // self.frame_hop))
        sound = np.zeros(self.frame + (count - 1) * self.frame_hop)
        sound[:len(measured)] = measured[:, 0]
        frames = np.lib.stride_tricks.sliding_window_view(sound, self.frame)[::self.frame_hop]
        levels = np.concatenate([self._levels(frames[start:start + BATCH]) for start in range(0, count, BATCH)])
        if self.step_db:
            levels = self.decibels(np.clip(np.rint((levels - FLOOR_DB) / self.step_db), 0, LEVELS - 1))
        return levels

    def decibels(self, levels):
        """The bands, in dB, that ``levels`` [...] of a byte stand for, in steps of ``step_db``."""
        return levels * self.step_db + FLOOR_DB

    def _levels(self, frames):
        power = np.abs(np.fft.rfft(frames * np.hanning(self.frame), self.spectrum)) ** 2
        return 10 * np.log10(power @ self.weights.T + FLOOR)


KEYWORDS = LogMel(rate_hz=16000, frame=400, frame_hop=160, spectrum=512, bands=32, low_hz=60, high_hz=7800, step_db=0.5)
DIGITS = LogMel(rate_hz=8000, frame=200, frame_hop=80, spectrum=512, bands=32, low_hz=60, high_hz=3900)
