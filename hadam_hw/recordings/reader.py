# SPDX-License-Identifier: BSD-2-Clause
"""The one way in: a path becomes recordings (docs/own-data.md)."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.recordings.array_file import read_npy, read_npz
from hadam_hw.recordings.csv_file import read_csv, settled
from hadam_hw.recordings.label_table import labeled, read_labels
from hadam_hw.recordings.layout import places
from hadam_hw.recordings.limits import MAX_CLASSES, MAX_VALUES, RATE_TOLERANCE
from hadam_hw.recordings.names import counted, natural, shown
from hadam_hw.recordings.open_file import walk
from hadam_hw.recordings.options import ReadOptions
from hadam_hw.recordings.recording import RecordingSet
from hadam_hw.recordings.resample import resampled
from hadam_hw.recordings.wav_file import read_wav

#: What reads a file, by the end of its name.
_READERS = {".csv": read_csv, ".wav": read_wav, ".npz": lambda *arguments: read_npz(*arguments)[0], ".npy": read_npy}
#: Of those, what a folder's files may be.
_IN_FOLDERS = (".csv", ".wav")
_DEFAULTS = ReadOptions()
#: A sensor that is clipped holds its end for more than this many samples, and one in a thousand; one with so few values is a
#: switch.
_HELD, _FEW_VALUES = 8, 16


def read_file(path, options=_DEFAULTS):
    """The recordings of one file, by the end of its name: .csv, .wav, .npz or .npy.

    Parameters
    ----------
    path : path-like
    options : ReadOptions

    Returns
    -------
    list of Recording
        One; more where gaps cut it, or it holds several; none if it is empty.

    Raises
    ------
    DataError
        One sentence with file and line.
    """
    recordings = _read(Path(path), shown(Path(path).name), options).recordings
    if options.resample_hz is not None:
        recordings = [resampled(recording, options.resample_hz) for recording in recordings]
    return settled(recordings, options.kind)[0] if recordings else []


def recordings_at(path, options=_DEFAULTS):
    """The recordings of a file, or of a folder: a tuple of :class:`Recording`.

    Raises
    ------
    DataError
        As :func:`read_file` and :func:`read_recordings`.
    """
    return tuple(read_recordings(path, options).recordings if path.is_dir() else read_file(path, options))


def read_recordings(path, options=_DEFAULTS):
    """All recordings at ``path``: an ``.npz``, a folder, or one file, with ``options.table`` as its labels.

    Parameters
    ----------
    path : path-like
    options : ReadOptions

    Returns
    -------
    RecordingSet

    Raises
    ------
    DataError
        One sentence with file and line, for what cannot be read or does not go together.
    """
    path, warnings, classes = Path(path), [], None
    if options.table is not None and (path.is_dir() or path.suffix.casefold() not in _IN_FOLDERS):
        raise DataError(f"{shown(path)} must be one long recording, a file that ends in {' or '.join(_IN_FOLDERS)}, since a "
                        "table of labels is given")
    if path.is_dir():
        recordings = _folder(path, options, warnings)
    elif path.suffix.casefold() == ".npz":
        read, classes = read_npz(path, shown(path.name), options)
        recordings = list(read.recordings)
    else:
        read = _read(path, shown(path.name), options)
        recordings = list(read.recordings)
        warnings += read.warnings
        if recordings and options.table is not None:
            name = shown(options.table.name)
            recordings = labeled(recordings, read_labels(options.table, name), options.background, name)
    if not recordings:
        raise DataError(f"{shown(path)} must hold recordings, and has none: " + (warnings[0] if warnings else "it is empty"))
    return _set(recordings, classes, options, warnings)


def _read(path, name, options):
    suffix = path.suffix.casefold()
    if suffix not in _READERS:
        raise DataError(f"{shown(name)} must be one of {', '.join(_READERS)}, by the end of its name, or a folder")
    return _READERS[suffix](path, shown(name), options)


def _folder(folder, options, warnings):
    paths = walk(folder)
    files = [path for path in paths if path.suffix.casefold() in _IN_FOLDERS]
    if len({path.suffix.casefold() for path in files}) > 1:
        raise DataError(f"Folder {shown(folder)} must hold files of one kind, not {' and '.join(_IN_FOLDERS)}")
    if not files:
        raise DataError(f"Folder {shown(folder)} must hold files that end in {' or '.join(_IN_FOLDERS)}, in a folder for each "
                        "class")
    found, said = places(folder, files, options.group_from)
    warnings += said
    others = [path for path in paths if path.suffix.casefold() not in (*_IN_FOLDERS, ".md", ".txt")]
    if others:
        warnings.append(f"{counted(len(others), 'file')} left out, not named {' or '.join(_IN_FOLDERS)}, "
                        f"{shown(others[0])} the first")
    recordings, count = [], 0
    for place in found:
        read = _read(Path(folder) / place.path, place.path.as_posix(), options)
        warnings += read.warnings
        recordings += [replace(recording, label=place.label if recording.label is None else recording.label,
                               group=place.group if recording.group is None else recording.group, part=place.part)
                       for recording in read.recordings]
        count += sum(recording.values.size for recording in read.recordings)
        if count > MAX_VALUES:
            raise DataError(f"Folder {shown(folder)} must hold at most {MAX_VALUES:,} numbers, and {shown(place.path)} is "
                            "beyond; take fewer files or a lower rate")
    if files[0].suffix.casefold() == ".wav" and options.resample_hz is None:
        return _sounds_at_one_rate(recordings, warnings)
    return recordings


def _sounds_at_one_rate(recordings, warnings):
    """Sounds, which nobody wants to convert by hand, at the most common of their rates; of several the lowest."""
    rate = Counter(sorted(recording.rate_hz for recording in recordings)).most_common(1)[0][0] if recordings else None
    others = [recording for recording in recordings if recording.rate_hz != rate]
    if others:
        warnings.append(f"{others[0].source} has {others[0].rate_hz:g} Hz and was brought to the {rate:g} Hz of most, one of "
                        f"{counted(len(others), 'such recording')}")
    return [resampled(recording, rate) for recording in recordings]


def _set(recordings, classes, options, warnings):
    first = recordings[0]
    recordings = [recording.with_channels(first.channels, first.source) for recording in recordings]
    for recording in recordings:
        _check_units(recording, first)
    recordings = _at_one_rate(recordings, options)
    recordings, kind = settled(recordings, options.kind)
    labels = {recording.label for recording in recordings} - {None}
    if labels:
        for recording in recordings:
            if recording.label is None:
                raise DataError(f"{recording.source} must have a class as the others do: put it into a folder that is named so")
    classes = tuple(sorted(labels, key=natural)) if classes is None else classes
    if len(classes) > MAX_CLASSES:
        raise DataError(f"Classes must be at most {MAX_CLASSES}, not {len(classes)}; is each file in a folder of its own?")
    warnings = [*warnings, *_looks(recordings, first.channels, classes)]
    return RecordingSet(tuple(recordings), first.channels, first.units, recordings[0].rate_hz, classes, kind, tuple(warnings))


def _check_units(recording, first):
    if recording.units != first.units:
        k = next(k for k, (own, other) in enumerate(zip(recording.units, first.units)) if own != other)
        raise DataError(f"{recording.source} must have the units of {first.source}: channel {first.channels[k]} is in "
                        f"{first.units[k] or 'no unit'} there and in {recording.units[k] or 'no unit'} here")


def _at_one_rate(recordings, options):
    """The recordings, all with the same rate: that asked for, or the median if all are near it."""
    rates = [recording.rate_hz for recording in recordings if recording.rate_hz is not None]
    if options.resample_hz is not None:
        return [resampled(recording, options.resample_hz) for recording in recordings]
    if not rates:
        return recordings
    rate = float(np.median(rates))
    for recording in recordings:
        if recording.rate_hz is not None and abs(recording.rate_hz / rate - 1) > RATE_TOLERANCE:
            raise DataError(f"{recording.source} must have the rate of the others, {rate:.5g} Hz, not {recording.rate_hz:.5g} "
                            f"Hz; bring all to one with --resample {rate:.5g}")
    return [replace(recording, rate_hz=rate) for recording in recordings]


def _looks(recordings, channels, classes):
    """Sentences about what would make a training poor."""
    spans = np.array([[recording.values.min(axis=0), recording.values.max(axis=0)] for recording in recordings])
    for k, name in enumerate(channels):
        low, high = spans[:, 0, k].min() + 0, spans[:, 1, k].max() + 0  # -0.0 becomes 0.0
        if low == high:
            yield f"channel {name} is {low:g} everywhere, so it says nothing"
            continue
        flat = [recording for recording, span in zip(recordings, spans) if span[0, k] == span[1, k] and len(recording) > 1]
        if flat:
            yield (f"{flat[0].source}: channel {name} is constant in this and in {counted(len(flat) - 1, 'other recording')}"
                   if len(flat) > 1 else f"{flat[0].source}: channel {name} is constant")
        if clipped := _clipped(recordings, spans, k):
            yield clipped
    counts = Counter(recording.label for recording in recordings)
    if len(classes) == 1:
        yield f"there is one class, {classes[0]}; a model needs two or more to tell apart"
    for name in classes:
        if counts[name] <= 3 and len(classes) > 1:
            yield f"class {name} has {counted(counts[name], 'recording')}, too few to train on and to be judged by"
    known = [counts[name] for name in classes if counts[name]]
    if known and max(known) > 5 * min(known):
        yield f"classes are of very unequal size, {min(known)} to {max(known)} recordings; a training should weight them"
    if counts[None] == len(recordings):
        yield "there are no labels"


def _clipped(recordings, spans, channel):
    """A sentence if a channel's extreme value is held for many samples, as a sensor beyond its range does."""
    total = sum(len(recording) for recording in recordings)
    if len(np.unique(recordings[0].values[:1000, channel])) <= _FEW_VALUES:  # a switch is at its ends all the time
        return None
    for extreme, end in ((spans[:, 0, channel].min(), 0), (spans[:, 1, channel].max(), 1)):
        held = 0
        reached = [recordings[k] for k in np.flatnonzero(spans[:, end, channel] == extreme)]
        for recording in reached:
            at = recording.values[:, channel] == extreme
            held += int((at[1:] & at[:-1]).sum())
        if held > max(_HELD, total // 1000):
            return (f"{reached[0].source}: channel {recordings[0].channels[channel]} stays at {extreme:g}, its end, for {held} "
                    "samples in all; was the sensor's range too small?")
    return None
