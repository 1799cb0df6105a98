# SPDX-License-Identifier: BSD-2-Clause
"""Lattice iCE40-HX8K breakout board: iCE40HX8K-CT256, 12 MHz, UART behind the FTDI chip, eight LEDs. SPI is at J2."""

from amaranth_boards.ice40_hx8k_b_evn import ICE40HX8KBEVNPlatform

from boards.parts.board import Board
from boards.parts.chips import HX8K_CT256
from boards.parts.pins import resource_port, spi_ports, uart_ports
from boards.parts.plls import Ice40Pll
from boards.parts.programmers import ICEPROG_SRAM

PLATFORM = ICE40HX8KBEVNPlatform()

BOARD = Board(
    name="hx8k", chip=HX8K_CT256, crystal_hz=12_000_000, pll=Ice40Pll,
    clock_port=resource_port(PLATFORM, "clk12", ("clk12", 0)),
    uart=uart_ports(PLATFORM),
    spi=spi_ports(PLATFORM, ("j", 2), cs_n="9", mosi="10", miso="11", sck="12", ready="13"),
    label=resource_port(PLATFORM, "led", *(("led", number) for number in range(6))),
    busy=resource_port(PLATFORM, "green", ("led", 6)),
    failed=resource_port(PLATFORM, "red", ("led", 7)),
    default_clock_mhz=96.0, baud=3_000_000, programmer=ICEPROG_SRAM)
