# SPDX-License-Identifier: BSD-2-Clause
"""Which divisions of a clock give a sensor its rate."""

from dataclasses import dataclass

from hadam_hw.errors import BoardError
from hadam_hw.sensors.pdm import PdmDecimator

#: Of the bit clock of a PDM microphone (ST MP34DT05, Knowles SPH0641LU4H-1; others were not verified).
PDM_HZ = (1_000_000, 3_250_000)
#: How far a sample rate may be off.
MAX_ERROR = 0.01
#: Bits that a sample is louder than full scale would have it: a person speaks some 30 dB below a microphone's loudest.
GAIN_BITS = 4
MIN_RATIO, MAX_RATIO, MIN_DIVIDER = 8, 512, 4


@dataclass(frozen=True)
class PdmRates:
    """Clocks of a bit, and bits of a sample."""

    divider: int
    ratio: int

    def rate_hz(self, clock_hz):
        """Samples a second."""
        return clock_hz / (self.divider * self.ratio)

    @property
    def decimator(self):
        """The :class:`~hadam_hw.sensors.pdm.PdmDecimator` of the samples."""
        return PdmDecimator(self.ratio, max(0, PdmDecimator(self.ratio, 0).scale - 15 - GAIN_BITS))


def pdm_rates(clock_hz, rate_hz):
    """The :class:`PdmRates` nearest to ``rate_hz``; of equal ones those with the most bits a sample, which are the least noisy.

    Raises
    ------
    BoardError
        If none is within 1 %.
    """
    least, most = (max(MIN_DIVIDER, -(-clock_hz // PDM_HZ[1])), clock_hz // PDM_HZ[0])
    found = []
    for divider in range(int(least), int(most) + 1):
        ratio = round(clock_hz / (divider * rate_hz))
        if MIN_RATIO <= ratio <= MAX_RATIO:
            rates = PdmRates(divider, ratio)
            found.append((abs(rates.rate_hz(clock_hz) / rate_hz - 1), -ratio, rates))
    best = min(found, key=lambda one: one[:2], default=None)
    if best is None or best[0] > MAX_ERROR:
        raise BoardError(f"Clock must divide to {rate_hz:g} samples a second within {MAX_ERROR:.0%} by way of a PDM clock "
                         f"between {PDM_HZ[0] / 1e6:g} and {PDM_HZ[1] / 1e6:g} MHz, and {float(clock_hz) / 1e6:g} MHz does "
                         "not; try another --freq")
    return best[2]
