# SPDX-License-Identifier: BSD-2-Clause
"""A recording becomes what a model takes: its channels by their names, its numbers by their kind, its windows."""

from dataclasses import dataclass, replace

import numpy as np

from hadam_hw.errors import DataError, ModelError
from hadam_hw.input import Crop, LengthRule, NoFrontEnd
from hadam_hw.recordings import Kind
from hadam_hw.terminal import listed

#: Names of channels that nobody gave: they are matched by their places.
_UNNAMED = "channel_{}"


@dataclass(frozen=True, eq=False)
class Piece:
    """One sequence of a recording.

    Parameters
    ----------
    start : int
        The sample of the recording that it begins with.
    codes : int64 [steps, d_in]
    """

    start: int
    codes: np.ndarray


def pieces(source, recordings):
    """The sequences of each recording: its windows where ``source`` has a window, else all of it.

    A recording that is shorter than a window is one sequence, by the length rule. What is left behind the last whole window is
    left out.

    Parameters
    ----------
    source : Input
        Of a model.
    recordings : sequence of Recording

    Returns
    -------
    list of list of Piece

    Raises
    ------
    DataError
        If one lacks a channel, its units are others, or nobody said what its whole numbers are.
    """
    return [_cut(source, vectors) for vectors in _encoded(source, recordings)]


def _cut(source, vectors):
    if source.window is None or len(vectors) <= source.window:
        return [Piece(0, vectors)]
    starts = range(0, len(vectors) - source.window + 1, source.hop)
    return [Piece(start * source.front_end.frame_hop, vectors[start:start + source.window]) for start in starts]


def _encoded(source, recordings):
    """The integer vectors of each recording, whole; a short one by the length rule."""
    if source.front_end.kind != NoFrontEnd.kind or source.length.crop is not Crop.NONE:
        return [_of_one(source, recording) for recording in recordings]
    # a step is encoded without regard to its neighbors, so thousands of short recordings take one call
    try:
        kinds = {_kind(source, recording) for recording in recordings}
        if len(kinds) == 1 and Kind.CODES not in kinds:
            whole = replace(source, window=None, hop=None, length=LengthRule())
            matched = [_matched(source, recording) for recording in recordings]
            vectors = _of_values(whole, np.concatenate(matched), kinds.pop())
            parts = np.split(vectors, np.cumsum([len(values) for values in matched])[:-1])
            return [_by_rule(source, part) for part in parts]
    except (ModelError, DataError):
        pass  # one by one, so that the sentence names the recording
    return [_of_one(source, recording) for recording in recordings]


def _of_one(source, recording):
    try:
        kind = _kind(source, recording)
        if kind is Kind.CODES:
            return _codes(source, recording)
        whole = replace(source, window=None, hop=None, length=LengthRule())
        values = _matched(source, recording)
        front = source.front_end
        if source.window is not None and len(values) >= (source.window - 1) * front.frame_hop + front.frame:
            return _of_values(whole, values, kind)
        return _of_values(source, values, kind)
    except ModelError as error:
        raise DataError(f"{recording.source}: {error}") from None


def _of_values(source, values, kind):
    if kind is Kind.COUNTS and not _same_counts(source):
        return source.encode_counts(values.astype(np.int64))
    return source.encode(values.astype(np.float64, copy=False))


def _by_rule(source, vectors):
    """What the length rule makes of the vectors of a sequence; longer ones are cut into windows, where there is one."""
    if source.window is not None and len(vectors) >= source.window:
        return vectors
    return source.length.padded(source.length.cropped(vectors))


def _kind(source, recording):
    """What the numbers are; what could be two things is refused."""
    if not source.known:
        if recording.kind in (Kind.MEASURED, Kind.COUNTS):
            raise DataError(f"{recording.source} holds {recording.kind.value} numbers, and the model's file does not say how "
                            "they become its input; give codes, or fit a model on your own recordings")
        return Kind.CODES
    if recording.kind is not None:
        return recording.kind
    if _same_counts(source):  # the model was fitted on such numbers
        return Kind.MEASURED
    raise DataError(f"{recording.source} holds whole numbers without a unit, which could be measured numbers, counts of the "
                    "sensor or codes of the model; say which: --units measured, counts or codes")


def _same_counts(source):
    """Whether a raw count of each source is 1 in its unit, so that it is all the same what a number is called."""
    return all(one.count == 1 for one in source.sources)


def _codes(source, recording):
    values = recording.values
    if values.dtype.kind != "i" or values.shape[1] != source.size or not source.holds(values):
        raise DataError(f"{recording.source} must hold codes of the model: {source.size} whole numbers a step between "
                        f"{source.minimum} and {source.maximum}")
    return values


def _matched(source, recording):
    """The values in the order of the sources."""
    wanted = [one.name for one in source.sources]
    given = list(recording.channels)
    nameless = given == [_UNNAMED.format(k) for k in range(len(given))]
    if len(given) == 1 == len(wanted) or (nameless and len(given) == len(wanted)):
        order = range(len(given))
    else:
        lacking = [name for name in wanted if name not in given]
        if lacking:
            raise DataError(f"{recording.source} must have the channels {listed(wanted)}, and lacks {lacking[0]!r}; it has "
                            f"{listed(given)}")
        order = [given.index(name) for name in wanted]
    for place, one in zip(order, source.sources):
        other = recording.units[place]
        if one.unit and other and other != one.unit and recording.kind is Kind.MEASURED:
            raise DataError(f"{recording.source} must have {one.name} in {one.unit}, as the model takes it, not in {other}")
    return recording.values if list(order) == list(range(len(given))) else recording.values[:, list(order)]
