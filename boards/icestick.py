# SPDX-License-Identifier: BSD-2-Clause
"""Lattice iCEstick: iCE40HX1K-TQ144, 12 MHz, UART behind the FTDI chip, four red LEDs around a green one, which tells of
errors here. SPI is at the PMOD in the order of Digilent's convention: CS, MOSI, MISO, SCK, and ready where it has the
interrupt.
"""

from amaranth_boards.icestick import ICEStickPlatform

from boards.parts.board import Board
from boards.parts.chips import HX1K_TQ144
from boards.parts.pins import resource_port, spi_ports, uart_ports
from boards.parts.plls import Ice40Pll
from boards.parts.programmers import ICEPROG

PLATFORM = ICEStickPlatform()

BOARD = Board(
    name="icestick", chip=HX1K_TQ144, crystal_hz=12_000_000, pll=Ice40Pll,
    clock_port=resource_port(PLATFORM, "clk12", ("clk12", 0)),
    uart=uart_ports(PLATFORM),
    spi=spi_ports(PLATFORM, ("pmod", 0), cs_n="1", mosi="2", miso="3", sck="4", ready="7"),
    label=resource_port(PLATFORM, "led", *(("led", number) for number in range(4))),
    busy=None, failed=resource_port(PLATFORM, "red", ("led", 4)),
    default_clock_mhz=60.0, baud=3_000_000, programmer=ICEPROG, lean_link=True)
