# SPDX-License-Identifier: BSD-2-Clause
"""What a reader returns: recordings, and the set that they make up."""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.recordings.limits import MAX_CHANNELS
from hadam_hw.terminal import listed


class Part(Enum):
    """What a recording is for."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Kind(Enum):
    """What the numbers of a recording are: a physical quantity, what the converter counted, or a model's input codes."""

    MEASURED = "measured"
    COUNTS = "counts"
    CODES = "codes"


@dataclass(frozen=True, eq=False)
class Recording:
    """What one sensor measured in one go.

    Parameters
    ----------
    values : float64 or int64 [steps, channels]
        Finite, read-only; int64 where all recordings of a set hold whole numbers that are not MEASURED.
    channels : tuple of str
        A name each.
    units : tuple of str
        "g", "rad/s"; "" where it is not known.
    rate_hz : float or None
    label : str or None
        The class.
    group : str or None
        The person, device or day: what a split must not cut.
    part : Part or None
        What it is for, where the files say so.
    source : str
        The file, as told in sentences; or what of it is a recording by itself, as a sequence of an archive. A split never cuts
        one.
    kind : Kind or None
        None for whole numbers without a unit, which could be any kind.
    start : int
        The step of its source that it begins with: a source is cut by gaps and by windows.

    Raises
    ------
    DataError
        If these do not fit together.
    """

    values: np.ndarray
    channels: tuple[str, ...]
    units: tuple[str, ...]
    rate_hz: float | None
    label: str | None
    group: str | None
    part: Part | None
    source: str
    kind: Kind | None
    start: int = 0

    def __post_init__(self):
        values = np.asarray(self.values)
        if values.ndim != 2 or not len(values) or not 1 <= values.shape[1] <= MAX_CHANNELS:
            raise DataError(f"Values of {self.source} must be [steps, channels] with 1 step or more and 1 to {MAX_CHANNELS} "
                            f"channels, not {list(values.shape)}")
        if values.dtype not in (np.float64, np.int64):
            raise DataError(f"Values of {self.source} must be float64 or int64, not {values.dtype}")
        if not len(self.channels) == len(self.units) == values.shape[1]:
            raise DataError(f"{self.source} must have a name and a unit for each of its {values.shape[1]} channels, not "
                            f"{len(self.channels)} and {len(self.units)}")
        values = values.view()
        values.flags.writeable = False
        object.__setattr__(self, "values", values)

    def __len__(self):
        return len(self.values)

    def cut(self, start, end):
        """The steps from ``start`` up to ``end`` of this recording, without a copy."""
        return replace(self, values=self.values[start:end], start=self.start + start)

    def with_channels(self, names, whose):
        """This recording with the channels ``names`` in their order; it may have them in another one, and no others.

        Raises
        ------
        DataError
            If it has not these channels, which are those of ``whose``, a file or a model.
        """
        if self.channels == names:
            return self
        if sorted(self.channels) != sorted(names):
            raise DataError(f"{self.source} must have the channels of {whose}, {listed(names)}, not {listed(self.channels)}")
        order = [self.channels.index(name) for name in names]
        return replace(self, values=self.values[:, order], channels=names, units=tuple(self.units[k] for k in order))


@dataclass(frozen=True, eq=False)
class RecordingSet:
    """Recordings of the same channels.

    Parameters
    ----------
    recordings : tuple of Recording
        One or more, with the channels, units, rate and kind of the set.
    channels, units : tuple of str
    rate_hz : float or None
    classes : tuple of str
        The labels, in the order in which a model numbers them.
    kind : Kind or None
        As of a :class:`Recording`.
    warnings : tuple of str
        A sentence each, for whoever reads the files.

    Raises
    ------
    DataError
        If a recording has other channels, or a label that is no class.
    """

    recordings: tuple[Recording, ...]
    channels: tuple[str, ...]
    units: tuple[str, ...]
    rate_hz: float | None
    classes: tuple[str, ...]
    kind: Kind | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self):
        if not self.recordings:
            raise DataError("Recordings must be one or more, not none")
        known = {*self.classes, None}
        for recording in self.recordings:
            if recording.channels != self.channels:
                raise DataError(f"{recording.source} must have the channels {listed(self.channels)}, not "
                                f"{listed(recording.channels)}")
            if recording.label not in known:
                raise DataError(f"{recording.source} must have one of the classes {listed(self.classes)}, not "
                                f"{recording.label!r}")

    def __len__(self):
        return len(self.recordings)

    @property
    def labels(self):
        """int64 [recordings]: the number of each recording's class, -1 where it has none."""
        numbers = {name: k for k, name in enumerate(self.classes)}
        return np.array([numbers.get(recording.label, -1) for recording in self.recordings], np.int64)

    @property
    def lengths(self):
        """int64 [recordings]: steps of each."""
        return np.array([len(recording) for recording in self.recordings], np.int64)

    def chosen(self, indices):
        """The set of those recordings whose ``indices`` are given, in this order."""
        return replace(self, recordings=tuple(self.recordings[k] for k in indices))

    def windows(self, window, hop):
        """The set cut into windows, which inherit label, group, part and source; split first, then no window is on both sides.

        A recording that is shorter than a window stays one sequence, as it is.

        Parameters
        ----------
        window, hop : int
            Steps of a window, and from the beginning of one to that of the next; 1 or more.

        Raises
        ------
        DataError
            If one of them is not positive.
        """
        if window < 1 or hop < 1:
            raise DataError(f"window and hop must be 1 step or more, not {window} and {hop}")
        cut = []
        for recording in self.recordings:
            if len(recording) <= window:
                cut.append(recording)
            else:
                cut += [recording.cut(start, start + window) for start in range(0, len(recording) - window + 1, hop)]
        return replace(self, recordings=tuple(cut))
