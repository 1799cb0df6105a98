# SPDX-License-Identifier: BSD-2-Clause
"""Windows of samples as they come: what a model is asked again and again, in constant memory."""

from dataclasses import replace

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.input import LengthRule
from hadam_hw.recordings import Kind, Recording
from hadam_hw.recordings.names import kind_of_units


def whole_input(source):
    """``source`` as it encodes a window that is already cut."""
    return replace(source, window=None, hop=None, length=LengthRule()) if source.known and source.window else source


def windows(samples, lines, source, kind=None, rate_hz=None):
    """Yields a :class:`~hadam_hw.recordings.Recording` a window; without a window one of all samples, at the end.

    Parameters
    ----------
    samples : iterable of Sample
        Those of ``lines``, perhaps by way of a queue. A gap in their numbers begins a window anew.
    lines : Lines
        Knows the channels and their units.
    source : Input
        Of the model.
    kind : Kind, optional
        What the numbers are where the lines do not say. If nobody does, the first window decides: numbers that are not whole
        are measured, and whole ones stay without a kind, which whoever encodes them refuses.
    rate_hz : float, optional

    Raises
    ------
    DataError
        If the hop is longer than the window, or numbers that are counts or codes are not whole.
    """
    window = None if source.window is None else (source.window - 1) * source.front_end.frame_hop + source.front_end.frame
    hop = None if window is None else source.hop * source.front_end.frame_hop
    if window is not None and hop > window:
        raise DataError(f"hop must be at most the window of {window} samples for lines as they come, not {hop}")
    kept, first, place, before = [], 0, -1, None
    for sample in samples:
        place += 1
        if window is not None and before is not None and sample.dropped != before:
            place += sample.dropped - before
            kept, first = [], place
        before = sample.dropped
        kept.append(sample.values)
        if window is not None and len(kept) == window:
            kind = kind or _kind(lines, kept)
            yield _recording(lines, kept, first, kind, rate_hz)
            kept, first = kept[hop:], first + hop
    if window is None and kept:
        yield _recording(lines, kept, 0, kind or _kind(lines, kept), rate_hz)


def _kind(lines, kept):
    whole = all((values == np.rint(values)).all() for values in kept)
    return kind_of_units(lines.units) or (None if whole else Kind.MEASURED)


def _recording(lines, kept, first, kind, rate_hz):
    values = np.array(kept)
    if kind in (Kind.COUNTS, Kind.CODES):
        if (values != np.rint(values)).any():
            raise DataError(f"Lines must hold whole numbers, as they are {kind.value}")
        values = values.astype(np.int64)
    return Recording(values, lines.channels, lines.units, rate_hz, None, None, None, lines.name, kind, first)
