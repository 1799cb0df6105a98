# SPDX-License-Identifier: BSD-2-Clause
"""The resonator bank as the front end of a model: one in integers, that gateware and C can compute (docs/front-end.md)."""

from dataclasses import asdict, dataclass

import numpy as np

from hadam_hw.checks import as_instance
from hadam_hw.errors import ModelError
from hadam_hw.input.bank import SAMPLE_BITS, Level, Resonator, ResonatorBank
from hadam_hw.input.bank_design import frequency
from hadam_hw.input.front_end import FrontEnd
from hadam_hw.input.source import Source

_FULL_SCALE = 1 << SAMPLE_BITS - 1


@dataclass(frozen=True)
class BankFrontEnd(FrontEnd):
    """The codes of a :class:`~hadam_hw.input.bank.ResonatorBank`, a vector a frame; a last frame that is not full is left out.

    A sample is 1 at full scale, and a count of 16 bits is 1 / 32768 of it.

    Parameters
    ----------
    bank : ResonatorBank
    """

    kind = "bank"
    exact = True
    sources = (Source("sound", "full scale", 1 / _FULL_SCALE),)
    unit = "octaves"

    bank: ResonatorBank

    def __post_init__(self):
        as_instance("Bank", self.bank, ResonatorBank)

    @property
    def words(self):
        """What a person calls it."""
        bands = [frequency(band, self.rate_hz) for band in self.bank.bands]
        level = "" if self.bank.level is None else ", less the level"
        return (f"resonator bank, {self.features} bands from {min(bands):.0f} to {max(bands):.0f} Hz, frames of {self.frame} "
                f"samples{level}")

    @property
    def rate_hz(self):
        """Of the bank."""
        return self.bank.rate_hz

    @property
    def frame(self):
        """Of the bank; frames do not overlap."""
        return self.bank.frame

    frame_hop = frame

    @property
    def features(self):
        """A band is an element."""
        return self.bank.size

    @property
    def names(self):
        """Of the bands, by their number."""
        return tuple(f"band_{k}" for k in range(self.features))

    @property
    def step(self):
        """A code, in octaves."""
        return 2.0**-self.bank.log_bits

    def header(self):
        """All fields of the bank."""
        return asdict(self.bank)

    @classmethod
    def parse(cls, header):
        """Of all fields of the bank."""
        header = dict(header)
        bands, level = header.pop("bands"), header.pop("level")
        if not isinstance(bands, list):
            raise ModelError("Bank must have a list of bands")
        return cls(ResonatorBank(bands=tuple(Resonator(**band) for band in bands), level=level and Level(**level), **header))

    def __call__(self, measured):
        """Vectors float64 [frames, bands] in octaves of samples [n, 1] whose full scale is 1."""
        return self.from_counts(self.counts(measured)) * self.step

    def counts(self, measured):
        """Samples of 16 bits, the nearest."""
        counts = np.asarray(measured, dtype=np.float64) * _FULL_SCALE
        np.rint(counts, out=counts)  # in place: minutes of sound are many megabytes
        return np.clip(counts, -_FULL_SCALE, _FULL_SCALE - 1, out=counts).astype(np.int64)

    def from_counts(self, counts):
        """The bank's codes int64 [frames, bands] of samples of 16 bits [n, 1]."""
        return self.bank.encode(counts[:, 0]).astype(np.int64)
