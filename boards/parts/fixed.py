# SPDX-License-Identifier: BSD-2-Clause
"""Pins that a board wants at a level that the design does not decide: constant, or that of another pin.

Levels are those at the pins, whatever ``inverted`` says of the port: these pins are wires of the board, not signals of the
design.
"""

from dataclasses import dataclass

from amaranth.hdl import Const

from boards.parts.pins import Port
from hadam_hw.errors import BoardError


@dataclass(frozen=True)
class Constant:
    """Pins at a constant level, such as the chip select of a flash whose other pins the design uses.

    Parameters
    ----------
    port : Port
        An output.
    level : int
        Of its pins, bit 0 first: 0 or 1 for a single pin.

    Raises
    ------
    BoardError
    """

    port: Port
    level: int

    def __post_init__(self):
        _check_output(self.port)
        top = (1 << len(self.port.sites)) - 1
        if type(self.level) is not int or not 0 <= self.level <= top:
            raise BoardError(f"Level of {self.port.name} must be an integer between 0 and {top}, a bit for each of its pins, "
                             f"not {self.level!r}")

    @property
    def ports(self):
        """All ports that this adds to the design."""
        return (self.port,)

    def value(self, pins):
        """What drives the port's pins; ``pins`` leads from a port to its signal."""
        return Const(self.level, len(self.port.sites))


@dataclass(frozen=True)
class Tied:
    """Pins at the level of others, such as an input of another chip that a button should still reach.

    Parameters
    ----------
    port : Port
        An output.
    source : Port
        An input with as many pins; it may be one that the design has anyhow.

    Raises
    ------
    BoardError
    """

    port: Port
    source: Port

    def __post_init__(self):
        _check_output(self.port)
        if self.source.output:
            raise BoardError(f"Port {self.source.name} must be an input where {self.port.name} is tied to it, not an output")
        if len(self.port.sites) != len(self.source.sites):
            raise BoardError(f"Port {self.port.name} must have as many pins as {self.source.name}, which it is tied to, "
                             f"not {len(self.port.sites)} and {len(self.source.sites)}")

    @property
    def ports(self):
        """All ports that this adds to the design."""
        return self.port, self.source

    def value(self, pins):
        """What drives the port's pins; ``pins`` leads from a port to its signal."""
        return pins(self.source)


def _check_output(port):
    if not port.output:
        raise BoardError(f"Port {port.name} must be an output where the board fixes its level, not an input")
