# SPDX-License-Identifier: BSD-2-Clause
"""Sensors worn on a body: which channels are the axes of one unit by their names, and sequences that can be turned by units."""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hadam_hw.input import Input
from hadam_hw.train.tasks.task import Sequences

_AXIS = re.compile(r"(?P<sensor>.*?)[ _.\-]?(?P<axis>[xyz])", re.IGNORECASE)
_WORDS = re.compile(r"[a-z]+|\d+")
#: Words of a channel's name that say what is measured and not where the unit sits.
QUANTITIES = frozenset(("acc", "accel", "acceleration", "accelerometer", "linear", "lin", "gravity", "user", "body", "total",
                        "raw", "gyr", "gyro", "gyroscope", "angular", "velocity", "rotation", "rate", "omega", "mag", "magnet",
                        "magnetic", "magnetometer", "field", "sensor", "imu", "a", "g", "m", "w"))


@dataclass(frozen=True)
class Triad:
    """The three axes of a sensor.

    Parameters
    ----------
    place : str
        Where its unit sits, as far as the names say: "" where they do not, and all such triads turn together.
    channels : tuple of int
        The places of x, y and z among the channels.
    """

    place: str
    channels: tuple[int, int, int]


def triads(names, units=None):
    """The :class:`Triad` of each sensor whose three axes are among channels ``names``, as acc_x, acc_y, acc_z or gx, gy, gz.

    Parameters
    ----------
    names : sequence of str
    units : sequence of str, optional
        Three axes have the same one.
    """
    found = {}
    for k, name in enumerate(names):
        match = _AXIS.fullmatch(name)
        if match:
            key = match["sensor"].casefold(), None if units is None else units[k]
            found.setdefault(key, {}).setdefault(match["axis"].lower(), []).append(k)
    return tuple(Triad(_place(sensor), tuple(axes[axis][0] for axis in "xyz")) for (sensor, _), axes in found.items()
                 if len(axes) == 3 and all(len(places) == 1 for places in axes.values()))


def _place(sensor):
    """The words of ``sensor`` that say where it sits."""
    return " ".join(word for word in _WORDS.findall(sensor) if word not in QUANTITIES)


@dataclass(frozen=True, eq=False, kw_only=True)
class Worn(Sequences):
    """Sequences of units worn on the body, whose sensors' axes :func:`triads` finds by the channels' names.

    Parameters
    ----------
    source : Input
        What made the integers of what was measured.
    """

    source: Input

    @cached_property
    def _triads(self):
        return triads([channel.name for channel in self.source.channels], [channel.unit for channel in self.source.channels])

    @cached_property
    def _measured(self):
        """For each channel the numbers float64 that its codes, from the least to the greatest, stand for."""
        codes = np.arange(self.source.minimum, self.source.maximum + 1)
        return [channel.measured(codes) for channel in self.source.channels]

    def turned(self, inputs, degrees, rng):
        """``inputs`` [k, steps, channels] as if each unit sat otherwise: turned about an axis that is drawn, by an angle of
        deviation ``degrees``.

        Raises
        ------
        DataError
            If no three channels are the axes of a sensor.
        """
        if not self._triads:
            return super().turned(inputs, degrees, rng)
        places = list(dict.fromkeys(triad.place for triad in self._triads))
        turns = rotations(len(inputs) * len(places), degrees, rng).reshape(len(inputs), len(places), 3, 3)
        turned = inputs.copy()
        for triad in self._triads:
            turn = turns[:, places.index(triad.place), :, :, None]
            x, y, z = (self._measured[k][inputs[..., k] - np.int64(self.source.minimum)] for k in triad.channels)
            for row, k in enumerate(triad.channels):
                turned[..., k] = self.source.channels[k].codes(turn[:, row, 0] * x + turn[:, row, 1] * y + turn[:, row, 2] * z,
                                                               self.source.format)
        return turned


def rotations(count, degrees, rng):
    """Matrices [count, 3, 3] that turn by normally distributed angles about axes of any direction (Rodrigues' formula)."""
    axes = rng.normal(size=(count, 3))
    x, y, z = (axes / np.linalg.norm(axes, axis=1, keepdims=True)).T
    angles = np.radians(degrees) * rng.normal(size=(count, 1, 1))
    zero = np.zeros(count)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(count, 3, 3)
    return np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) * cross @ cross
