# SPDX-License-Identifier: BSD-2-Clause
"""Results of stages, kept by the content of what they were made from."""

import getpass
import hashlib
import json
import logging
import os
import shutil
import tempfile
from pathlib import Path

MANIFEST = "manifest.json"
KEPT_ENTRIES = 300
_LOG = logging.getLogger(__name__)


def cache_folder():
    """Where this project keeps what it can make again: ``HADAM_HW_CACHE``, or ``hadam_hw`` in the user's cache folder."""
    given, base = os.environ.get("HADAM_HW_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if given:
        return Path(given)
    try:
        return Path(base or Path.home() / ".cache") / "hadam_hw"
    except RuntimeError:  # an account without a home
        return Path(tempfile.gettempdir()) / f"hadam_hw-{getpass.getuser()}"


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
    are read: a damaged entry counts as absent. The oldest entries beyond :data:`KEPT_ENTRIES`, or beyond ``kept_bytes`` of all
    together, are forgotten.

    Parameters
    ----------
    folder : Path or None
        ``None`` remembers nothing.
    kept_bytes : int, optional
        The newest entry is kept however large it is.
    """

    def __init__(self, folder, kept_bytes=None):
        self.folder = folder
        self.kept_bytes = kept_bytes

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
            if not isinstance(manifest, dict) or not manifest or any(name != Path(name).name for name in manifest):
                return None
            files = {name: (entry / name).read_bytes() for name in manifest}
            os.utime(entry)
        except (OSError, ValueError):
            return None
        return files if all(digest(data) == manifest[name] for name, data in files.items()) else None

    def keep(self, key, files):
        """Keeps ``files`` under ``key``. Where that cannot be, a warning says why: what was made is there all the same."""
        if self.folder is None:
            return
        try:
            self._keep(key, files)
        except OSError as error:
            _LOG.warning("Nothing is kept in the cache %s: %s", self.folder, error.strerror or error)
            return
        self._forget_oldest()

    def _keep(self, key, files):
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

    @property
    def size(self):
        """Bytes of all entries."""
        return sum(_bytes_of(entry) for entry in self._entries())

    def _entries(self):
        """The entries, the last used one first."""
        if self.folder is None or not self.folder.is_dir():
            return []
        entries = [entry for entry in self.folder.iterdir() if not entry.name.startswith("making-")]
        return sorted(entries, key=_last_use, reverse=True)

    def _forget_oldest(self):
        entries = self._entries()
        if len(entries) <= KEPT_ENTRIES and self.kept_bytes is None:
            return
        total = 0
        for index, entry in enumerate(entries):
            total += _bytes_of(entry)
            if index >= KEPT_ENTRIES or (index and self.kept_bytes is not None and total > self.kept_bytes):
                shutil.rmtree(entry, ignore_errors=True)


def _bytes_of(entry):
    try:
        return sum(file.stat().st_size for file in entry.iterdir())
    except OSError:  # another process forgot it
        return 0


def _last_use(entry):
    try:
        return entry.stat().st_mtime
    except OSError:  # another process forgot it
        return 0.0
