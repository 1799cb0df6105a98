# SPDX-License-Identifier: BSD-2-Clause
"""The resonator bank as a model's front end: sound in, a vector of bands each frame, the same integers everywhere."""

from dataclasses import asdict, dataclass

import numpy as np

from hadam_hw.checks import as_array, as_instance, as_integers
from hadam_hw.errors import ModelError
from hadam_hw.input.bank import SAMPLE_BITS, Level, Resonator, ResonatorBank
from hadam_hw.input.front_end import FrontEnd
from hadam_hw.input.source import Source

_FULL_SCALE = 1 << SAMPLE_BITS - 1


@dataclass(frozen=True)
class Bank(FrontEnd):
    """A :class:`~hadam_hw.input.bank.ResonatorBank` whose codes are eighths of octaves, or as fine as its ``log_bits`` say.

    A sample is 1 at full scale, and a count of 16 bits is 1 / 32768.

    Parameters
    ----------
    bank : ResonatorBank

    Raises
    ------
    ModelError
        If it is none.
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
        level = ", less the level" if self.bank.level else ""
        return f"bank of {self.bank.size} shift resonators, frames of {self.bank.frame} samples{level}"

    @property
    def rate_hz(self):
        """That of the bank."""
        return self.bank.rate_hz

    @property
    def frame(self):
        """Samples a frame."""
        return self.bank.frame

    @property
    def frame_hop(self):
        """Frames do not overlap."""
        return self.bank.frame_hop

    @property
    def features(self):
        """A band is an element."""
        return self.bank.size

    @property
    def names(self):
        """Of the bands, by their number."""
        return tuple(f"band_{k}" for k in range(self.bank.size))

    @property
    def step(self):
        """Octaves of a code."""
        return 2.0**-self.bank.log_bits

    def header(self):
        """The fields of the bank."""
        return asdict(self.bank)

    @classmethod
    def parse(cls, header):
        """Of the fields of a bank."""
        fields = dict(header)
        level = fields.pop("level")
        bands = tuple(Resonator(**band) for band in fields.pop("bands"))
        return cls(ResonatorBank(bands=bands, level=None if level is None else Level(**level), **fields))

    def __call__(self, measured):
        """Octaves float64 [frames, bands] of samples [n, 1] whose full scale is 1."""
        return self.from_counts(self.counts(measured)) * self.step

    def counts(self, measured):
        """Samples of 16 bits int64 [n, 1], the nearest within their word."""
        with np.errstate(over="ignore"):
            counts = np.rint(as_array("Sound", measured) * _FULL_SCALE)
        return np.clip(counts, -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int64)

    def from_counts(self, counts):
        """The codes int64 [frames, bands] of samples of 16 bits [n, 1]; a last frame that is not full is left out.

        Raises
        ------
        ModelError
            If these are no such samples, or do not fill a frame.
        """
        counts = as_integers("Sound", counts)
        if counts.ndim != 2 or counts.shape[1] != 1 or len(counts) < self.frame:
            raise ModelError(f"Sound must be samples [n, 1] with a frame of {self.frame} at least, not {list(counts.shape)}")
        return self.bank.encode(counts[:, 0]).astype(np.int64)
