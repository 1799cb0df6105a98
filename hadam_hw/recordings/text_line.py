# SPDX-License-Identifier: BSD-2-Clause
"""One line of a text of cells: the header that names the channels, a row, and what a cell may hold."""

import csv
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from hadam_hw.errors import DataError
from hadam_hw.recordings.limits import MAX_CHANNELS, MAX_NAME_CHARACTERS
from hadam_hw.recordings.names import is_name, name_and_unit, shown

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MISSING = {"", "nan", "+nan", "-nan", "na", "n/a", "null", "none", "#n/a"}
_TIME = re.compile(r"(time|t|timestamps?|seconds?|sec|date_?time)(_(?P<unit>s|ms|us|ns))?", re.IGNORECASE)
_SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}


@dataclass(frozen=True, eq=False)
class Row:
    """One line: its time in seconds or NaN, the channels' values, the texts' columns, and the decimal marks in use."""

    seconds: float
    values: list[float]
    texts: list[str | None]
    marks: set[str]


@dataclass(frozen=True)
class Header:
    """What the columns are: indices of channels, of the time and of texts.

    Parameters
    ----------
    delimiter : str
    width : int
        Columns, without empty ones at the end.
    numbers : tuple of int
        The columns of the channels.
    channels, units : tuple of str
    time : int or None
    time_scale : float
        Seconds of one unit of time.
    time_unit_given : bool
    texts : dict of str to int
    """

    delimiter: str
    width: int
    numbers: tuple[int, ...]
    channels: tuple[str, ...]
    units: tuple[str, ...]
    time: int | None
    time_scale: float
    time_unit_given: bool
    texts: dict[str, int]

    @classmethod
    def parse(cls, line, place, delimiter=None):
        """The header in the text ``line``, which ``place`` names in sentences."""
        try:
            return cls._parse(line, delimiter)
        except DataError as error:
            raise DataError(f"{place}: {error}") from None

    @classmethod
    @lru_cache(maxsize=16)  # the files of a folder have the same one
    def _parse(cls, line, delimiter):
        if delimiter is None:
            delimiter = delimiter_of(line)
        cells = cells_of(line, delimiter)
        while cells and not cells[-1].strip():
            cells.pop()
        if len(cells) > MAX_CHANNELS + 3:
            raise DataError(f"a file must have at most {MAX_CHANNELS} channels, not {len(cells):,} columns")
        if cells and is_numbers(line, delimiter):
            raise DataError(f"the header must name the columns, and this line holds numbers; write a first line such "
                            f"as {delimiter.join(['time', 'x', 'y', 'z'][:max(len(cells), 2)])!r}")
        numbers, channels, units, texts, time, scale, given = [], [], [], {}, None, 1.0, False
        for column, cell in enumerate(cells):
            name, unit = name_and_unit(cell)
            if not is_name(name) or len(unit) > MAX_NAME_CHARACTERS or (unit and not unit.isprintable()):
                raise DataError(f"column {column + 1} must have a name of 1 to {MAX_NAME_CHARACTERS} printable "
                                f"characters, not {shown(cell)!r}")
            if name.casefold() in ("label", "group") and name.casefold() not in texts:
                texts[name.casefold()] = column
            elif time is None and (match := _TIME.fullmatch(name.replace(" ", "_"))):
                word = (unit or match["unit"] or "").casefold()
                if word not in _SECONDS:
                    raise DataError(f"the time must be in s, ms, us or ns, not {shown(unit)!r}")
                time, scale, given = column, _SECONDS[word], bool(word)
            else:
                numbers.append(column)
                channels.append(name)
                units.append(unit)
        twice = sorted({name for name in channels if channels.count(name) > 1})
        if twice:
            raise DataError(f"each channel must have a name of its own, and {shown(twice[0])!r} is there twice")
        if not 1 <= len(channels) <= MAX_CHANNELS:
            raise DataError(f"a file must have 1 to {MAX_CHANNELS} channels beside the time, not {len(channels)}")
        return cls(delimiter, len(cells), tuple(numbers), tuple(channels), tuple(units), time, scale, given, texts)

    def row(self, line, place):
        """The :class:`Row` of one ``line`` of any spelling; None if all its cells are empty."""
        try:
            cells = cells_of(line, self.delimiter)
        except DataError as error:
            raise DataError(f"{place}: {error}") from None
        while len(cells) > self.width and not cells[-1].strip():
            cells.pop()
        if not any(cell.strip() for cell in cells):
            return None
        if len(cells) != self.width:
            raise DataError(f"{place}: a line must have the header's {self.width} cells, not {len(cells)}")
        marks = decimal_marks("".join([cells[column] for column in self.numbers]), set(), place)
        values = [_number(cells[column].replace(",", "."), f"{place}: {shown(name)}")
                  for column, name in zip(self.numbers, self.channels, strict=True)]
        time = math.nan if self.time is None else _time(cells[self.time].replace(",", "."), place, self.time_scale)
        return Row(time, values, [text_of(cells[column], place) for column in self.texts.values()], marks)


def delimiter_of(line):
    """What separates the cells of a first ``line``: ``;``, a tab, or else a comma."""
    return next((mark for mark in ";\t" if mark in line), ",")


def is_numbers(line, delimiter=None):
    """Whether the cells of ``line`` are numbers, and so no header."""
    delimiter = delimiter_of(line) if delimiter is None else delimiter
    return all(_NUMBER.fullmatch(cell.strip().replace(",", ".")) for cell in line.rstrip(delimiter).split(delimiter))


def cells_of(line, delimiter):
    """The cells of a line, without their quotes; a DataError where quotes do not end in it."""
    line = line.rstrip("\r\n")
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True, strict=True), [])
    except (csv.Error, StopIteration):
        raise DataError("the quotes of this line must end in it") from None


def decimal_marks(text, known, place):
    """The decimal marks in ``text`` and those ``known``: where both are in use, one may be that of thousands."""
    marks = known | {mark for mark in ",." if mark in text}
    if len(marks) > 1:
        raise DataError(f"{place}: numbers must all have a decimal point, or all a decimal comma, and none for thousands")
    return marks


def _number(cell, place):
    cell = cell.strip()
    if cell.casefold() in _MISSING:
        return math.nan
    value = float(cell) if _NUMBER.fullmatch(cell) else math.inf
    if math.isinf(value):
        raise DataError(f"{place} must be a finite number, not {shown(cell)!r}")
    return value


def _time(cell, place, scale):
    cell = cell.strip()
    if _NUMBER.fullmatch(cell) or cell.casefold() in _MISSING:
        return _number(cell, f"{place}: the time") * scale
    try:
        moment = datetime.fromisoformat(cell)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise DataError(f"{place}: the time must be a number or like 2026-05-01T12:00:00.5, not {shown(cell)!r}") from None


def text_of(cell, place):
    """A label or group, None where it is empty; a DataError where it is no name."""
    cell = cell.strip().strip('"').strip()
    if cell and not is_name(cell):
        raise DataError(f"{place}: a label or group must have at most {MAX_NAME_CHARACTERS} printable characters, not "
                        f"{shown(cell)!r}")
    return cell or None
