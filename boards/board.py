# SPDX-License-Identifier: BSD-2-Clause
"""What a board is: a chip with resources, a clock that is made from its crystal, pins, and a wrapper for the design."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Chip:
    """A chip in its package, in nextpnr's words, and what it has.

    Parameters
    ----------
    family : str
        As in :data:`rtl_gen.family.FAMILIES`.
    device, package : str
        For Gowin the package is the whole part number.
    lc, ebr, dsp : int
        Logic cells (a LUT of four inputs each), block RAMs, multipliers.
    ebr_bits : int
        Of a block RAM.
    speed : str
        The speed grade, where the tools are told it apart.
    """

    family: str
    device: str
    package: str
    lc: int
    ebr: int
    dsp: int
    ebr_bits: int
    speed: str = ""


UP5K_SG48 = Chip("ice40", "up5k", "sg48", lc=5280, ebr=30, dsp=8, ebr_bits=4096)
HX8K_CT256 = Chip("ice40", "hx8k", "ct256", lc=7680, ebr=32, dsp=0, ebr_bits=4096)


@dataclass(frozen=True)
class Board(ABC):
    """A board that a whole design can be built for.

    Parameters
    ----------
    name : str
    chip : Chip
    default_clock_mhz : float
        What the design is clocked with unless another clock is asked for.
    baud : int
        Of the link.
    packing_options : tuple of str
        For the tool that makes the bitstream.
    """

    name: str
    chip: Chip
    default_clock_mhz: float
    baud: int
    packing_options: tuple[str, ...] = ()

    @abstractmethod
    def clock(self, mhz):
        """The settings that make the clock nearest to ``mhz``; ``.hz`` is its exact value.

        Raises
        ------
        BoardError
            If the board cannot make such a clock.
        """

    @abstractmethod
    def wrapper(self, top, clock):
        """The component with the board's pins as ports, around a :class:`rtl_gen.top.Top`."""

    @abstractmethod
    def constraints(self):
        """The pin constraints, as text for nextpnr."""


@dataclass(frozen=True)
class Ice40Pll:
    """Settings of an iCE40 PLL in simple feedback mode (Lattice FPGA-TN-02052).

    ``hz = reference * (divf + 1) / (2**divq * (divr + 1))``, with the phase detector between 10 and 133 MHz and the oscillator
    between 533 and 1066 MHz.
    """

    reference_hz: int
    divr: int
    divf: int
    divq: int

    @property
    def detector_hz(self):
        """The rate at which phases are compared."""
        return Fraction(self.reference_hz, self.divr + 1)

    @property
    def oscillator_hz(self):
        """The oscillator's rate."""
        return self.detector_hz * (self.divf + 1)

    @property
    def hz(self):
        """The exact output."""
        return self.oscillator_hz / 2**self.divq

    @property
    def filter_range(self):
        """The loop filter's setting for this phase detector rate."""
        limits = (17e6, 26e6, 44e6, 66e6, 101e6)
        return 1 + sum(self.detector_hz >= limit for limit in limits)

    @classmethod
    def nearest(cls, reference_hz, hz):
        """The settings whose output is nearest to ``hz``, or None if the PLL has none within 16 to 275 MHz."""
        found = [
            pll for divr in range(16) for divf in range(128) for divq in range(1, 7)
            if 10e6 <= (pll := cls(reference_hz, divr, divf, divq)).detector_hz <= 133e6
            and 533e6 <= pll.oscillator_hz <= 1066e6 and 16e6 <= pll.hz <= 275e6]
        return min(found, key=lambda pll: (abs(pll.hz - Fraction(hz)), pll.divr), default=None)
