# SPDX-License-Identifier: BSD-2-Clause
"""Arrays out of an ``.npz`` that nobody vouches for: everything is checked before it is allocated, and nothing is unpickled.

The archive's own directory is bounded before ``zipfile`` reads it, each array's header before its values are.
"""

import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hadam_hw.terminal import printable

#: What NumPy, ``zipfile`` and their decompressors raise for files that are not what they say.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, UnicodeError, ValueError,
          KeyError, TypeError, MemoryError, struct.error, tokenize.TokenError)
_CHUNK = 1 << 20
_END_BYTES = 22
_LOCATOR_BYTES = 20
#: Of the directory, for each array: a name, sizes, and room for what zip tools add.
_DIRECTORY_ENTRY_BYTES = 1024
#: Letters of another's message.
_LONGEST = 160


@dataclass(frozen=True)
class ArchiveRules:
    """What an archive may hold.

    Parameters
    ----------
    error : type
        The error that is raised, with one sentence.
    what : str
        What the file is for, in sentences: "model".
    max_arrays : int
    max_bytes : int
        Of all arrays as they are in memory.
    max_dimensions : int
    check_type : callable
        ``check_type(name, dtype)`` returns what the type must be, in words, or None where it is right.
    fortran : bool
        Whether arrays may be stored column after column.
    """

    error: type
    what: str
    max_arrays: int
    max_bytes: int
    max_dimensions: int
    check_type: Callable
    fortran: bool = False


def read_arrays(file, rules):
    """The arrays of the ``.npz`` in the seekable binary ``file`` by name, after everything but their values has been checked.

    Raises
    ------
    rules.error
        With one sentence, for anything that is not such an archive.
    """
    try:
        _check_directory(file, rules)
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            names = [info.filename for info in members]
            if len(set(names)) != len(names):
                raise rules.error("an array is there twice")
            if len(names) > rules.max_arrays:
                raise rules.error(f"a {rules.what} has at most {rules.max_arrays} arrays, not {len(names)}")
            _check_sizes(members, rules)
            return {info.filename.removesuffix(".npy"): _member(archive, info, rules) for info in members}
    except DAMAGE as error:
        raise rules.error(f"it is not a complete .npz archive ({brief(error)})") from None


def brief(error):
    """What an ``error`` of :data:`DAMAGE` says, without the file's own text that NumPy quotes in full."""
    text = printable(" ".join(str(error)[:_LONGEST].split()))
    return f"{text} ..." if len(str(error)) > _LONGEST else text


def read_array(file, name, stored_bytes, rules):
    """The array in the ``.npy`` stream ``file``, of which there are ``stored_bytes`` with its header.

    Raises
    ------
    rules.error
        With one sentence that calls the array ``name``.
    """
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise rules.error(f"array {name!r} has an unknown format version {version}")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject:
        raise rules.error(f"array {name!r} holds Python objects, which are never loaded")
    wanted = rules.check_type(name, dtype)
    if wanted is not None:
        raise rules.error(f"array {name!r} must have type {wanted}, not {dtype.str}")
    if (fortran and not rules.fortran) or any(length < 0 for length in shape) or len(shape) > rules.max_dimensions:
        raise rules.error(f"array {name!r} has a shape that no {rules.what} has")
    size = math.prod(shape) * dtype.itemsize
    if size > stored_bytes or size > rules.max_bytes:
        raise rules.error(f"array {name!r} claims {size} bytes but the file holds {stored_bytes}")
    content = np.empty(size, np.uint8)
    filled = 0
    while filled < size and (chunk := file.read(min(_CHUNK, size - filled))):
        content[filled:filled + len(chunk)] = np.frombuffer(chunk, np.uint8)
        filled += len(chunk)
    if filled < size or file.read(1):
        raise rules.error(f"array {name!r} has {'fewer' if filled < size else 'more'} than its {size} bytes")
    content.flags.writeable = False
    return content.view(dtype).reshape(shape, order="F" if fortran else "C") if size else np.empty(shape, dtype)


def _check_directory(file, rules):
    """Bounds the directory at the archive's end: zipfile would make an object of each of a million entries."""
    end = file.seek(0, 2)
    start = max(end - _END_BYTES - _LOCATOR_BYTES, 0)
    file.seek(start)
    tail = file.read(end - start)
    if tail[-_END_BYTES:-_END_BYTES + 4] != b"PK\5\6":
        raise zipfile.BadZipFile("its end is missing")
    if tail[:4] == b"PK\6\7":
        raise zipfile.BadZipFile("its directory is that of an archive beyond 4 GB")
    entries, size = struct.unpack("<10xHL", tail[-_END_BYTES:-_END_BYTES + 16])
    if entries > rules.max_arrays or size > rules.max_arrays * _DIRECTORY_ENTRY_BYTES:
        raise rules.error(f"a {rules.what} has at most {rules.max_arrays} arrays, not {entries}")
    file.seek(0)


def _check_sizes(members, rules):
    """Bounds what all arrays take, by what the directory says; nothing is read beyond that."""
    largest = max(members, key=lambda info: info.file_size, default=None)
    if largest is not None and largest.file_size > rules.max_bytes:
        raise rules.error(f"array {largest.filename.removesuffix('.npy')!r} would take {largest.file_size} bytes, more than "
                          f"any {rules.what}")
    if sum(info.file_size for info in members) > rules.max_bytes:
        raise rules.error(f"its arrays would take more than {rules.max_bytes} bytes, more than any {rules.what}")


def _member(archive, info, rules):
    name = info.filename.removesuffix(".npy")
    if not info.filename.endswith(".npy"):
        raise rules.error(f"its member {info.filename!r} is not an array")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise rules.error(f"array {name!r} must be stored or deflated, as NumPy does it, not compressed by method "
                          f"{info.compress_type}")
    with archive.open(info) as member:
        return read_array(member, name, info.file_size, rules)
