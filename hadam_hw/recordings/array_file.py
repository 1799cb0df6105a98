# SPDX-License-Identifier: BSD-2-Clause
"""Recordings in NumPy's files: an ``.npz`` with names that have a meaning, or the bare array of an ``.npy``."""

import numpy as np

from hadam_hw.archive import DAMAGE, ArchiveRules, brief, read_array, read_arrays
from hadam_hw.errors import DataError
from hadam_hw.recordings.csv_file import ReadFile
from hadam_hw.recordings.limits import (
    MAX_ARRAY_BYTES,
    MAX_ARRAYS,
    MAX_CHANNELS,
    MAX_CLASSES,
    MAX_FILE_VALUES,
    MAX_MAGNITUDE,
    MAX_NAME_CHARACTERS,
    MAX_RATE_HZ,
    MAX_SEQUENCES,
)
from hadam_hw.recordings.names import is_name, kind_of_units, shown
from hadam_hw.recordings.open_file import regular_file
from hadam_hw.recordings.recording import Kind, Part, Recording

_NUMBERS, _INTEGERS, _NAMES, _FLAGS = "iuf", "iu", "iuUS", "biu"
_FIELDS = {"inputs": _NUMBERS, "lengths": _INTEGERS, "labels": _NAMES, "groups": _NAMES, "test": _FLAGS, "classes": _NAMES,
           "channels": "US", "units": "US", "rate_hz": _NUMBERS}
_WORDS = {_NUMBERS: "integers or floats", _INTEGERS: "integers", _NAMES: "integers or text", _FLAGS: "booleans", "US": "text"}


def read_npz(path, name, options):
    """(ReadFile, classes or None) of the archive at ``path``, called ``name`` in sentences.

    It holds ``inputs`` [sequences, steps, channels], or [total steps, channels] with ``lengths``; for each sequence ``labels``
    and, if there, ``groups`` and ``test``; and ``classes``, ``channels``, ``units`` and ``rate_hz``.

    Raises
    ------
    DataError
        With one sentence that begins with ``name``.
    """
    with regular_file(path, name, MAX_ARRAY_BYTES + (1 << 20)) as file:
        try:
            return _parse(read_arrays(file, _RULES), name, options)
        except _NpzError as error:
            raise DataError(f"{name}: {error}") from None


def read_npy(path, name, options):
    """The ReadFile of the array at ``path``, [steps, channels] or [sequences, steps, channels]; integers are codes."""
    with regular_file(path, name, MAX_ARRAY_BYTES + (1 << 20)) as file:
        try:
            stored = file.seek(0, 2)
            file.seek(0)
            array = read_array(file, "inputs", stored, _RULES)
            kind = Kind.CODES if array.dtype.kind in "iu" else Kind.MEASURED
            if array.ndim not in (2, 3):
                raise _NpzError(f"it must be [steps, channels] or [sequences, steps, channels], not {list(array.shape)}")
            _check_size(array)
            array = array if array.ndim == 3 else array[None]
            return _sequences({"inputs": array}, [*array], name, options, kind)[0]
        except _NpzError as error:
            raise DataError(f"{name}: {error}") from None
        except DAMAGE as error:
            raise DataError(f"{name}: it is not a complete .npy file ({brief(error)})") from None


class _NpzError(DataError):
    """A sentence that lacks the file's name."""


def _wrong_type(name, dtype):
    kinds = _FIELDS.get(name)
    if kinds is None:
        raise _NpzError(f"array {shown(name)!r} must be one of {', '.join(_FIELDS)}; other arrays have no meaning here")
    if dtype.kind not in kinds or dtype.itemsize == 0 or (dtype.kind == "f" and dtype.itemsize > 8):
        return _WORDS[kinds]
    return None


_RULES = ArchiveRules(error=_NpzError, what="set of recordings", max_arrays=MAX_ARRAYS, max_bytes=MAX_ARRAY_BYTES,
                      max_dimensions=3, check_type=_wrong_type, fortran=True)


def _parse(arrays, name, options):
    inputs, lengths = arrays.get("inputs"), arrays.get("lengths")
    if inputs is None:
        raise _NpzError("it lacks the array 'inputs'")
    _check_size(inputs)
    if lengths is None and inputs.ndim == 3:
        return _sequences(arrays, [*inputs], name, options, kind_of_array(inputs))
    if lengths is None or inputs.ndim != 2 or lengths.ndim != 1:
        raise _NpzError("inputs must be [sequences, steps, channels], or [total steps, channels] with lengths [sequences], not "
                        f"{list(inputs.shape)}" + ("" if lengths is None else f" with lengths {list(lengths.shape)}"))
    if len(lengths) > MAX_SEQUENCES:
        raise _NpzError(f"lengths must be at most {MAX_SEQUENCES:,}, not {len(lengths):,}")
    if not len(lengths) or min(lengths.tolist()) < 1 or sum(lengths.tolist()) != len(inputs):
        raise _NpzError(f"lengths must be positive and make up the {len(inputs)} steps of inputs, not {sum(lengths.tolist())}")
    return _sequences(arrays, np.split(inputs, np.cumsum(lengths[:-1].astype(np.int64))), name, options, kind_of_array(inputs))


