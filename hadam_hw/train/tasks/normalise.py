# SPDX-License-Identifier: BSD-2-Clause
"""From measured numbers to 8-bit integers: each channel by its own mean and deviation."""

from dataclasses import dataclass

import numpy as np

from hadam_hw.model import InputFormat

#: Integer steps per standard deviation of a channel; 8 bits then hold more than 5 deviations.
STEPS = 24
SCALE = 1 / STEPS


def signed_bytes(size):
    """The input format of ``size`` normalised channels."""
    return InputFormat(size, 8, True)


@dataclass(frozen=True, eq=False)
class Normaliser:
    """``X = clip(round((x - mean) / deviation * STEPS))``, an int8, for each channel.

    Parameters
    ----------
    mean, deviation : float [channels]
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, train):
        """Of numbers [..., channels]: those of the whole training part, validation with it, and never a test sequence."""
        channels = [train[..., k].astype(np.float64) for k in range(train.shape[-1])]
        deviation = np.array([channel.std() for channel in channels])
        return cls(np.array([channel.mean() for channel in channels]), np.where(deviation > 0, deviation, 1.0))

    def __call__(self, numbers):
        """The integers of ``numbers`` [..., channels]."""
        made = np.empty(numbers.shape, dtype=np.int8)
        for k in range(numbers.shape[-1]):  # a channel at a time: the float64 of all would be eight times the data
            scaled = (numbers[..., k].astype(np.float64) - self.mean[k]) / self.deviation[k] * STEPS
            made[..., k] = np.clip(np.rint(scaled), -128, 127)
        return made

    def measured(self, integers):
        """The numbers [..., channels] that ``integers`` stand for, as float64."""
        return integers * SCALE * self.deviation + self.mean
