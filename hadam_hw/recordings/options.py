# SPDX-License-Identifier: BSD-2-Clause
"""What a user says about files that do not say it themselves."""

import re
from dataclasses import dataclass
from pathlib import Path

from hadam_hw.errors import DataError
from hadam_hw.recordings.limits import MAX_RATE_HZ
from hadam_hw.recordings.recording import Kind


@dataclass(frozen=True)
class ReadOptions:
    """How files are read.

    Parameters
    ----------
    rate_hz : float or None
        Samples a second of files without a time column or a rate of their own.
    resample_hz : float or None
        The rate that all recordings are brought to; None keeps theirs, or for sound the most common one.
    group_from : str or None
        A regular expression; what its first group (or all of it) matches in a file's path is the recording's group.
    table : Path or None
        A CSV file ``start,end,label`` in seconds from the first sample: PATH is then one long recording.
    background : str or None
        The class of what the table does not label; None leaves it out.
    kind : Kind or None
        What whole numbers without a unit are.

    Raises
    ------
    DataError
        If a rate is not positive, or the expression is none.
    """

    rate_hz: float | None = None
    resample_hz: float | None = None
    group_from: str | None = None
    table: Path | None = None
    background: str | None = None
    kind: Kind | None = None

    def __post_init__(self):
        for name, rate in (("rate", self.rate_hz), ("resample", self.resample_hz)):
            if rate is not None and not 0 < rate <= MAX_RATE_HZ:
                raise DataError(f"{name} must be above 0 and at most {MAX_RATE_HZ:,} Hz, not {rate!r}")
        if self.group_from is not None:
            try:
                re.compile(self.group_from)
            except re.error as error:
                raise DataError(f"group-from must be a regular expression, not {self.group_from!r} ({error})") from None
