# SPDX-License-Identifier: BSD-2-Clause
"""A file of text as recordings: the rate out of the time column, gaps filled or cut, runs of one label."""

from dataclasses import dataclass, replace

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.recordings.limits import MAX_FILE_VALUES, MAX_INTERPOLATED, MAX_PIECES, MAX_RATE_HZ, RATE_TOLERANCE
from hadam_hw.recordings.names import counted, kind_of_units, shown
from hadam_hw.recordings.recording import Kind, Recording
from hadam_hw.recordings.text_table import read_text_table

#: Parts of a recording whose rates are compared with the whole, and samples that each must have.
_RATE_PARTS, _RATE_SAMPLES = 8, 16
#: Rows that are looked at in one go.
_BLOCK = 1 << 14


@dataclass(frozen=True)
class ReadFile:
    """The recordings of one file, and what is to be said of them.

    Parameters
    ----------
    recordings : tuple of Recording
        None where the file is empty.
    warnings : tuple of str
    """

    recordings: tuple[Recording, ...]
    warnings: tuple[str, ...] = ()


def read_csv(path, name, options):
    """The :class:`ReadFile` at ``path``, called ``name`` in sentences; values are float64.

    Raises
    ------
    DataError
        With file and line.
    """
    table = read_text_table(path, name)
    if table is None:
        return ReadFile((), (f"{name}: the file has no samples and was left out",))
    warnings = list(table.warnings)
    positions, rate = _positions(table, name, warnings)
    kind = kind_of_units(table.units) or options.kind
    recordings = []
    for first, end, label, group in _runs(table, name):
        source = name if not table.texts or end - first == len(table.values) else f"{name} from line {table.lines[first]}"
        pieces = _pieces(table.values[first:end], positions[first:end], table.lines[first:end], name, table.channels, warnings)
        recordings += [Recording(values, table.channels, table.units, rate if rate else options.rate_hz, label, group, None,
                                 source, kind, start) for values, start in pieces]
        if len(recordings) > MAX_PIECES:
            raise DataError(f"{name}, line {table.lines[first]}: gaps and changes of label must leave at most {MAX_PIECES:,} "
                            "recordings in a file, and here are more")
    if not recordings:
        return ReadFile((), (f"{name}: the file has no complete samples and was left out",))
    return ReadFile(tuple(recordings), tuple(warnings))


def whole_numbers(values):
    """Whether all ``values`` are integers that float64 holds exactly; looked at a block at a time, for memory's sake."""
    if values.dtype.kind == "i":
        return True
    blocks = (values[start:start + _BLOCK] for start in range(0, len(values), _BLOCK))
    return all((np.abs(block) < 2.0**53).all() and (block == np.rint(block)).all() for block in blocks)


def settled(recordings, kind=None):
    """(recordings, kind): all with the same kind, as int64 where they are counts, codes or whole numbers of no known kind.

    Raises
    ------
    DataError
        If the units say that they are counts or codes and a value is not whole.
    """
    kinds = {recording.kind for recording in recordings}
    if len(kinds) > 1:
        other = next(recording for recording in recordings if recording.kind is not recordings[0].kind)
        raise DataError(f"{other.source} must have units of the kind that {recordings[0].source} has, all measured or all "
                        "counts or all codes")
    kind = kinds.pop() or kind
    fraction = None
    if kind is not Kind.MEASURED:
        fraction = next((recording for recording in recordings if not whole_numbers(recording.values)), None)
    if fraction is not None and kind is not None:
        raise DataError(f"{fraction.source} must hold whole numbers, as its values are {kind.value}")
    kind = Kind.MEASURED if fraction is not None else kind
    dtype = np.float64 if kind is Kind.MEASURED else np.int64
    return [_as(recording, kind, dtype) for recording in recordings], kind


def _as(recording, kind, dtype):
    return replace(recording, values=recording.values.astype(dtype, copy=False), kind=kind)


def _runs(table, name):
    """(first, end, label, group) for each run of rows of one label and group; rows whose label is empty are left out."""
    rows = len(table.values)
    changes = np.zeros(rows - 1, bool)
    for column in table.texts.values():
        changes |= column[1:] != column[:-1]
    edges = [0, *(1 + np.flatnonzero(changes)).tolist(), rows]
    if len(edges) > MAX_PIECES:
        raise DataError(f"{name}, line {table.lines[edges[MAX_PIECES]]}: changes of label or group must leave at most "
                        f"{MAX_PIECES:,} recordings in a file, and here are more")
    for first, end in zip(edges, edges[1:]):
        label, group = (table.texts[word][first] if word in table.texts else None for word in ("label", "group"))
        if label is not None or "label" not in table.texts:
            yield first, end, label, group


