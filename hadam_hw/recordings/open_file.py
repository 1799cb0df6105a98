# SPDX-License-Identifier: BSD-2-Clause
"""Files that are opened only if they are files: a pipe would block for ever, and a link may lead anywhere."""

import os
import stat
from contextlib import contextmanager
from pathlib import Path

from hadam_hw.errors import DataError
from hadam_hw.files import BINARY
from hadam_hw.recordings.limits import MAX_FILES

#: train/walk/anna/monday/1.csv is one too deep.
_MAX_DEPTH = 4
#: POSIX: without it a pipe that nobody writes to would never be opened. Windows has no pipes among its files.
_WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0)


@contextmanager
def regular_file(path, shown, max_bytes):
    """The binary file at ``path``, called ``shown`` in sentences.

    Raises
    ------
    DataError
        If it is no regular file, cannot be opened or has more than ``max_bytes``.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _WITHOUT_WAITING | BINARY)
    except OSError as error:
        raise DataError(f"{shown} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise DataError(f"{shown} cannot be read: no file has such a name") from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{shown} must be a regular file, not {_what(status.st_mode)}")
        if status.st_size > max_bytes:
            raise DataError(f"{shown} must have at most {max_bytes >> 20} MiB, not {status.st_size >> 20}; cut it into several")
        yield file


def walk(folder):
    """The files below ``folder``, as paths relative to it, in order; hidden ones are left out.

    Raises
    ------
    DataError
        If there are too many, or if a link leads out of the folder or is one to a folder.
    """
    root, found = Path(folder).resolve(), []
    pending = [()]
    while pending:
        parts = pending.pop()
        try:
            entries = sorted(os.scandir(root.joinpath(*parts)), key=lambda entry: entry.name)
        except OSError as error:
            raise DataError(f"Folder {'/'.join(parts) or folder} cannot be read: {error.strerror or error}") from None
        for entry in entries:
            if entry.name.startswith((".", "__MACOSX")):
                continue
            path = (*parts, entry.name)
            if entry.is_symlink():
                _check_link(root, path)
            if not entry.is_dir(follow_symlinks=False):
                found.append(Path(*path))
            elif len(path) < _MAX_DEPTH:
                pending.append(path)
            else:
                raise DataError(f"Folder {'/'.join(path)} lies too deep; files lie at [train/]CLASS/[GROUP/]file")
            if len(found) + len(pending) > MAX_FILES:
                raise DataError(f"Folder {folder} must have at most {MAX_FILES:,} files; take a part of them")
    return sorted(found)


def _check_link(root, path):
    shown = "/".join(path)
    try:
        target = root.joinpath(*path).resolve()
    except (OSError, RuntimeError):  # a link to itself
        raise DataError(f"{shown} is a link that leads nowhere; remove it") from None
    if not target.is_relative_to(root):
        raise DataError(f"{shown} is a link out of the folder; put the file itself there")
    if target.is_dir():
        raise DataError(f"{shown} is a link to a folder, which would be read twice; remove it")


def _what(mode):
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFDIR: "a folder", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device",
             stat.S_IFBLK: "a device"}
    return kinds.get(stat.S_IFMT(mode), "something else")
