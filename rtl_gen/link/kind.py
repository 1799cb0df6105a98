# SPDX-License-Identifier: BSD-2-Clause
"""What carries the frames, and which of them there are; apart, so that what only names it need not load the hardware
description."""

from enum import Enum


class Link(Enum):
    """A UART line, or SPI with the device as its target."""

    UART = "uart"
    SPI = "spi"


class Profile(Enum):
    """All of docs/link.md, or what whole sequences need, for chips that have no room for more."""

    FULL = "full"
    LEAN = "lean"
