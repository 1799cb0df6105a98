# SPDX-License-Identifier: BSD-2-Clause
"""Where the data sets come from: a folder, or a download into the user's cache that is checked before it is used."""

import gzip
import hashlib
import io
import lzma
import os
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.files import atomic_write

#: Beside a clone; used when it is there.
NEARBY = Path(__file__).resolve().parents[3] / "shared" / "data"
_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
#: File below the data folder -> (address or None, SHA-256).
FILES = {
    "mnist/train-images-idx3-ubyte.gz": (_MNIST, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
    "mnist/train-labels-idx1-ubyte.gz": (_MNIST, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    "mnist/t10k-images-idx3-ubyte.gz": (_MNIST, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    "mnist/t10k-labels-idx1-ubyte.gz": (_MNIST, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    "uci_har/uci_har_int16.npz.xz": (None, None),
}


def data_folder(given=None):
    """The folder to look in: the one given, else the one beside the clone, else a folder in the user's cache."""
    if given is not None:
        return Path(given)
    if NEARBY.is_dir():
        return NEARBY
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "hadam_hw" / "data"


def fetch(folder, name):
    """The path of a data file, downloaded first if it is not there.

    Raises
    ------
    DataError
        If it cannot be downloaded, or what came is not the file.
    """
    path = folder / name
    if path.exists():
        return path
    address, digest = FILES[name]
    if address is None:
        raise DataError(f"Data file {path} is missing and has no public address in this form; docs/training.md says how it is "
                        "made, and --data names the folder that holds it")
    try:
        with urllib.request.urlopen(address + path.name, timeout=60) as answer:
            content = answer.read()
    except (urllib.error.URLError, OSError) as error:
        raise DataError(f"Data file {path} is missing and could not be downloaded from {address} ({error}); "
                        "go online or name a folder that holds it with --data") from None
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise DataError(f"Downloaded {path.name} must have SHA-256 {digest}, not {found}; nothing was kept")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, content)
    return path


def read_idx(path):
    """An array of an ``idx`` file of bytes, gzipped (the format of MNIST)."""
    try:
        content = gzip.decompress(path.read_bytes())
        dimensions = content[3]
        shape = np.frombuffer(content, ">i4", dimensions, 4)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise DataError(f"Data file {path} is damaged ({error}); delete it to have it fetched again") from None


def read_npz_xz(path):
    """The arrays of an ``.npz`` that is compressed as a whole with xz."""
    try:
        with np.load(io.BytesIO(lzma.decompress(path.read_bytes())), allow_pickle=False) as archive:
            return dict(archive)
    except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
        raise DataError(f"Data file {path} is damaged ({error})") from None
