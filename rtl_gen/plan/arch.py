# SPDX-License-Identifier: BSD-2-Clause
"""Architectures: the ways in which one adder graph becomes hardware, and how they are spelled.

``serial`` is :class:`DigitSerial` with one bit a clock, ``serial:D`` with ``D`` bits a clock, ``parallel`` moves whole
words, and ``parallel,contexts=C`` serves ``C`` independent sequences in turn.
``folded:R`` is :class:`Folded` with butterflies of radix ``R``, ``folded:RxL`` with ``L`` of them side by side; ``folded:1``
has no butterfly and moves a word a clock. An architecture is data; :func:`rtl_gen.cores.build.build_core` turns a model and an
architecture into gateware.
"""

import re
from dataclasses import dataclass

from hadam_hw.checks import as_integer, assign
from hadam_hw.errors import ArchitectureError

MAX_DIGIT = 8
RADICES = (1, 2, 4, 8)
MAX_LANES = 16
#: More than the clocks of any loop that was built.
MAX_CONTEXTS = 64


@dataclass(frozen=True)
class DigitSerial:
    """Every word moves ``digit`` bits a clock, least significant digit first.

    Parameters
    ----------
    digit : int or None
        Bits of every word a clock, 1 to ``MAX_DIGIT``; ``None`` moves whole words (fully parallel).
    contexts : int
        Independent sequences that take turns; more than one only for whole words. How many a model's loop has room for is
        known when its core is built.

    Raises
    ------
    ArchitectureError
        If one of them is something else.
    """

    digit: int | None = 1
    contexts: int = 1

    def __post_init__(self):
        assign(self, contexts=as_integer("Contexts", self.contexts, ArchitectureError))
        if self.digit is not None:
            assign(self, digit=as_integer("Digit", self.digit, ArchitectureError))
        if self.digit is not None and not 1 <= self.digit <= MAX_DIGIT:
            raise ArchitectureError(
                f"Digit must be between 1 and {MAX_DIGIT} bits, not {self.digit}; "
                "for whole words use the architecture 'parallel'")
        if not 1 <= self.contexts <= MAX_CONTEXTS:
            raise ArchitectureError(f"Contexts must be between 1 and {MAX_CONTEXTS}, not {self.contexts}")
        if self.digit is not None and self.contexts > 1:
            raise ArchitectureError(
                "Contexts must be 1 in a serial core, whose adders are busy with the digits of one sequence for nearly the "
                f"whole step; use 'parallel,contexts={self.contexts}', or several serial cores")

    def __str__(self):
        if self.digit is None:
            return "parallel" if self.contexts == 1 else f"parallel,contexts={self.contexts}"
        return "serial" if self.digit == 1 else f"serial:{self.digit}"


@dataclass(frozen=True)
class Folded:
    """The state in block RAM; ``lanes`` butterflies of ``radix`` words go through it several times a step.

    Parameters
    ----------
    radix : int
        2, 4 or 8 words a butterfly; 1 is none, for blocks of 1, whose words are only moved.
    lanes : int
        Butterflies side by side, each on blocks of its own, or words: a power of two up to ``MAX_LANES``.

    Raises
    ------
    ArchitectureError
        If one of them is something else.
    """

    radix: int
    lanes: int = 1

    def __post_init__(self):
        assign(self, radix=as_integer("Radix", self.radix, ArchitectureError),
               lanes=as_integer("Lanes", self.lanes, ArchitectureError))
        if self.radix not in RADICES:
            raise ArchitectureError(f"Radix must be 1, 2, 4 or 8 words a butterfly, not {self.radix}")
        if not 1 <= self.lanes <= MAX_LANES or self.lanes & (self.lanes - 1):
            raise ArchitectureError(f"Lanes must be a power of two up to {MAX_LANES}, not {self.lanes}")

    def __str__(self):
        return f"folded:{self.radix}" + (f"x{self.lanes}" if self.lanes > 1 else "")


Architecture = DigitSerial | Folded

_SPELLING = re.compile(r"((?P<parallel>parallel)|(?P<serial>serial)(:(?P<digit>[0-9]{1,9}))?"
                       r"|(?P<folded>folded):(?P<radix>[0-9]{1,9})(x(?P<lanes>[0-9]{1,9}))?)(,contexts=(?P<contexts>[0-9]{1,9}))?")


def parse_architecture(text):
    """The :data:`Architecture` spelled by ``text``; see the words of this module.

    Raises
    ------
    ArchitectureError
        If ``text`` spells none.
    """
    match = _SPELLING.fullmatch(text)
    if not match:
        raise ArchitectureError(
            "Architecture must be 'serial', 'serial:D' (D bits a clock), 'parallel', 'parallel,contexts=C' (C sequences in "
            "turn), 'folded:R' (butterflies of radix R, none for 1) or "
            f"'folded:RxL' (L of them), not {text!r}; 'serial' is the smallest up to some 128 units, 'folded:8' above")
    contexts = int(match["contexts"] or 1)
    if match["parallel"] or match["serial"]:
        return DigitSerial(None if match["parallel"] else int(match["digit"] or 1), contexts)
    if contexts != 1:
        raise ArchitectureError(f"Contexts must be 1 in a folded core, whose butterfly is busy all the time, not {contexts}; "
                                f"use 'parallel,contexts={contexts}', or several folded cores")
    return Folded(int(match["radix"]), int(match["lanes"] or 1))
