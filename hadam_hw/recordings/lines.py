# SPDX-License-Identifier: BSD-2-Clause
"""Lines of a sensor as they come, for ever, in constant memory: a pipe or a serial port."""

from dataclasses import dataclass, replace

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.recordings.limits import MAX_CHANNELS, MAX_STREAM_LINE_BYTES
from hadam_hw.recordings.names import shown
from hadam_hw.recordings.text_line import Header, delimiter_of, is_numbers
from hadam_hw.terminal import listed


@dataclass(frozen=True, eq=False)
class Sample:
    """A line.

    Parameters
    ----------
    number : int
        Of the line, from 1.
    seconds : float
        NaN where the stream has no time.
    values : float64 [channels]
        Finite.
    dropped : int
        Samples before it that nobody had time for.
    """

    number: int
    seconds: float
    values: np.ndarray
    dropped: int = 0


class Lines:
    """The samples of a stream of text, a line each; iterate over it once.

    The first line may be a header as of a CSV file. Without one the columns are the channels in their order. A line that is
    damaged is counted and left out; whoever listens from the middle on begins with half a line. No line is kept.

    Parameters
    ----------
    file : binary file
        Only its ``readline(limit)`` is called.
    name : str
        What the stream is called in sentences.
    channels : tuple of str or None
        Those wanted: values come in this order, whatever the header's, and channels beside them are left out. None takes what
        the first line has.
    strict : bool
        Whether a damaged line ends it with an error.

    Members
    -------
    name : str
    channels, units : tuple of str
        Of the values; known after the first sample. Units are "" where the stream does not say.
    damaged : int
        Lines left out so far.
    last_damage : str
        What was wrong with the latest of them, in a sentence.
    """

    def __init__(self, file, name="-", channels=None, strict=False):
        self._file, self.name, self._strict = file, name, strict
        self._header = None
        self.channels = channels
        self.units = ()
        self.damaged = 0
        self.last_damage = ""

    def __iter__(self):
        number = 0
        while line := self._file.readline(MAX_STREAM_LINE_BYTES + 1):
            number += 1
            place = f"{self.name}, line {number}"
            try:
                sample = self._sample(self._text(line, place), number, place)
            except DataError as error:
                self.damaged += 1
                self.last_damage = str(error)
                if self._strict:
                    raise
                continue
            if sample is not None:
                yield sample

    def _text(self, line, place):
        if len(line) > MAX_STREAM_LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = self._file.readline(MAX_STREAM_LINE_BYTES)
            raise DataError(f"{place}: a line must have at most {MAX_STREAM_LINE_BYTES:,} bytes")
        try:
            return line.decode().strip("\ufeff\r\n ")
        except UnicodeDecodeError:
            raise DataError(f"{place}: a line must be UTF-8 text") from None

    def _sample(self, text, number, place):
        if not text or text.startswith("#"):
            return None
        if self._header is None:
            if not is_numbers(text):
                self._header = self._named(text, place)
                return None
            header = self._unnamed(text)
            sample = self._read(header, text, number, place)
            self._header, self.channels, self.units = header, header.channels, header.units
            return sample
        return self._read(self._header, text, number, place)

    def _named(self, text, place):
        """The header of the line ``text``, with its columns in the order wanted."""
        header = Header.parse(text, place)
        wanted = header.channels if self.channels is None else self.channels
        lacking = [name for name in wanted if name not in header.channels]
        if lacking:
            raise DataError(f"{place}: a header must name the channels {listed(wanted)}, and lacks {shown(lacking[0])}")
        order = [header.channels.index(name) for name in wanted]
        self.channels, self.units = tuple(wanted), tuple(header.units[k] for k in order)
        return replace(header, numbers=tuple(header.numbers[k] for k in order), channels=self.channels, units=self.units)

    def _unnamed(self, text):
        """The header of a stream that has none."""
        delimiter = delimiter_of(text)
        count = min(len(text.rstrip(delimiter).split(delimiter)), MAX_CHANNELS)
        channels = self.channels or tuple(f"channel_{k}" for k in range(count))
        count = len(channels)
        return Header(delimiter, count, tuple(range(count)), channels, ("",) * count, None, 1.0, False, {})

    @staticmethod
    def _read(header, text, number, place):
        row = header.row(text, place)
        if row is None:
            return None
        values = np.array(row.values)
        if np.isnan(values).any():
            raise DataError(f"{place}: a line must have a number in each cell, and one is empty")
        return Sample(number, row.seconds, values)
