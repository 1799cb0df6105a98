# SPDX-License-Identifier: BSD-2-Clause
"""Which sensors a design may have at its pins; apart, so that what only names them need not load the hardware description."""

from enum import Enum


class Sensor(Enum):
    """A microphone with a PDM output."""

    PDM = "pdm"
