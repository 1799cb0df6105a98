# SPDX-License-Identifier: BSD-2-Clause
"""The last states of a data set, computed once for each layer and kept on disk."""

import io
import json
from pathlib import Path

import numpy as np

from hadam_hw import golden
from hadam_hw.cache import Cache, cache_folder, digest
from hadam_hw.form import layer_digest
from hadam_hw.train.states import last_states

#: Bytes of all states that are kept: some 70 of MNIST's training set at 128 units.
KEPT_BYTES = 1 << 30


def state_cache():
    """The user's cache of states, at most :data:`KEPT_BYTES` large."""
    return Cache(cache_folder() / "states", KEPT_BYTES)


def kept_states(layer, inputs, cache, *, summed=False, progress=None):
    """:func:`~hadam_hw.train.states.last_states`, from ``cache`` where they were computed before.

    What they depend on is the layer's arithmetic, the inputs, whether they are summed, and the source of the modules that
    compute them.

    Parameters
    ----------
    layer : Layer
    inputs : int [sequences, steps, d_in]
    cache : Cache
    summed : bool
    progress : callable, optional

    Returns
    -------
    states : int16 or int32 [sequences, n]
    saturations : int
    """
    def make():
        found, saturations = last_states(layer, inputs, summed=summed, progress=progress)
        buffer = io.BytesIO()
        np.save(buffer, found.astype(np.int16 if np.abs(found).max(initial=0) < 1 << 15 else np.int32))
        return {"states.npy": buffer.getvalue(), "saturations.json": json.dumps(saturations).encode()}

    key = {"layer": layer_digest(layer), "inputs": digest_of_array(inputs), "summed": summed, "code": _CODE}
    files, _ = cache.stage("states", key, make)
    return np.load(io.BytesIO(files["states.npy"]), allow_pickle=False), json.loads(files["saturations.json"])


def digest_of_array(values):
    """SHA-256 of an array: type, shape and elements."""
    values = np.ascontiguousarray(values)
    return digest(f"{values.dtype.str} {values.shape} {digest(values)}".encode())


_CODE = [digest((Path(golden.__file__).parent / name).read_bytes())
         for name in ("golden.py", "train/states.py", "train/state_kernel.py")]
