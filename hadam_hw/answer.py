# SPDX-License-Identifier: BSD-2-Clause
"""What the outputs of a model stand for: classes, of which the largest is the answer, or values that are measured."""

from dataclasses import dataclass
from enum import Enum

from hadam_hw.checks import as_positive, as_text, assign


class Answer(Enum):
    """``CLASSES``: an output a class, and the largest is the answer. ``VALUES``: each output a quantity, as in regression."""

    CLASSES = "classes"
    VALUES = "values"


@dataclass(frozen=True)
class Value:
    """The quantity that an output stands for.

    Parameters
    ----------
    scale : float
        What code 1 of U times one unit of the state is worth, in ``unit``; above 0.
    unit : str
        Such as ``"kPa"``; empty for a bare number.

    Raises
    ------
    ModelError
    """

    scale: float
    unit: str = ""

    def __post_init__(self):
        assign(self, scale=as_positive("Scale of a value", self.scale), unit=as_text("Unit of a value", self.unit))

    def show(self, amount):
        """``amount`` and its unit, for a person."""
        return f"{amount:.6g} {self.unit}".rstrip()
