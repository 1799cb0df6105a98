# SPDX-License-Identifier: BSD-2-Clause
"""Recordings brought to another rate by SciPy's polyphase filter, which is loaded only then."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from hadam_hw.errors import DataError, ToolMissingError
from hadam_hw.recordings.csv_file import whole_numbers
from hadam_hw.recordings.limits import MAX_FILE_VALUES
from hadam_hw.recordings.recording import Kind

#: Rates are to each other as integers up to this; the filter has twenty taps for each.
_MAX_FACTOR = 2000
#: Nearer than this, rates are the same: a clock is not better.
_SAME = 1e-4


def resampled(recording, rate_hz):
    """``recording`` at ``rate_hz``; whole numbers that are not measured are rounded and keep within their range.

    Raises
    ------
    DataError
        If its own rate is not known, or so far off that the result would be nothing or too much.
    ToolMissingError
        Without SciPy.
    """
    if recording.rate_hz is None:
        raise DataError(f"{recording.source} must have a rate to be resampled; give it with --rate, or write a time column")
    if abs(recording.rate_hz / rate_hz - 1) <= _SAME:
        return replace(recording, rate_hz=rate_hz)
    ratio = Fraction(rate_hz / recording.rate_hz).limit_denominator(_MAX_FACTOR)
    if not 0 < ratio.numerator <= _MAX_FACTOR or recording.values.size * ratio > MAX_FILE_VALUES:
        raise DataError(f"{recording.source} has {recording.rate_hz:g} Hz, which cannot be brought to {rate_hz:g} Hz; choose a "
                        "rate nearer to its own")
    try:
        from scipy.signal import resample_poly
    except ImportError:
        raise ToolMissingError(f"{recording.source} has {recording.rate_hz:g} Hz and must be brought to {rate_hz:g} Hz, which "
                               "needs SciPy; install it: pip install 'hadam_hw[data]'") from None
    values = resample_poly(recording.values.astype(np.float64), ratio.numerator, ratio.denominator, axis=0, padtype="line")
    if recording.kind is not Kind.MEASURED and whole_numbers(recording.values):
        np.rint(values, out=values)
        np.clip(values, recording.values.min(), recording.values.max(), out=values)
        values = values.astype(recording.values.dtype)
    return replace(recording, values=values, rate_hz=rate_hz, start=round(recording.start * ratio))
