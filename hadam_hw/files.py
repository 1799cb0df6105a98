# SPDX-License-Identifier: BSD-2-Clause
"""Files that are there whole or not at all, and where they may go."""

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from hadam_hw.errors import OutputError

Pathlike = str | os.PathLike[str]

#: For :func:`os.open`: bytes as they are. Windows would translate the ends of lines otherwise.
BINARY = getattr(os, "O_BINARY", 0)


def atomic_write(path: Pathlike, data: bytes | str) -> None:
    """Writes ``data`` (bytes, or text as UTF-8) beside ``path`` and renames it: no reader ever sees half of it."""
    path = Path(path)
    write_together(path.parent, {path.name: data})


def write_together(folder: Pathlike, contents: Mapping[str, bytes | str]) -> None:
    """Writes the files ``contents`` (data by name) into ``folder``: all are written aside before any gets its name.

    Links are followed, so a link stays one. A pipe or a device is written to, not replaced. Modes are what the umask leaves.

    Raises
    ------
    OutputError
        If a name is a folder's.
    OSError
        With the path that could not be written.
    """
    asides: dict[Path, Path] = {}
    through: dict[Path, bytes] = {}
    try:
        for name, data in contents.items():
            target, raw = (Path(folder) / name).resolve(), data.encode() if isinstance(data, str) else data
            if check_file_out(target).exists() and not target.is_file():
                through[target] = raw
            else:
                asides[target] = _write_aside(target, raw)
        for target, raw in through.items():
            with open(target, "wb") as file:
                file.write(raw)
        for target, aside in tuple(asides.items()):
            os.replace(aside, target)
            del asides[target]
    finally:
        for aside in asides.values():
            os.unlink(aside)


def _write_aside(target: Path, data: bytes) -> Path:
    """A new file beside ``target`` that holds ``data``; none where that fails."""
    aside = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}")
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666  # of a new one the umask takes its part
    try:
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, mode), "wb") as file:
            file.write(data)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(target)) from None  # errors of write() do not say where
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return aside


def check_file_out(path: Pathlike) -> Path:
    """``path``, where a file may be written.

    Raises
    ------
    OutputError
        If it is a folder, or its folder does not exist.
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"Output must be a file, and {path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"Output folder {path.parent} does not exist; create it first")
    return path


def check_folder_out(path: Pathlike) -> Path:
    """``path``, where a folder is or may be made.

    Raises
    ------
    OutputError
        If it, or what would hold it, is no folder.
    """
    path = Path(path)
    there = next(one for one in (path, *path.absolute().parents) if one.exists())
    if not there.is_dir():
        raise OutputError(f"Output must be a folder, and {there} is a file; name another")
    return path
