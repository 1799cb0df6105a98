# SPDX-License-Identifier: BSD-2-Clause
"""Text of cells, as loggers and spreadsheets write it: a header with the channels' names, and a row a sample.

Read are byte-order marks, ``;`` or tabs, the decimal comma where the delimiter is another, trailing delimiters, quotes, blank
lines, lines that begin with ``#`` before the header and the ``sep=;`` of spreadsheets. An empty cell, or one that says NaN, is
a sample that is missing. The text is read a block at a time: whole columns where all is plain, line by line where something is
odd.
"""

import math
import re
from dataclasses import dataclass

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.recordings.limits import (
    MAX_LINE_BYTES,
    MAX_LINES,
    MAX_MAGNITUDE,
    MAX_PIECES,
    MAX_TEXT_BYTES,
    MAX_TEXT_VALUES,
)
from hadam_hw.recordings.names import shown
from hadam_hw.recordings.open_file import regular_file
from hadam_hw.recordings.text_line import Header, decimal_marks, text_of

_BLOCK = 1 << 19
#: Of the letters those of "NaN" and of exponents; "inf" is none of them.
_PLAIN = re.compile(r"[0-9+\-.,eEnaN \t]*")
_QUOTED = re.compile(r' *"[^"]*" *|[^"]*')
_MOMENT = re.compile(r" *\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})? *", re.ASCII)


@dataclass(frozen=True, eq=False)
class TextTable:
    """The contents of one file.

    Parameters
    ----------
    channels, units : tuple of str
    values : float64 [rows, channels]
        NaN where a sample is missing.
    seconds : float64 [rows] or None
        The time column, NaN where it is empty.
    time_unit_given : bool
        Whether the file says in what the time is.
    texts : dict of str to object [rows]
        For each of "label" and "group" that is a column: a text a row, None where it is empty.
    lines : int64 [rows]
        The number of each row's line, from 1.
    warnings : tuple of str
    """

    channels: tuple[str, ...]
    units: tuple[str, ...]
    values: np.ndarray
    seconds: np.ndarray | None
    time_unit_given: bool
    texts: dict[str, np.ndarray]
    lines: np.ndarray
    warnings: tuple[str, ...]


def read_text_table(path, name, max_bytes=MAX_TEXT_BYTES):
    """The :class:`TextTable` of the file at ``path``, called ``name`` in sentences; None if it has no rows.

    Raises
    ------
    DataError
        With file and line, if it is not such a table or beyond a limit.
    """
    with regular_file(path, name, max_bytes) as file:
        return _Reader(file, name).table()


