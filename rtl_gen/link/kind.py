# SPDX-License-Identifier: BSD-2-Clause
"""What carries the frames; apart, so that what only names it need not load the hardware description."""

from enum import Enum


class Link(Enum):
    """A UART line, or SPI with the device as its target."""

    UART = "uart"
    SPI = "spi"
