# SPDX-License-Identifier: BSD-2-Clause
"""From measured numbers to 8-bit integers: each channel by its own mean and deviation."""

from dataclasses import dataclass

import numpy as np

from hadam_hw.model import InputFormat

#: Integer steps per standard deviation of a channel; 8 bits then hold more than 5 deviations.
STEPS = 24
SCALE = 1 / STEPS
#: Of companded channels, as in ITU-T G.711, and the integer steps of a deviation where there are any: 8 bits hold 2.6 of the
#: channels beside them, and of these more than ever occurs.
MU, COMPANDED_STEPS = 255.0, 48


def signed_bytes(size):
    """The input format of ``size`` normalised channels."""
    return InputFormat(size, 8, True)


@dataclass(frozen=True, eq=False)
class Normaliser:
    """``X = clip(round(f((x - mean) / deviation) * steps))``, an int8, for each channel.

    ``f`` is the identity, or the mu-law ``f(z) = sign(z) ln(1 + mu |z|) / ln(1 + mu)``: integers then tell small numbers
    apart that would all be 0 beside the large ones of the same channel.

    Parameters
    ----------
    mean, deviation : float [channels]
    companded : bool [channels], optional
        Those with the mu-law; none by default.
    steps : int
        Integer steps of ``f(z) = 1``.
    """

    mean: np.ndarray
    deviation: np.ndarray
    companded: np.ndarray | None = None
    steps: int = STEPS

    @classmethod
    def fit(cls, train, **options):
        """Of numbers [..., channels]: those of the whole training part, validation with it, and never a test sequence."""
        channels = [train[..., k].astype(np.float64) for k in range(train.shape[-1])]
        deviation = np.array([channel.std() for channel in channels])
        return cls(np.array([channel.mean() for channel in channels]), np.where(deviation > 0, deviation, 1.0), **options)

    def __call__(self, numbers):
        """The integers of ``numbers`` [..., channels]."""
        made = np.empty(numbers.shape, dtype=np.int8)
        for k in range(numbers.shape[-1]):  # a channel at a time: the float64 of all would be eight times the data
            scaled = (numbers[..., k].astype(np.float64) - self.mean[k]) / self.deviation[k]
            if self.companded is not None and self.companded[k]:
                scaled = np.sign(scaled) * np.log1p(MU * np.abs(scaled)) / np.log1p(MU)
            made[..., k] = np.clip(np.rint(scaled * self.steps), -128, 127)
        return made

    def measured(self, integers):
        """The numbers [..., channels] that ``integers`` stand for, as float64."""
        scaled = integers / self.steps
        if self.companded is not None:
            scaled = np.where(self.companded, np.sign(scaled) * np.expm1(np.abs(scaled) * np.log1p(MU)) / MU, scaled)
        return scaled * self.deviation + self.mean