class _Reader:
    """One pass over a file, a block of whole lines at a time."""

    def __init__(self, file, name):
        self._file, self._name = file, name
        self._header = None
        self._line = 0
        self._count = 0
        self._values, self._times, self._numbers, self._texts = [], [], [], []
        self._warnings = []
        self._delimiter = None
        self._marks = set()
        self._names = {None: None}

    def table(self):
        for lines, last in self._blocks():
            first = self._line + 1
            self._line += len(lines)
            if self._line > MAX_LINES:
                raise DataError(f"{self._name}: a file must have at most {MAX_LINES:,} lines; cut it into several")
            start = 0
            while self._header is None and start < len(lines):
                self._begin(lines[start], f"{self._name}, line {first + start}")
                start += 1
            if self._header is not None and start < len(lines):
                self._rows(lines[start:], first + start, last)
            if self._count * max(len(self._header.numbers) if self._header else 0, 1) > MAX_TEXT_VALUES:
                raise DataError(f"{self._name}: a file must have at most {MAX_TEXT_VALUES:,} numbers; cut it into several")
        if not self._count:
            return None
        header = self._header
        texts = {word: np.concatenate([block[k] for block in self._texts]) for k, word in enumerate(header.texts)}
        return TextTable(
            header.channels, header.units, np.concatenate(self._values),
            None if header.time is None else np.concatenate(self._times), header.time_unit_given, texts,
            np.concatenate(self._numbers), tuple(self._warnings))

    def _blocks(self):
        """(lines, whether the last one lacks its end) again and again."""
        rest, newline, begun = b"", None, False
        while True:
            chunk = self._file.read(_BLOCK)
            if not begun:
                begun = True
                if chunk.startswith((b"\xff\xfe", b"\xfe\xff")):
                    raise DataError(f"{self._name}: text must be UTF-8, not UTF-16; save it as 'CSV UTF-8'")
                chunk = chunk.removeprefix(b"\xef\xbb\xbf")
                newline = b"\r" if b"\r" in chunk and b"\n" not in chunk else b"\n"
            data = rest + chunk
            end = data.rfind(newline) + 1
            if not chunk:
                if data:
                    yield self._decoded(data, newline), True
                return
            if not end and len(data) > MAX_LINE_BYTES:
                raise DataError(f"{self._name}, line {self._line + 1}: a line must have at most {MAX_LINE_BYTES:,} bytes")
            rest = data[end:]
            if end:
                yield self._decoded(data[:end - 1], newline), False

    def _decoded(self, data, newline):
        try:
            text = data.decode()
        except UnicodeDecodeError:  # what spreadsheets on Windows write where a unit has a degree sign
            text = data.decode("latin-1")
        lines = text.replace("\r\n", "\n").removesuffix("\r").split(newline.decode())
        if max(map(len, lines)) > MAX_LINE_BYTES:
            line = self._line + 1 + next(k for k, line in enumerate(lines) if len(line) > MAX_LINE_BYTES)
            raise DataError(f"{self._name}, line {line}: a line must have at most {MAX_LINE_BYTES:,} bytes")
        return lines

    def _begin(self, line, place):
        line = line.strip("\r ")
        if not line or line.startswith("#"):
            return
        if line.casefold().startswith("sep=") and len(line) == 5:
            self._delimiter = line[4]
            return
        self._header = Header.parse(line, place, self._delimiter)

    def _rows(self, lines, first, last):
        if not self._plain(lines, first):
            self._odd(lines, first, last)

    def _plain(self, lines, first):
        """Whether all lines are plain; they are then read, a column at a time."""
        header, numbers = self._header, None
        if not all(lines):
            numbers = [first + k for k, line in enumerate(lines) if line.strip()]
            lines = [line for line in lines if line.strip()]
            if not lines:
                return True
        wanted = header.width - 1
        more = lines[0].count(header.delimiter) - wanted
        if more > 0:  # a delimiter too many at the end of each line
            if not all(line.endswith(header.delimiter * more) for line in lines):
                return False
            lines = [line[:-more] for line in lines]
        if any(line.count(header.delimiter) != wanted for line in lines):
            return False
        cells = header.delimiter.join(lines).split(header.delimiter)
        if any('"' in line for line in lines):
            if not all(map(_QUOTED.fullmatch, cells)):
                return False
            cells = [cell.strip().strip('"') for cell in cells]
        found = self._columns(cells, len(lines))
        if found is None:
            return False
        values, times, marks = found
        if np.isnan(values).all(axis=1).any():  # it may be a line of empty cells, which is none
            return False
        self._marks = marks
        place = f"{self._name}, line {first} or later"
        texts = [self._known(cells[column::header.width], place) for column in header.texts.values()]
        numbers = np.arange(first, first + len(lines)) if numbers is None else np.array(numbers)
        self._add(values, times, numbers, texts)
        return True

    def _columns(self, cells, rows):
        """(values, times, decimal marks) of plain ``cells``, or None if they are not plain."""
        header = self._header
        marks = set(self._marks)
        if header.delimiter != ",":
            for column in header.numbers:
                text = "".join(cells[column::header.width])
                marks |= {mark for mark in ",." if mark in text}
        if len(marks) > 1:
            return None
        if not header.texts and (grid := _floats(cells)) is not None:  # all in one go
            grid = grid.reshape(rows, header.width)
            times = np.full(rows, math.nan) if header.time is None else grid[:, header.time] * header.time_scale
            return grid[:, header.numbers], times, marks
        columns = [_floats(cells[column::header.width]) for column in header.numbers]
        times = np.full(rows, math.nan)
        if header.time is not None:
            column = cells[header.time::header.width]
            times = _floats(column, header.time_scale)
            times = _moments(column) if times is None else times
        if times is None or any(column is None for column in columns):
            return None
        return np.stack(columns, axis=1), times, marks

    def _odd(self, lines, first, last):
        numbers, values, times, texts = [], [], [], []
        for number, line in enumerate(lines, first):
            place = f"{self._name}, line {number}"
            try:
                row = self._header.row(line, place)
            except DataError:
                if last and number == first + len(lines) - 1 and number > 2:  # the power went while it was written
                    self._warnings.append(f"{place}: the last line is not complete and was left out")
                    break
                raise
            if row is not None:
                self._marks = decimal_marks("".join(row.marks), self._marks, place)
                numbers.append(number)
                times.append(row.seconds)
                values.append(row.values)
                texts.append(row.texts)
        if numbers:
            texts = [self._known(column, f"{self._name}, line {numbers[0]} or later") for column in zip(*texts)]
            self._add(np.array(values), np.array(times), np.array(numbers), texts)

    def _known(self, cells, place):
        """object [cells]: texts, each of them kept once."""
        found = np.empty(len(cells), object)
        for k, cell in enumerate(cells):
            if cell not in self._names:
                if len(self._names) >= MAX_PIECES:
                    raise DataError(f"{place}: labels and groups must be at most {MAX_PIECES:,} different ones in a file")
                self._names[cell] = text_of(cell, place)
            found[k] = self._names[cell]
        return found

    def _add(self, values, times, numbers, texts):
        beyond = np.abs(values) > MAX_MAGNITUDE
        if beyond.any():
            row, column = np.argwhere(beyond)[0]
            raise DataError(f"{self._name}, line {numbers[row]}: {shown(self._header.channels[column])} must lie within "
                            f"{MAX_MAGNITUDE:g}, not be {values[row, column]:g}")
        self._count += len(values)
        self._values.append(np.ascontiguousarray(values))
        self._times.append(times)
        self._numbers.append(numbers)
        self._texts.append(texts)


def _floats(column, scale=1.0):
    """float64: the cells of ``column`` times ``scale``, NaN where they are empty; None if one is not plain."""
    text = "".join(column)
    if not _PLAIN.fullmatch(text):
        return None
    if "," in text:
        column = [cell.replace(",", ".") for cell in column]
    try:
        values = np.fromiter(map(float, column), np.float64, len(column))
    except ValueError:
        try:
            values = np.fromiter((float(cell) if cell.strip() else math.nan for cell in column), np.float64, len(column))
        except ValueError:
            return None
    return None if np.isinf(values).any() else values * scale


def _moments(column):
    """float64: the cells of ``column`` as seconds since 1970, or None if one is not like 2026-05-01T12:00:00.5."""
    if not all(map(_MOMENT.fullmatch, column)):
        return None
    try:
        return np.array([cell.strip() for cell in column], "datetime64[us]").astype(np.int64) * 1e-6
    except ValueError:
        return None
