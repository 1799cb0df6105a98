# SPDX-License-Identifier: BSD-2-Clause
"""Files that are there whole or not at all."""

import os
import tempfile
from pathlib import Path


def atomic_write(path, data):
    """Writes ``data`` (bytes, or text as UTF-8) beside ``path`` and renames it: no reader ever sees half of it."""
    path = Path(path)
    write_together(path.parent, {path.name: data})


def write_together(folder, contents):
    """Writes the files ``contents`` (data by name) into ``folder``: all are written aside before any gets its name."""
    folder, asides = Path(folder), {}
    try:
        for name, data in contents.items():
            handle, asides[name] = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
            with os.fdopen(handle, "wb") as file:
                file.write(data.encode() if isinstance(data, str) else data)
            os.chmod(asides[name], 0o644)
        for name in contents:
            os.replace(asides[name], folder / name)
            del asides[name]
    finally:
        for aside in asides.values():
            os.unlink(aside)
