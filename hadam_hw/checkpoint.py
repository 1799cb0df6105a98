# SPDX-License-Identifier: BSD-2-Clause
"""What a checkpoint holds: names to arrays of floats, whoever saved it and in whichever of the two formats.

A file of ``torch.save`` is read as weights alone, so that nothing in it runs. One of safetensors has no code. What people put
around a state dict is taken off: a dict with the state dict in it, ``module.`` (of ``DataParallel``), ``_orig_mod.`` (of
``torch.compile``), and any other prefix that all names share.
"""

import numpy as np

from hadam_hw.errors import ModelFileError, ToolMissingError

#: Bytes of a file: an embedding of 100,000 words by 512 in 64 bits, with an optimizer's two copies.
MAX_BYTES = 3 << 29
#: Where training loops keep the state dict in what they save.
WRAPPERS = ("state_dict", "model_state_dict", "model")
_COMPILED = "_orig_mod."
#: What safetensors calls its floats, as NumPy reads them; BF16 is the upper half of F32.
_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


class Checkpoint:
    """Names to float64 arrays; whoever reads takes them out one by one, and :meth:`finish` refuses what is left.

    Parameters
    ----------
    path : Path
        For errors.
    arrays : dict of str to float64 array
    """

    def __init__(self, path, arrays):
        self.path, self.arrays = path, arrays
        #: What was not taken yet.
        self.left = dict(arrays)

    def error(self, words):
        """The ModelFileError of this file: ``words`` go on after ``Checkpoint PATH``."""
        return ModelFileError(f"Checkpoint {self.path} {words}")

    def has(self, *names):
        """Whether one of ``names`` is there."""
        return any(name in self.arrays for name in names)

    def take(self, shape, *names, what="HadamRNN of the reference code"):
        """The array of the first of ``names`` that is there.

        Parameters
        ----------
        shape : tuple of int or str
            A word stands for any size from 1 on, and says in an error what it counts.
        names : str
        what : str
            The network that would have it.

        Raises
        ------
        ModelFileError
            If none is there, or its shape is another.
        """
        found = next((name for name in names if name in self.left), None)
        if found is None:
            raise self.error(f"must hold {names[0]}, and does not; is it a {what}?")
        array = self.left.pop(found)
        if len(shape) != array.ndim or any(isinstance(want, int) and want != size
                                           for want, size in zip(shape, array.shape, strict=True)):
            raise self.error(f"must hold {found} of shape [{', '.join(map(str, shape))}], not {list(array.shape)}")
        return array

    def drop(self, *names):
        """Forgets arrays that say nothing."""
        for name in names:
            self.left.pop(name, None)

    def finish(self, what):
        """Raises a ModelFileError if something is left that no ``what`` has."""
        if self.left:
            raise self.error(f"holds {min(self.left)}, which no {what} has")


def read_checkpoint(path):
    """The :class:`Checkpoint` in the file ``path``.

    Raises
    ------
    ModelFileError
        With one sentence, for anything that holds no state dict of finite floats.
    ToolMissingError
        If the package that reads the format is not installed.
    """
    # a pipe would be waited for; a missing file is the system's error, and says so
    if path.exists() and (not path.is_file() or path.stat().st_size > MAX_BYTES):
        raise ModelFileError(f"Checkpoint {path} must be a file of at most {MAX_BYTES:,} bytes")
    with path.open("rb") as file:
        head = file.read(9)
        file.seek(0)
        # a header's length in 8 bytes, then JSON; torch's files are archives or pickles
        arrays = _of_safetensors(path, file) if head[8:] == b"{" else _of_torch(path, file)
    return Checkpoint(path, _unwrapped(path, arrays))


def _of_safetensors(path, file):
    try:
        from safetensors import SafetensorError, deserialize
    except ImportError:
        raise ToolMissingError("Files of safetensors need the package of this name, which is not here; install it: "
                               "pip install 'hadam_hw[safetensors]'") from None
    try:
        tensors = deserialize(file.read())
    except SafetensorError as error:
        raise ModelFileError(f"Checkpoint {path} cannot be read as safetensors ({error})") from None
    arrays = {}
    for name, tensor in tensors:
        kind = _FLOATS.get(tensor["dtype"])
        if kind is None:
            raise _no_floats(path, name)
        values = np.frombuffer(tensor["data"], kind)
        if tensor["dtype"] == "BF16":
            values = (values.astype("<u4") << 16).view("<f4")
        arrays[name] = _checked(path, name, values.astype(np.float64).reshape(tensor["shape"]))
    return arrays


def _of_torch(path, file):
    try:
        import torch
    except ImportError:
        raise ToolMissingError("PyTorch must be installed to read a checkpoint; pip install 'hadam_hw[train]'") from None
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # bytes that are no checkpoint lead torch to nearly any of them
        first = str(error).strip().partition("\n")[0].partition(". ")[0]
        raise ModelFileError(f"Checkpoint {path} cannot be read as weights alone "
                             f"({type(error).__name__}: {first})") from None
    inner = [state[key] for key in WRAPPERS if isinstance(state, dict) and isinstance(state.get(key), dict)]
    state = inner[0] if inner else state
    if not isinstance(state, dict) or not state or not all(
            isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()):
        raise ModelFileError(f"Checkpoint {path} must hold a state dict, names to tensors; save model.state_dict()")
    arrays = {}
    for name, value in state.items():
        if not value.is_floating_point() or value.layout != torch.strided or value.is_meta:
            raise _no_floats(path, name)
        arrays[name] = _checked(path, name, value.detach().to(torch.float64).numpy())
    return arrays


def _checked(path, name, array):
    if not array.size or not np.isfinite(array).all():
        raise _no_floats(path, name)
    return array


def _no_floats(path, name):
    return ModelFileError(f"Tensor {name} of checkpoint {path} must hold finite floats")


def _unwrapped(path, arrays):
    """Without what was put around the names."""
    names = {name: name.replace(_COMPILED, "") for name in arrays}
    while True:
        firsts = {name.partition(".")[0] for name in names.values()}
        if len(firsts) != 1 or not all("." in name for name in names.values()):
            break
        names = {name: short.partition(".")[2] for name, short in names.items()}
    if len(set(names.values())) < len(names):
        raise ModelFileError(f"Checkpoint {path} must hold each weight once, and holds one both with and without {_COMPILED}")
    return {short: arrays[name] for name, short in names.items()}
