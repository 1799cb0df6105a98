# SPDX-License-Identifier: BSD-2-Clause
"""The clocks of a resonator bank in gateware (:mod:`rtl_gen.frontend.bank`), as data."""

from dataclasses import dataclass

from hadam_hw.input.bank import ResonatorBank

#: Clocks of a band and sample: three words are read, five sums are made, three of them are written.
BAND_CYCLES = 7
#: Clocks of a logarithm at the most: seven shifts by four places, three by one, and the one that sees that it is done.
LOG_CYCLES = 11


@dataclass(frozen=True)
class BankTiming:
    """Of ``n`` bands with ``f`` fraction bits: ``4 + f + 7 n`` clocks a sample, ``1 + 13 n`` more at the end of a frame, and
    ``n + 16`` more with a level.

    Parameters
    ----------
    bank : ResonatorBank
    """

    bank: ResonatorBank

    @property
    def sample_cycles(self):
        """Clocks from one accepted sample to the next within a frame."""
        return 4 + self.bank.fraction + BAND_CYCLES * self.bank.size

    @property
    def frame_cycles(self):
        """Clocks that the end of a frame adds at the most, while codes are taken at once."""
        level = 0 if self.bank.level is None else self.bank.size + LOG_CYCLES + 5
        return 1 + level + (LOG_CYCLES + 2) * self.bank.size
