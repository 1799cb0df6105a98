# SPDX-License-Identifier: BSD-2-Clause
"""What a folder's structure says: ``[train/]CLASS/[GROUP/]file``, and the lists and names of Speech Commands."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from hadam_hw.errors import DataError
from hadam_hw.recordings.limits import MAX_TEXT_BYTES
from hadam_hw.recordings.names import counted, is_name, shown
from hadam_hw.recordings.open_file import regular_file
from hadam_hw.recordings.recording import Part

_PARTS = {part.value: part for part in Part}
_LISTS = {"validation_list.txt": Part.VALIDATION, "testing_list.txt": Part.TEST}
_SPEAKER = re.compile(r"([0-9a-f]+)_nohash_\d+", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """Where a file lies, and what that makes of it.

    Parameters
    ----------
    path : Path
        Relative to the folder.
    label, group : str or None
    part : Part or None
    """

    path: Path
    label: str | None
    group: str | None
    part: Part | None


def places(folder, paths, group_from):
    """(:class:`Place` for each of ``paths``, warnings); folders that begin with ``_`` are left out.

    Raises
    ------
    DataError
        If train/ or test/ stand beside classes, a list names no file, or ``group_from`` matches nothing.
    """
    kept = [path for path in paths if not any(part.startswith("_") for part in path.parts[:-1])]
    warnings = [] if len(kept) == len(paths) else [
        f"{counted(len(paths) - len(kept), 'file')} left out, in folders that begin with _; rename the folder if it is a class"]
    tops = sorted({path.parts[0] for path in kept if len(path.parts) > 1})
    parted = [top for top in tops if top.casefold() in _PARTS]
    if parted and len(parted) < len(tops):
        other = next(top for top in tops if top not in parted)
        raise DataError(f"Folder {shown(parted[0])}/ must hold the classes, with only train/, validation/ and test/ beside it, "
                        f"not {shown(other)}/")
    found = [_place(path, bool(parted)) for path in kept]
    found = [replace(place, part=part) for place, part in zip(found, _listed(folder, found))] if _lists(folder) else found
    return [replace(place, group=_group(place, group_from)) for place in found], warnings


def _place(path, parted):
    folders = list(path.parts[:-1])
    part = _PARTS[folders.pop(0).casefold()] if parted and folders else None
    label = folders.pop(0) if folders else None
    if len(folders) > 1:
        raise DataError(f"{shown(path)} lies too deep; files lie at [train/]CLASS/[GROUP/]file")
    for name in (label, *folders):
        if name is not None and not is_name(name):
            raise DataError(f"Folder {shown(name)} must have a name of at most 100 printable characters, as it names a class")
    return Place(path, label, folders[0] if folders else None, part)


def _lists(folder):
    return [name for name in _LISTS if (Path(folder) / name).exists()]


def _listed(folder, found):
    """The part of each place by the lists of Speech Commands: what is in none is for training."""
    parts, known = {}, {place.path.as_posix() for place in found}
    for name in _lists(folder):
        with regular_file(Path(folder) / name, name, MAX_TEXT_BYTES >> 3) as file:
            for number, line in enumerate(file.read().decode("utf-8", "replace").split("\n"), 1):
                line = line.strip()
                if line and line in known and parts.setdefault(line, _LISTS[name]) is not _LISTS[name]:
                    raise DataError(f"{name}, line {number}: {shown(line)} is in the other list as well")
        if known and not parts:
            raise DataError(f"{name} must name files of the folder, as in 'CLASS/file.wav', and names none of them")
    return [parts.get(place.path.as_posix(), Part.TRAIN) for place in found]


def _group(place, group_from):
    if group_from is not None:
        match = re.search(group_from, place.path.as_posix())
        if match is None:
            raise DataError(f"group-from must match each file's path, and {group_from!r} does not match {shown(place.path)}")
        return (match[1] if match.re.groups else match[0]) or None
    speaker = _SPEAKER.fullmatch(place.path.stem)
    return speaker[1] if place.group is None and speaker else place.group
