# SPDX-License-Identifier: BSD-2-Clause
"""Files that are there whole or not at all."""

import os
import tempfile
from pathlib import Path


def atomic_write(path, data):
    """Writes ``data`` (bytes, or text as UTF-8) beside ``path`` and renames it: no reader ever sees half of it."""
    path = Path(path)
    if isinstance(data, str):
        data = data.encode()
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(aside, 0o644)
        os.replace(aside, path)
    except BaseException:
        os.unlink(aside)
        raise
