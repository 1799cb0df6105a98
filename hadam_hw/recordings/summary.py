# SPDX-License-Identifier: BSD-2-Clause
"""What there is to know of recordings before a training: counts, lengths, ranges, and who would be held out."""

from dataclasses import dataclass

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.recordings.recording import Part, RecordingSet
from hadam_hw.recordings.split import split

#: Steps that are looked at in one go.
_BLOCK = 1 << 14


@dataclass(frozen=True)
class ClassSummary:
    """One class; lengths in steps.

    Parameters
    ----------
    name : str
    recordings, groups, steps, shortest, median, longest : int
    parts : dict of str to int
        Recordings in each part of the split; empty if there is none.
    """

    name: str
    recordings: int
    groups: int
    steps: int
    shortest: int
    median: int
    longest: int
    parts: dict[str, int]


@dataclass(frozen=True)
class ChannelSummary:
    """One channel over all recordings."""

    name: str
    unit: str
    lowest: float
    highest: float
    mean: float
    deviation: float


@dataclass(frozen=True)
class Summary:
    """All of it, as data for JSON.

    Parameters
    ----------
    recordings, groups, steps : int
    rate_hz, seconds : float or None
    kind : str or None
        A word of :class:`~hadam_hw.recordings.recording.Kind`.
    split_by : str or None
        By what a training would split, "given", "group" or "file".
    classes : tuple of ClassSummary
    channels : tuple of ChannelSummary
    warnings : tuple of str
    """

    recordings: int
    groups: int
    steps: int
    rate_hz: float | None
    seconds: float | None
    kind: str | None
    split_by: str | None
    classes: tuple[ClassSummary, ...]
    channels: tuple[ChannelSummary, ...]
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, recordings: RecordingSet, seed=0):
        """That of ``recordings``, split by ``seed``; what a split refuses becomes a warning."""
        warnings, parts, by = list(recordings.warnings), None, None
        try:
            found = split(recordings, seed)
            parts, by = found.parts, found.by.value
            warnings += found.warnings
        except DataError as error:
            warnings.append(f"no training is possible: {error}")
        steps = int(recordings.lengths.sum())
        return cls(len(recordings), len(_groups(recordings.recordings)), steps, recordings.rate_hz,
                   None if recordings.rate_hz is None else steps / recordings.rate_hz,
                   None if recordings.kind is None else recordings.kind.value, by, tuple(_classes(recordings, parts)),
                   tuple(_channels(recordings)), tuple(dict.fromkeys(warnings)))


def _groups(recordings):
    return {recording.group for recording in recordings} - {None}


def _classes(recordings, parts):
    labels, lengths = recordings.labels, recordings.lengths
    for k, name in enumerate(recordings.classes):
        own = np.flatnonzero(labels == k)
        if not len(own):
            yield ClassSummary(name, 0, 0, 0, 0, 0, 0, {})
            continue
        within = lengths[own]
        counts = {} if parts is None else {part.value: sum(parts[i] is part for i in own) for part in Part}
        yield ClassSummary(name, len(own), len(_groups(recordings.recordings[i] for i in own)), int(within.sum()),
                           int(within.min()), int(np.median(within)), int(within.max()), counts)


def _channels(recordings):
    """Two passes, a block at a time: no second copy of all values."""
    every, count = recordings.recordings, recordings.lengths.sum()
    mean = sum(recording.values.sum(axis=0, dtype=np.float64) for recording in every) / count
    blocks = (recording.values[start:start + _BLOCK] for recording in every for start in range(0, len(recording), _BLOCK))
    spread = np.sqrt(sum(((block - mean) ** 2).sum(axis=0) for block in blocks) / count)
    lowest = np.min([recording.values.min(axis=0) for recording in every], axis=0)
    highest = np.max([recording.values.max(axis=0) for recording in every], axis=0)
    for k, (name, unit) in enumerate(zip(recordings.channels, recordings.units, strict=True)):
        yield ChannelSummary(name, unit, float(lowest[k]), float(highest[k]), float(mean[k]), float(spread[k]))