def _positions(table, name, warnings):
    """(int64 [rows], rate or None): each row's number of samples since the first, by its time."""
    rows = np.arange(len(table.values))
    if table.seconds is None:
        return rows, None
    unknown = np.isnan(table.seconds)
    if unknown.any():
        raise DataError(f"{name}, line {table.lines[unknown.argmax()]}: the time must be a number, and this cell is empty")
    steps = np.diff(table.seconds)
    if (steps < 0).any():
        raise DataError(f"{name}, line {table.lines[1 + (steps < 0).argmax()]}: the time must rise from line to line, and here "
                        "it goes back; is this a second recording in the same file?")
    period = float(np.sort(steps)[(len(steps) - 1) // 2]) if len(steps) else 0.0  # one of them, so that some are near it
    if not 1 / MAX_RATE_HZ <= period < 1e6:
        if len(steps):
            warnings.append(f"{name}: the time column does not rise, so it gives no rate")
        return rows, None
    near = (steps > 0.5 * period) & (steps < 1.5 * period)
    period = float(steps[near].mean())
    _check_rate(table, steps, near, period, name, warnings)
    passed = np.maximum(np.rint(np.where(steps < 1.5 * period, 1, steps / period)), 1)
    if passed.sum() >= 2**62:
        raise DataError(f"{name}, line {table.lines[1 + passed.argmax()]}: the time jumps by {steps.max():g} s here")
    return np.concatenate([[0], np.cumsum(passed.astype(np.int64))]), 1 / period


def _check_rate(table, steps, near, period, name, warnings):
    if not table.time_unit_given and period >= 1:
        warnings.append(f"{name}: the time column says no unit and was taken as seconds, which makes {1 / period:.3g} Hz; "
                        "write 'time [ms]' in the header if it is milliseconds")
    if len(steps) < _RATE_PARTS * _RATE_SAMPLES:
        return
    for part, kept, lines in zip(*(np.array_split(array, _RATE_PARTS) for array in (steps, near, table.lines[1:]))):
        if kept.any() and abs(part[kept].mean() / period - 1) > RATE_TOLERANCE:
            warnings.append(f"{name}, line {lines[0]}: the rate drifts, {1 / part[kept].mean():.4g} Hz from this line on and "
                            f"{1 / period:.4g} Hz in all; its samples were taken as evenly spaced")
            return


def _pieces(values, positions, lines, name, channels, warnings):
    """(values, first position) of each recording that gaps leave; short gaps are interpolated, a channel at a time."""
    holes = np.isnan(values)
    jumps = np.diff(positions) - 1
    if not holes.any() and not jumps.any():
        return [(values, int(positions[0]))]
    for channel in np.flatnonzero(holes.all(axis=0)):
        raise DataError(f"{name}, line {lines[0]}: channel {shown(channels[channel])!r} must have values, and all its cells "
                        "from here on are empty")
    pieces, filled, cut = [], 0, []
    edges = [0, *(1 + np.flatnonzero(jumps > MAX_INTERPOLATED)), len(values)]
    if (len(values) + jumps[jumps <= MAX_INTERPOLATED].sum()) * values.shape[1] > MAX_FILE_VALUES:
        raise DataError(f"{name}, line {lines[0]}: samples and those that are missing between them must be at most "
                        f"{MAX_FILE_VALUES:,} numbers; cut the file into several")
    if len(edges) > MAX_PIECES:
        raise DataError(f"{name}, line {lines[edges[MAX_PIECES]]}: gaps must leave at most {MAX_PIECES:,} recordings in a "
                        "file, and here are more")
    for first, end in zip(edges, edges[1:]):
        if first:
            cut.append(lines[first])
        own = positions[first:end] - positions[first]
        grid = np.full((own[-1] + 1, values.shape[1]), np.nan)
        grid[own] = values[first:end]
        filled += _fill(grid)
        known = ~np.isnan(grid).any(axis=1)
        starts = np.flatnonzero(known & ~np.concatenate([[False], known[:-1]]))
        ends = 1 + np.flatnonzero(known & ~np.concatenate([known[1:], [False]]))
        if len(starts) + len(pieces) > MAX_PIECES:
            raise DataError(f"{name}, line {lines[first]}: gaps must leave at most {MAX_PIECES:,} recordings in a file, and "
                            "here are more")
        cut += [lines[np.searchsorted(own, start)] for start in starts[1:]]
        pieces += [(grid[start:stop], int(positions[first] + start)) for start, stop in zip(starts, ends)]
    if holes.any():
        row, channel = np.argwhere(holes)[0]
        warnings.append(f"{name}, line {lines[row]}: {shown(channels[channel])!r} is empty or NaN here, the first of "
                        f"{counted(int(holes.sum()), 'such cell')}")
    if filled:
        warnings.append(f"{name}: {counted(filled, 'sample')} in gaps of up to {MAX_INTERPOLATED} interpolated")
    if cut:
        warnings.append(f"{name}, line {cut[0]}: the recording was cut at {counted(len(cut), 'gap')} of more "
                        f"than {MAX_INTERPOLATED} samples, first here")
    return pieces


def _fill(grid):
    """Interpolates in ``grid`` [steps, channels] the short gaps between known values; returns how many rows had one."""
    touched = np.zeros(len(grid), bool)
    for column in grid.T:
        known = np.flatnonzero(~np.isnan(column))
        if len(known) in (0, len(column)):
            continue
        holes = np.flatnonzero(np.isnan(column))
        after = np.searchsorted(known, holes)
        inside = (after > 0) & (after < len(known))
        holes, after = holes[inside], after[inside]
        short = known[after] - known[after - 1] - 1 <= MAX_INTERPOLATED
        column[holes[short]] = np.interp(holes[short], known, column[known])
        touched[holes[short]] = True
    return int(touched.sum())
