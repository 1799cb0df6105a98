# SPDX-License-Identifier: BSD-2-Clause
"""OrangeCrab r0.2 with an LFE5U-25F: 48 MHz, a red, green and blue LED of which blue tells the lowest bit of the class.

It has no UART chip: rx and tx are the pins 0 and 1 of its header, SPI those of the Feather form: SCK, COPI, CIPO, 10 for
chip select and 9 for ready.
"""

from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_25FPlatform

from boards.parts.board import Board
from boards.parts.chips import LFE5U_25F_MG285
from boards.parts.pins import connector_port, resource_port, spi_ports
from boards.parts.plls import Ecp5Pll
from boards.parts.programmers import DFU_UTIL

PLATFORM = OrangeCrabR0_2_25FPlatform()
ATTRIBUTES = (("IO_TYPE", "LVCMOS33"),)

BOARD = Board(
    name="orangecrab", chip=LFE5U_25F_MG285, crystal_hz=48_000_000, pll=Ecp5Pll,
    clock_port=resource_port(PLATFORM, "clk48", ("clk", 0)),
    # Nothing may be connected: then the line is idle.
    uart=(connector_port(PLATFORM, "rx", ("io", 0), "0", output=False, attributes=(*ATTRIBUTES, ("PULLMODE", "UP"))),
          connector_port(PLATFORM, "tx", ("io", 0), "1", output=True, attributes=ATTRIBUTES)),
    spi=spi_ports(PLATFORM, ("io", 0), attributes=ATTRIBUTES, sck="sck", mosi="copi", miso="cipo", cs_n="10", ready="9"),
    label=resource_port(PLATFORM, "led", ("rgb_led", 0, "b")),
    busy=resource_port(PLATFORM, "green", ("rgb_led", 0, "g")),
    failed=resource_port(PLATFORM, "red", ("rgb_led", 0, "r")),
    # The flash is read at this rate, as in amaranth-boards.
    default_clock_mhz=96.0, baud=3_000_000, programmer=DFU_UTIL, packing_options=("--freq", "38.8"))
