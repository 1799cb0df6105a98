# SPDX-License-Identifier: BSD-2-Clause
"""Sequences for a device, from files of several kinds."""

import csv

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.labels import class_numbers, real_values
from hadam_hw.readout import class_count

#: Names of the column, or of the array, that holds the classes.
LABEL, LABELS, INPUTS = "label", "labels", "inputs"
KINDS = (".npy", ".npz", ".csv")


def load(path, identity, model=None):
    """The sequences in a file.

    ``.npy`` holds integers [sequences, steps, inputs], or [sequences, steps * inputs], inputs being the elements of a vector;
    ``.npz`` such an array as ``inputs`` and perhaps ``labels``; ``.csv`` a sequence a line, vector after vector, under a header
    if one column is ``label``. Where ``model`` has a table, two dimensions are tokens [sequences, steps], and a line is a token
    a step. Labels are what :func:`hadam_hw.labels.class_numbers` takes, names being those of ``model``; where the device has
    values, what :func:`hadam_hw.labels.real_values` takes.

    Parameters
    ----------
    path : Path
    identity : rtl_gen.link.frames.Identity
        Of the device that takes the sequences.
    model : Model, optional

    Returns
    -------
    sequences : int array [sequences, steps, inputs], or of tokens [sequences, steps]
    labels : int64 [sequences], or float64 [sequences, outputs], or None
        Numbers of classes, or values.

    Raises
    ------
    DataError
        If the file is not that, a token is not in the table, or a label is no class.
    """
    if path.suffix not in KINDS:
        raise DataError(f"File must be one of {', '.join(KINDS)}, not {path.name}")
    try:
        found, labels = _READERS[path.suffix](path)
    except FileNotFoundError:
        raise DataError(f"File must exist, and {path} does not") from None
    except (ValueError, OSError, KeyError, IndexError, EOFError) as error:
        raise DataError(f"{path} must hold whole numbers, sequence by sequence, and does not: {error}") from None
    if found.dtype.kind not in "iu":
        raise DataError(f"Elements in {path} must be integers, not {found.dtype}; scale them as the model's input asks")
    table = None if model is None else model.table
    if found.ndim == 2 and table is not None and found.size:
        _check_tokens(path, found, len(table))
    else:
        found = _vectors(path, found, identity.inputs, model)
    if labels is None:
        return found, None
    if labels.shape[:1] != (len(found),) or labels.ndim > 1 + identity.values:
        raise DataError(f"Labels in {path} must be one a sequence, {len(found)}, not of shape {list(labels.shape)}")
    if identity.values:
        if model is None:
            raise DataError(f"Labels in {path} must be compared in the units of the model's values; name it: --weights")
        return found, real_values(labels, identity.outputs, path)
    return found, class_numbers(labels, class_count(identity.outputs), () if model is None else model.classes, path)


def _check_tokens(path, found, count):
    wrong = np.argwhere((found < 0) | (found >= count))
    if len(wrong):
        sequence, step = wrong[0]
        raise DataError(f"Tokens in {path} must be between 0 and {count - 1}, and step {step} of sequence {sequence} is "
                        f"{found[sequence, step]}; give tokens that the table does not have the number of an unknown one")


def _vectors(path, found, inputs, model):
    shape = list(found.shape)
    if found.ndim == 2 and found.shape[1] % inputs == 0:
        found = found.reshape(len(found), -1, inputs)
    if found.ndim != 3 or found.shape[2] != inputs or not found.size:
        maybe_tokens = len(shape) == 2 and model is None
        hint = "; if these are tokens, name the model whose table has them: --weights" if maybe_tokens else ""
        raise DataError(f"Sequences in {path} must have shape [sequences, steps, {inputs}], not {shape}{hint}")
    return found


def _npy(path):
    return np.load(path, allow_pickle=False), None


def _npz(path):
    with np.load(path, allow_pickle=False) as file:
        if INPUTS not in file:
            raise KeyError(f"it has no array called {INPUTS}, but {', '.join(file)}")
        return file[INPUTS], file[LABELS] if LABELS in file else None


def _csv(path):
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    if LABEL not in rows[0]:
        return np.array([[int(value) for value in row] for row in rows]), None
    column = rows[0].index(LABEL)
    labels = np.array([row.pop(column) for row in rows[1:]])
    return np.array([[int(value) for value in row] for row in rows[1:]]), labels


_READERS = {".npy": _npy, ".npz": _npz, ".csv": _csv}
