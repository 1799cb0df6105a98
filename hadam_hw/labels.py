# SPDX-License-Identifier: BSD-2-Clause
"""Labels of sequences, as people write them, become the numbers of a model's classes."""

import re

import numpy as np

from hadam_hw.errors import DataError


def class_numbers(given, count, names, where):
    """The classes int64 [sequences] that labels stand for.

    Parameters
    ----------
    given : array or sequence [sequences]
        Numbers of classes from 0 on, or names; a text is a number where it looks like one.
    count : int
        How many classes there are.
    names : sequence of str
        Theirs, or empty.
    where : str
        What the labels are of, for the error.

    Raises
    ------
    DataError
        Naming the first label that is no class.
    """
    found = np.empty(len(given), dtype=np.int64)
    for place, label in enumerate(given):
        label = _plain(label)
        number, named = _number(label), names.index(label) if label in names else None
        if named is not None and number is not None and named != number < count:
            raise DataError(f"Label {place} of {where} must be one class, not {label!r}, which is the name of class {named} "
                            f"and the number of {names[number]!r}; give numbers as integers, in a .npz")
        number = number if named is None else named
        if number is None or not 0 <= number < count:
            allowed = f", or one of {', '.join(map(repr, names))}" if names else ""
            way = "give the file of a model with names: --weights" if isinstance(label, str) and not names \
                else "number the classes from 0 on"
            raise DataError(f"Label {place} of {where} must be a whole number from 0 to {count - 1}{allowed}, "
                            f"not {label!r}; {way}")
        found[place] = number
    return found


def real_values(given, outputs, where):
    """The right values float64 [sequences, outputs] that labels stand for.

    Parameters
    ----------
    given : array or sequence [sequences], or [sequences, outputs]
        Numbers, as texts too, each in the unit of its output.
    outputs : int
    where : str
        What the labels are of, for the error.

    Raises
    ------
    DataError
        If they are no finite numbers, or not one an output.
    """
    try:
        found = np.asarray(given).astype(np.float64)
    except (ValueError, TypeError) as error:
        raise DataError(f"Labels of {where} must be numbers, since the model answers with values: {error}") from None
    found = found.reshape(len(found), -1)
    if found.shape[1] != outputs or not np.isfinite(found).all():
        raise DataError(f"Labels of {where} must be {outputs} finite number{'s' * (outputs > 1)} a sequence, the right values; "
                        f"give [sequences, {outputs}] in a .npz")
    return found


def _plain(label):
    """A label as Python has it: a text without space around it, or a number."""
    label = label.item() if isinstance(label, np.generic) else label
    label = label.decode(errors="replace") if isinstance(label, bytes) else label
    return label.strip() if isinstance(label, str) else label


def _number(label):
    """The whole number that a label is, or None."""
    if isinstance(label, str):
        return int(label) if re.fullmatch("-?[0-9]{1,18}", label) else None
    whole = isinstance(label, int) or isinstance(label, float) and label.is_integer()
    return int(label) if whole else None
