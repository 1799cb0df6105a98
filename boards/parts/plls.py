# SPDX-License-Identifier: BSD-2-Clause
"""The clock generators of the families: settings nearest to a frequency, their exact output, and the cell."""

from dataclasses import dataclass
from fractions import Fraction

from amaranth.hdl import Const, Instance


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

    #: What the output can be, in MHz.
    RANGE_MHZ = (16, 275)
    CELL, REFERENCE = "SB_PLL40_CORE", "i_REFERENCECLK"

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
        """The settings whose output is nearest to ``hz``, or None if the PLL has none."""
        low, high = cls.RANGE_MHZ
        found = [
            pll for divr in range(16) for divf in range(128) for divq in range(1, 7)
            if 10e6 <= (pll := cls(reference_hz, divr, divf, divq)).detector_hz <= 133e6
            and 533e6 <= pll.oscillator_hz <= 1066e6 and low * 10**6 <= pll.hz <= high * 10**6]
        return min(found, key=lambda pll: (abs(pll.hz - Fraction(hz)), pll.divr), default=None)

    def instance(self, pin, clock, locked):
        """The cell: from the signal ``pin`` to the signals ``clock`` and ``locked``."""
        return Instance(
            self.CELL, p_FEEDBACK_PATH="SIMPLE", p_DIVR=self.divr, p_DIVF=self.divf, p_DIVQ=self.divq,
            p_FILTER_RANGE=self.filter_range, **{self.REFERENCE: pin}, i_RESETB=1, i_BYPASS=0,
            o_PLLOUTGLOBAL=clock, o_LOCK=locked)


class Ice40PadPll(Ice40Pll):
    """The same, where the clock comes in at the PLL's own pad."""

    CELL, REFERENCE = "SB_PLL40_PAD", "i_PACKAGEPIN"