def _check_size(inputs):
    """Raises if there are more sequences, channels or numbers than can be kept."""
    if inputs.ndim == 3 and len(inputs) > MAX_SEQUENCES:
        raise _NpzError(f"inputs must have at most {MAX_SEQUENCES:,} sequences, not {len(inputs):,}")
    if not inputs.size or (inputs.ndim and inputs.shape[-1] > MAX_CHANNELS) or inputs.size > MAX_FILE_VALUES:
        raise _NpzError(f"inputs must have 1 to {MAX_CHANNELS} channels and 1 to {MAX_FILE_VALUES:,} numbers, not the shape "
                        f"{list(inputs.shape)}")


def kind_of_array(array):
    """MEASURED for floats; integers could be anything."""
    return Kind.MEASURED if array.dtype.kind == "f" else None


def _sequences(arrays, sequences, name, options, kind):
    """(ReadFile, classes) of the ``sequences`` [steps, channels]."""
    count, inputs = len(sequences), arrays["inputs"]
    if inputs.dtype.kind == "f" and not np.isfinite(inputs).all():
        k, step, channel = next((k, *np.argwhere(~np.isfinite(one))[0]) for k, one in enumerate(sequences)
                                if not np.isfinite(one).all())
        raise _NpzError(f"inputs must be finite, and sequence {k} has {sequences[k][step, channel]} in channel {channel} of "
                        f"step {step}")
    largest = max(-float(inputs.min()), float(inputs.max()))
    if largest > MAX_MAGNITUDE:
        raise _NpzError(f"inputs must lie within {MAX_MAGNITUDE:g}, not reach {largest:g}")
    if inputs.dtype.kind == "u" and inputs.max() > np.iinfo(np.int64).max:
        raise _NpzError(f"inputs must be below 2**63, not {inputs.max()}")
    channels = _names(arrays, "channels", inputs.shape[-1]) or tuple(f"channel_{k}" for k in range(inputs.shape[-1]))
    if len(set(channels)) < len(channels):
        raise _NpzError("channels must have a name of their own each")
    units = _names(arrays, "units", inputs.shape[-1], empty=True) or ("",) * inputs.shape[-1]
    classes = _names(arrays, "classes")
    if classes is not None and (len(set(classes)) < len(classes) or len(classes) > MAX_CLASSES):
        raise _NpzError(f"classes must be at most {MAX_CLASSES} names, each once")
    labels = _labels(arrays, count, classes)
    groups = _names(arrays, "groups", count) or (None,) * count
    parts = _parts(arrays, count)
    rate = _rate(arrays) or options.rate_hz
    kind = kind_of_units(units) or kind or options.kind
    dtype = np.float64 if inputs.dtype.kind == "f" else np.int64
    return ReadFile(tuple(
        Recording(sequence.astype(dtype, copy=False), channels, units, rate, label, group, part,
                  name if count == 1 else f"{name}, sequence {k}", kind)
        for k, (sequence, label, group, part) in enumerate(zip(sequences, labels, groups, parts, strict=True)))), classes


def _labels(arrays, count, classes):
    if "labels" in arrays and arrays["labels"].dtype.kind in "iu" and classes is not None:
        numbers = arrays["labels"]
        if numbers.shape != (count,):
            raise _NpzError(f"labels must be [{count}], one a sequence, not {list(numbers.shape)}")
        wrong = [int(number) for number in numbers.tolist() if not 0 <= number < len(classes)]
        if wrong:
            raise _NpzError(f"labels must be 0 to {len(classes) - 1}, the {len(classes)} classes, not {wrong[0]}")
        return [classes[number] for number in numbers.tolist()]
    labels = _names(arrays, "labels", count) or (None,) * count
    if classes is not None and not {*labels} <= {*classes, None}:
        raise _NpzError(f"labels must be one of the classes, not {shown(sorted({*labels} - {*classes, None})[0])!r}")
    return labels


def _parts(arrays, count):
    if "test" not in arrays:
        return (None,) * count
    test = arrays["test"]
    if test.shape != (count,) or not np.isin(test, (0, 1)).all():
        raise _NpzError(f"test must be [{count}], true or false for each sequence, not {list(test.shape)}")
    return tuple(Part.TEST if held else Part.TRAIN for held in test.tolist())


def _rate(arrays):
    if "rate_hz" not in arrays:
        return None
    rate = arrays["rate_hz"]
    if rate.size != 1 or not 0 < float(rate.reshape(())) <= MAX_RATE_HZ:
        raise _NpzError(f"rate_hz must be one number above 0 and at most {MAX_RATE_HZ:,}")
    return float(rate.reshape(()))


def _names(arrays, field, count=None, empty=False):
    """The array ``field`` as a tuple of names, ``count`` of them; None if it is not there."""
    if field not in arrays:
        return None
    array = arrays[field]
    if array.ndim != 1 or (count is not None and len(array) != count):
        raise _NpzError(f"{field} must be [{'names' if count is None else count}], not {list(array.shape)}")
    if len(array) > max(count or 0, MAX_CLASSES):
        raise _NpzError(f"{field} must be at most {MAX_CLASSES} names, not {len(array):,}")
    if array.dtype.kind in "US" and array.dtype.itemsize > 4 * 4 * MAX_NAME_CHARACTERS:
        raise _NpzError(f"{field} must be names of at most {MAX_NAME_CHARACTERS} characters")
    known = {}
    for value in array.tolist():
        if value not in known:
            known[value] = value.decode("latin-1") if array.dtype.kind == "S" else str(value)
            if not is_name(known[value]) and not (empty and value == type(value)()):
                raise _NpzError(f"{field} must be names of 1 to {MAX_NAME_CHARACTERS} printable characters, not "
                                f"{shown(known[value])!r}")
    return tuple(known[value] for value in array.tolist())
