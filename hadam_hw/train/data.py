# SPDX-License-Identifier: BSD-2-Clause
"""Where the data sets come from: a folder, or a download into the user's cache that is checked before it is used."""

import gzip
import hashlib
import io
import lzma
import os
import urllib.error
import urllib.request
import zipfile
import zlib
from pathlib import Path

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.files import atomic_write

#: Beside a clone; used when it is there.
NEARBY = Path(__file__).resolve().parents[3] / "shared" / "data"
_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
#: File below the data folder -> (address, SHA-256). All other files have none in the form that is read here.
PUBLIC = {
    "mnist/train-images-idx3-ubyte.gz": (_MNIST, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
    "mnist/train-labels-idx1-ubyte.gz": (_MNIST, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    "mnist/t10k-images-idx3-ubyte.gz": (_MNIST, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    "mnist/t10k-labels-idx1-ubyte.gz": (_MNIST, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    "fashion-mnist/train-images-idx3-ubyte.gz":
        (_FASHION, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
    "fashion-mnist/train-labels-idx1-ubyte.gz":
        (_FASHION, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
    "fashion-mnist/t10k-images-idx3-ubyte.gz":
        (_FASHION, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
    "fashion-mnist/t10k-labels-idx1-ubyte.gz":
        (_FASHION, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
}


def data_folder(given=None):
    """The folder to look in: the one given, else the one beside the clone, else a folder in the user's cache."""
    if given is not None:
        return Path(given)
    if NEARBY.is_dir():
        return NEARBY
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "hadam_hw" / "data"


def fetch(folder, name, *others):
    """The path of a data file, downloaded first if neither it nor one of ``others``, its other forms, is there.

    Raises
    ------
    DataError
        If it cannot be downloaded, or what came is not the file.
    """
    path = folder / name
    for form in (path, *(folder / other for other in others)):
        if form.exists():
            return form
    if name not in PUBLIC:
        raise DataError(f"Data file {path} is missing and has no public address in this form; docs/tasks.md says how it is "
                        "made, and --data names the folder that holds it")
    address, digest = PUBLIC[name]
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
    """An array of an ``idx`` file of bytes (the format of MNIST), compressed by gzip or xz."""
    try:
        content = _decompressed(path)
        dimensions = content[3]
        shape = np.frombuffer(content, ">i4", dimensions, 4)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (*_DAMAGE, IndexError) as error:
        raise _damaged(path, error) from None


def read_npz_xz(path, **dimensions):
    """The arrays of an ``.npz`` that is compressed as a whole with xz: those named, of so many dimensions each.

    Raises
    ------
    DataError
        If it is damaged, or lacks one of them.
    """
    try:
        with np.load(io.BytesIO(_decompressed(path)), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in dimensions if name in archive}
    except _DAMAGE as error:
        raise _damaged(path, error) from None
    for name, count in dimensions.items():
        if name not in arrays or arrays[name].ndim != count or not arrays[name].size:
            raise DataError(f"Data file {path} must hold an array {name} of {count} dimensions; {_REMEDY}")
    return arrays


def read_text(path):
    """The text of a file, plain or compressed by xz."""
    try:
        return _decompressed(path).decode()
    except _DAMAGE as error:
        raise _damaged(path, error) from None


def check_rows(path, *arrays):
    """Raises a DataError where arrays that tell of the same sequences differ in length."""
    if len({len(array) for array in arrays}) > 1:
        raise DataError(f"Data file {path} is damaged (its arrays tell of {', '.join(str(len(array)) for array in arrays)} "
                        f"sequences); {_REMEDY}")


def check_channels(path, count, *lengths):
    """Raises a DataError where one of the ``lengths`` of arrays along their channels is not ``count``."""
    wrong = [length for length in lengths if length != count]
    if wrong:
        raise DataError(f"Data file {path} must hold {count} channels, not {wrong[0]}; {_REMEDY}")


_REMEDY = "docs/tasks.md says how it is made"
#: What reading a damaged file raises.
_DAMAGE = (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error, zipfile.BadZipFile)


def _decompressed(path):
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else lzma.decompress(content) if path.suffix == ".xz" else content


def _damaged(path, error):
    fetched = f"{path.parent.name}/{path.name}" in PUBLIC
    remedy = "delete it to have it fetched again" if fetched else _REMEDY
    return DataError(f"Data file {path} is damaged ({error}); {remedy}")