@dataclass(frozen=True)
class Ecp5Pll:
    """Settings of an ECP5 PLL whose output is its feedback (Lattice FPGA-TN-02200).

    ``hz = reference * feedback / divider``, with the phase detector from 3.125 MHz on and the oscillator, ``output`` times as
    fast as the output, between 400 and 800 MHz.
    """

    reference_hz: int
    divider: int
    feedback: int
    output: int

    #: What the output can be, in MHz.
    RANGE_MHZ = (3.125, 400)

    @property
    def hz(self):
        """The exact output."""
        return Fraction(self.reference_hz * self.feedback, self.divider)

    @property
    def oscillator_hz(self):
        """The oscillator's rate."""
        return self.hz * self.output

    @classmethod
    def nearest(cls, reference_hz, hz):
        """The settings whose output is nearest to ``hz``, the oscillator nearest to its middle; None if there are none."""
        low, high = cls.RANGE_MHZ
        found = []
        for divider in range(1, min(128, reference_hz // 3_125_000) + 1):
            for feedback in range(1, 81):
                rate = Fraction(reference_hz * feedback, divider)
                if low * 10**6 <= rate <= high * 10**6:
                    found += [cls(reference_hz, divider, feedback, output) for output in range(1, 129)
                              if 400 * 10**6 <= rate * output <= 800 * 10**6]
        return min(found, key=lambda pll: (abs(pll.hz - Fraction(hz)), pll.divider, abs(pll.oscillator_hz - 600 * 10**6)),
                   default=None)

    def instance(self, pin, clock, locked):
        """The cell: from the signal ``pin`` to the signals ``clock`` and ``locked``."""
        return Instance(
            "EHXPLLL", a_ICP_CURRENT="12", a_LPF_RESISTOR="8", a_MFG_ENABLE_FILTEROPAMP="1", a_MFG_GMCREF_SEL="2",
            p_PLLRST_ENA="DISABLED", p_INTFB_WAKE="DISABLED", p_STDBY_ENABLE="DISABLED", p_DPHASE_SOURCE="DISABLED",
            p_OUTDIVIDER_MUXA="DIVA", p_OUTDIVIDER_MUXB="DIVB", p_OUTDIVIDER_MUXC="DIVC", p_OUTDIVIDER_MUXD="DIVD",
            p_CLKI_DIV=self.divider, p_CLKFB_DIV=self.feedback, p_FEEDBK_PATH="CLKOP", p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_DIV=self.output, p_CLKOP_CPHASE=self.output // 2, p_CLKOP_FPHASE=0,
            i_CLKI=pin, i_CLKFB=clock, i_RST=0, i_STDBY=0, i_PHASESEL0=0, i_PHASESEL1=0, i_PHASEDIR=1, i_PHASESTEP=1,
            i_PHASELOADREG=1, i_PLLWAKESYNC=0, i_ENCLKOP=0, o_CLKOP=clock, o_LOCK=locked)


@dataclass(frozen=True)
class GowinPll:
    """Settings of the rPLL of a Gowin GW1NR-9C of grade C6/I5 (Gowin UG286, DS117).

    ``hz = reference * feedback / divider``, with the phase detector between 3 and 400 MHz and the oscillator, ``output``
    times as fast as the output, between 400 and 1200 MHz.
    """

    reference_hz: int
    divider: int
    feedback: int
    output: int

    #: What the output can be, in MHz.
    RANGE_MHZ = (3.125, 600)

    @property
    def hz(self):
        """The exact output."""
        return Fraction(self.reference_hz * self.feedback, self.divider)

    @property
    def oscillator_hz(self):
        """The oscillator's rate."""
        return self.hz * self.output

    @classmethod
    def nearest(cls, reference_hz, hz):
        """The settings whose output is nearest to ``hz``, the oscillator slowest; None if there are none."""
        low, high = cls.RANGE_MHZ
        found = []
        for divider in range(1, min(64, reference_hz // 3_000_000) + 1):
            for feedback in range(1, 65):
                rate = Fraction(reference_hz * feedback, divider)
                if low * 10**6 <= rate <= high * 10**6:
                    found += [cls(reference_hz, divider, feedback, output)
                              for output in (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)
                              if 400 * 10**6 <= rate * output <= 1200 * 10**6]
        return min(found, key=lambda pll: (abs(pll.hz - Fraction(hz)), pll.divider, pll.oscillator_hz), default=None)

    def instance(self, pin, clock, locked):
        """The cell: from the signal ``pin`` to the signals ``clock`` and ``locked``."""
        fixed = {f"p_{name}": "false" for name in (
            "DYN_IDIV_SEL", "DYN_FBDIV_SEL", "DYN_ODIV_SEL", "DYN_DA_EN", "CLKOUT_BYPASS", "CLKOUTP_BYPASS", "CLKOUTD_BYPASS")}
        unused = {f"i_{name}": Const(0, width) for name, width in (
            ("RESET", 1), ("RESET_P", 1), ("CLKFB", 1), ("FBDSEL", 6), ("IDSEL", 6), ("ODSEL", 6), ("PSDA", 4), ("DUTYDA", 4),
            ("FDLY", 4))}
        return Instance(
            "rPLL", p_FCLKIN=f"{self.reference_hz / 1e6:g}", p_DEVICE="GW1NR-9C", p_IDIV_SEL=self.divider - 1,
            p_FBDIV_SEL=self.feedback - 1, p_ODIV_SEL=self.output, p_CLKFB_SEL="internal", p_PSDA_SEL="0000",
            p_DUTYDA_SEL="1000", p_CLKOUT_FT_DIR=Const(1, 1), p_CLKOUTP_FT_DIR=Const(1, 1), p_CLKOUT_DLY_STEP=0,
            p_CLKOUTP_DLY_STEP=0, p_DYN_SDIV_SEL=2, p_CLKOUTD_SRC="CLKOUT", p_CLKOUTD3_SRC="CLKOUT", **fixed, **unused,
            i_CLKIN=pin, o_CLKOUT=clock, o_LOCK=locked)
