# SPDX-License-Identifier: BSD-2-Clause
"""One long recording and a table ``start,end,label``: each row is a recording, and what no row labels is background."""

from dataclasses import dataclass, replace

from hadam_hw.errors import DataError
from hadam_hw.recordings.limits import MAX_PIECES, MAX_TABLE_BYTES
from hadam_hw.recordings.names import shown
from hadam_hw.recordings.text_table import read_text_table

#: Ends are rounded when they are written.
_BEYOND_S = 0.1


@dataclass(frozen=True)
class Labeled:
    """A row of the table.

    Parameters
    ----------
    start, end : float
        Seconds from the first sample.
    label : str
    group : str or None
        Of a column ``group``, if there is one.
    line : int
        0 for what no row labels.
    """

    start: float
    end: float
    label: str
    group: str | None
    line: int = 0


def read_labels(path, name):
    """The rows of the table at ``path`` by their start, called ``name`` in sentences.

    Raises
    ------
    DataError
        With file and line, if a row ends before it begins, or two overlap.
    """
    table = read_text_table(path, name, MAX_TABLE_BYTES)
    if table is None or set(table.channels) != {"start", "end"} or "label" not in table.texts:
        raise DataError(f"{name}, line 1: a table of labels must have the columns start,end,label in seconds, and rows")
    if len(table.values) > MAX_PIECES:
        raise DataError(f"{name}, line {table.lines[MAX_PIECES]}: a table of labels must have at most {MAX_PIECES:,} rows")
    first, last = table.channels.index("start"), table.channels.index("end")
    groups = table.texts.get("group", [None] * len(table.values))
    rows = [Labeled(float(values[first]), float(values[last]), label, group, int(line))
            for values, label, group, line in zip(table.values, table.texts["label"], groups, table.lines, strict=True)]
    for row in rows:
        if not 0 <= row.start < row.end:  # an empty cell is NaN and neither
            raise DataError(f"{name}, line {row.line}: a row must begin at 0 s or later and end after that, not {row.start:g} "
                            f"to {row.end:g}")
        if row.label is None:
            raise DataError(f"{name}, line {row.line}: a row must have a label; leave out what has none")
    rows.sort(key=lambda row: row.start)
    for row, following in zip(rows, rows[1:]):
        if following.start < row.end:
            raise DataError(f"{name}, line {following.line}: a row must not begin before that of line {row.line} ends, at "
                            f"{row.end:g} s")
    return rows


def labeled(recordings, rows, background, name):
    """The parts of one long recording that the table labels.

    Parameters
    ----------
    recordings : sequence of Recording
        Of one file; several where gaps cut it.
    rows : list of Labeled
    background : str or None
        The class of all other time; None leaves it out.
    name : str
        The table, in sentences.

    Returns
    -------
    list of Recording
        Each a source of its own.

    Raises
    ------
    DataError
        If a row lies beyond the recording, or the rate is not known.
    """
    rate = recordings[0].rate_hz
    if rate is None:
        raise DataError(f"{recordings[0].source} must have a rate, since {name} is in seconds; give it with --rate, or write "
                        "a time column")
    end = recordings[-1].start + len(recordings[-1])
    for row in rows:
        if row.end > end / rate + _BEYOND_S:
            raise DataError(f"{name}, line {row.line}: a row must end within the recording, which has {end / rate:.3f} s from "
                            f"its first sample, not at {row.end:g} s")
    if background is not None:
        edges = [0.0, *(edge for row in rows for edge in (row.start, row.end)), end / rate]
        between = zip(edges[::2], edges[1::2])
        rows = [*rows, *(Labeled(start, stop, background, None) for start, stop in between if stop > start)]
    return [piece for row in sorted(rows, key=lambda row: row.start) for piece in _cut(recordings, row, rate)]


def _cut(recordings, row, rate):
    first, end = round(row.start * rate), round(row.end * rate)
    for recording in recordings:
        start, stop = max(first - recording.start, 0), min(end - recording.start, len(recording))
        if start < stop:
            piece = recording.cut(start, stop)
            yield replace(piece, label=row.label, group=row.group,
                          source=f"{recording.source}, {row.start:g} to {row.end:g} s ({shown(row.label)})")
