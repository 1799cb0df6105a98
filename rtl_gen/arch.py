# SPDX-License-Identifier: BSD-2-Clause
"""Architectures: the ways in which one adder graph becomes hardware, and how they are spelled.

``serial`` is :class:`DigitSerial` with one bit a clock, ``serial:D`` with ``D`` bits a clock, ``parallel`` moves whole
words. An architecture is data; :func:`rtl_gen.core.build_core` turns a model and an architecture into gateware.
"""

from dataclasses import dataclass

from hadam_hw.errors import ArchitectureError

MAX_DIGIT = 8


@dataclass(frozen=True)
class DigitSerial:
    """Every word moves ``digit`` bits a clock, least significant digit first.

    Parameters
    ----------
    digit : int or None
        Bits of every word a clock, 1 to ``MAX_DIGIT``; ``None`` moves whole words (fully parallel).

    Raises
    ------
    ArchitectureError
        If ``digit`` is out of range.
    """

    digit: int | None = 1

    def __post_init__(self):
        if self.digit is not None and not 1 <= self.digit <= MAX_DIGIT:
            raise ArchitectureError(
                f"Digit must be between 1 and {MAX_DIGIT} bits, not {self.digit}; "
                "for whole words use the architecture 'parallel'")

    def __str__(self):
        if self.digit is None:
            return "parallel"
        return "serial" if self.digit == 1 else f"serial:{self.digit}"


Architecture = DigitSerial


def parse_architecture(text):
    """The :data:`Architecture` spelled by ``text``: ``serial``, ``serial:D`` or ``parallel``.

    Raises
    ------
    ArchitectureError
        If ``text`` spells none.
    """
    word, colon, digits = text.partition(":")
    if word == "parallel" and not colon:
        return DigitSerial(None)
    if word == "serial" and not colon:
        return DigitSerial(1)
    if word == "serial" and digits.isascii() and digits.isdecimal():
        return DigitSerial(int(digits))
    raise ArchitectureError(
        f"Architecture must be 'serial', 'serial:D' (D bits a clock) or 'parallel', not {text!r}; "
        "'serial' is the smallest")


@dataclass(frozen=True)
class Timing:
    """Clocks of a component that turns one item into another.

    ``latency`` counts from the clock in which an item is accepted to the first clock in which its result can be used;
    ``interval`` from one accepted item to the next of the same sequence, at best; ``contexts`` independent sequences take
    turns, so the rate over all of them is ``contexts`` items every ``interval`` clocks.
    """

    latency: int
    interval: int
    contexts: int = 1


@dataclass(frozen=True)
class SequenceTiming:
    """Clocks of a whole sequence when neither neighbour makes the core wait.

    ``latency`` counts from the clock in which the first element is accepted to the clock in which the last class of its
    last read-out is offered; ``interval`` from the first element of one sequence to the first element of the next.
    """

    latency: int
    interval: int
