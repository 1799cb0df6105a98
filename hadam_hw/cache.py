# SPDX-License-Identifier: BSD-2-Clause
"""Results of stages, kept by the content of what they were made from."""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

MANIFEST = "manifest.json"
KEPT_ENTRIES = 300


def cache_folder():
    """Where this project keeps what it can make again: ``HADAM_HW_CACHE``, or ``hadam_hw`` in the user's cache folder."""
    given = os.environ.get("HADAM_HW_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(base) / "hadam_hw"


def digest(data):
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_sources(folders):
    """One digest of the names and contents of all files below ``folders`` that are Python, templates or constants."""
    total = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix in (".py", ".html", ".v", ".json"):
                total.update(f"{folder.name}/{path.relative_to(folder).as_posix()}\0".encode())
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


class Cache:
    """Files by the content they were made from.

    An entry is a folder that appears at once or not at all, and whose files are checked against its manifest when they
    are read: a damaged entry counts as absent. The oldest entries beyond :data:`KEPT_ENTRIES` are forgotten.

    Parameters
    ----------
    folder : Path or None
        ``None`` remembers nothing.
    """

    def __init__(self, folder):
        self.folder = folder

    def stage(self, name, inputs, make):
        """The files (name to bytes) that ``make()`` returns, from the cache if it was called with these inputs before.

        Parameters
        ----------
        name : str
        inputs : dict
            Everything that the result depends on, as JSON.
        make : callable without arguments

        Returns
        -------
        files : dict of str to bytes
        cached : bool
        """
        key = digest(json.dumps([name, inputs], sort_keys=True).encode())
        files = self.find(key)
        if files is not None:
            return files, True
        files = make()
        self.keep(key, files)
        return files, False

    def find(self, key):
        """The files kept under ``key``, or ``None``."""
        if self.folder is None:
            return None
        entry = self.folder / key
        try:
            manifest = json.loads((entry / MANIFEST).read_bytes())
            files = {name: (entry / name).read_bytes() for name in manifest}
            os.utime(entry)
        except (OSError, ValueError):
            return None
        return files if all(digest(data) == manifest[name] for name, data in files.items()) else None

    def keep(self, key, files):
        """Keeps ``files`` under ``key``."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=self.folder, prefix="making-"))
        try:
            for name, data in files.items():
                (aside / name).write_bytes(data)
            (aside / MANIFEST).write_text(json.dumps({name: digest(data) for name, data in files.items()}))
            entry = self.folder / key
            if entry.exists():  # damaged, or another process was faster: both are replaced by the same content
                shutil.rmtree(entry, ignore_errors=True)
            os.rename(aside, entry)
        except OSError:
            if not (self.folder / key / MANIFEST).exists():
                raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        self._forget_oldest()

    def _forget_oldest(self):
        entries = [entry for entry in self.folder.iterdir() if not entry.name.startswith("making-")]
        if len(entries) > KEPT_ENTRIES:
            for entry in sorted(entries, key=_last_use)[:-KEPT_ENTRIES]:
                shutil.rmtree(entry, ignore_errors=True)


def _last_use(entry):
    try:
        return entry.stat().st_mtime
    except OSError:  # another process forgot it
        return 0.0
