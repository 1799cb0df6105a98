# SPDX-License-Identifier: BSD-2-Clause
"""Sipeed Tang Nano 9K with an external UART, such as a microcontroller's, at its header: rx is pin 30, tx pin 33, at 3.3 V.

The pins follow those of SPI on the same header (see :mod:`boards.tangnano9k`); pin 33 also leads to the connector for a
display, which must be empty.
"""

from dataclasses import replace

from boards.parts.pins import Port
from boards.tangnano9k import BOARD as TANG_NANO_9K

ATTRIBUTES = (("IO_TYPE", "LVCMOS33"),)

BOARD = replace(
    TANG_NANO_9K, name="tangnano9k-header",
    # Nothing may be connected: then the line is idle.
    uart=(Port("rx", ("30",), output=False, attributes=(*ATTRIBUTES, ("PULL_MODE", "UP"))),
          Port("tx", ("33",), output=True, attributes=ATTRIBUTES)))
