# SPDX-License-Identifier: BSD-2-Clause
"""What constructors do with what they are given: it becomes Python's or NumPy's own type, or is refused in one sentence.

A value that is not converted is worse than one that is refused: a text never *is* a member of an enum, so that the last
branch is taken, and a NumPy scalar passes every comparison and fails when the model is saved.
"""

import math
import operator
from numbers import Integral, Real

import numpy as np

from hadam_hw.errors import ModelError


def assign(instance, **values):
    """Sets fields of a frozen dataclass, for its ``__post_init__`` only."""
    for name, value in values.items():
        object.__setattr__(instance, name, value)


def as_integer(name, value, error=ModelError):
    """``value`` as an int: an integer of Python or NumPy, no float and no boolean.

    Raises
    ------
    error
        With one sentence that begins with ``name``, like all functions here.
    """
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise error(f"{name} must be an integer, not {_shown(value)}")


def as_integer_between(name, value, low, high):
    """``value`` as an int between ``low`` and ``high``."""
    value = as_integer(name, value)
    if not low <= value <= high:
        raise ModelError(f"{name} must be between {low} and {high}, not {_shown(value)}")
    return value


def as_flag(name, value):
    """``value`` as a bool: a boolean of Python or NumPy, no number and no text."""
    if not isinstance(value, (bool, np.bool_)):
        raise ModelError(f"{name} must be True or False, not {_shown(value)}")
    return bool(value)


def as_real(name, value):
    """``value`` as a finite float: a number of Python or NumPy, no text and no boolean."""
    try:
        if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:  # an integer beyond all floats
        pass
    raise ModelError(f"{name} must be a finite number, not {_shown(value)}")


def as_positive(name, value):
    """``value`` as a finite float above 0."""
    value = as_real(name, value)
    if value <= 0:
        raise ModelError(f"{name} must be positive, not {value!r}")
    return value


def as_text(name, value):
    """``value`` as a str."""
    if not isinstance(value, str):
        raise ModelError(f"{name} must be a text, not {_shown(value)}")
    return str(value)


def as_names(name, values):
    """``values`` as a tuple of str; integers, as of ``np.unique`` of labels, become their digits."""
    try:
        names = None if isinstance(values, (str, bytes)) else tuple(values)
    except TypeError:
        names = None
    if names is None:
        raise ModelError(f"{name} must be a sequence of names, not {_shown(values)}; an empty one stands for no names")
    for value in names:
        if not isinstance(value, (str, Integral)) or isinstance(value, bool):
            raise ModelError(f"{name} must be names, not {_shown(value)}")
    return tuple(str(value) for value in names)


def as_member(kind, value):
    """The member of the enum ``kind`` that ``value`` is, or whose word it is."""
    try:
        return kind(value)
    except (ValueError, TypeError):
        words = ", ".join(member.value for member in kind)
        raise ModelError(f"{kind.__name__} must be one of {words}, not {_shown(value)}") from None


def as_instance(name, value, *kinds):
    """``value``, which must be of one of the classes ``kinds``."""
    if not isinstance(value, kinds):
        wanted = " or ".join(f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}" for kind in kinds)
        raise ModelError(f"{name} must be {wanted}, not of type {type(value).__name__}")
    return value


def as_tuple(name, values, kind):
    """``values`` as a tuple of instances of ``kind``."""
    values = tuple(values) if isinstance(values, (list, tuple)) else None
    if values is None or not all(isinstance(value, kind) for value in values):
        raise ModelError(f"{name} must be a sequence of {kind.__name__}")
    return values


def as_array(name, values):
    """``values`` as an array of integers, floats or booleans, whatever they are."""
    return _array_of(name, values, "numbers", "biuf")


def as_integers(name, values):
    """``values`` as a read-only int64 copy; an array of floats is refused, be they whole or not."""
    array = _array_of(name, values, "integers", "iu")
    limits = np.iinfo(np.int64)
    if array.size and array.max() > limits.max:
        raise ModelError(f"{name} must lie between {limits.min} and {limits.max}, not reach {array.max()}")
    return frozen(array, np.int64)


def as_reals(name, values):
    """``values`` as a float64 array of finite numbers."""
    array = as_array(name, values).astype(np.float64)
    if not np.isfinite(array).all():
        raise ModelError(f"{name} must be finite numbers")
    return array


def frozen(array, dtype):
    """A read-only copy of an array whose values ``dtype`` is known to hold."""
    array = np.array(array, dtype=dtype)
    array.flags.writeable = False
    return array


def _array_of(name, values, what, kinds):
    """``values`` as an array whose dtype is of one of NumPy's ``kinds``; an empty list has none and passes."""
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, RuntimeError):  # rows of several lengths; a tensor with a gradient or on a GPU
        raise ModelError(f"{name} must be an array of {what}, with rows of one length, not {_shown(values)}") from None
    if array.size and array.dtype.kind not in kinds:
        raise ModelError(f"{name} must hold {what}, not {array.dtype}")
    return array


def _shown(value):
    """The beginning of what is printed for ``value``, on one line."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python refuses to print an integer of thousands of digits
        return f"a very large {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."
