# SPDX-License-Identifier: BSD-2-Clause
"""Sipeed Tang Nano 9K: Gowin GW1NR-9C, 27 MHz, UART behind the BL702, six LEDs.

amaranth-boards has no header of it; SPI is at its pins 25 to 29, which the schematic (Sipeed, Tang_Nano_9K_3672, header
J6) leads straight to the FPGA's pins of these numbers, in a bank at 3.3 V.
"""

from amaranth_boards.tang_nano_9k import TangNano9kPlatform

from boards.parts.board import Board
from boards.parts.chips import GW1NR_9C_QN88P
from boards.parts.pins import resource_port, spi_ports_at, uart_ports
from boards.parts.plls import GowinPll
from boards.parts.programmers import openfpgaloader

PLATFORM = TangNano9kPlatform()

BOARD = Board(
    name="tangnano9k", chip=GW1NR_9C_QN88P, crystal_hz=27_000_000, pll=GowinPll,
    clock_port=resource_port(PLATFORM, "clk27", ("clk27", 0)),
    uart=uart_ports(PLATFORM),
    spi=spi_ports_at(sck="25", mosi="26", miso="27", cs_n="28", ready="29", attributes=(("IO_TYPE", "LVCMOS33"),)),
    label=resource_port(PLATFORM, "led", *(("led", number) for number in range(4))),
    busy=resource_port(PLATFORM, "green", ("led", 4)),
    failed=resource_port(PLATFORM, "red", ("led", 5)),
    default_clock_mhz=54.0, baud=3_000_000, programmer=openfpgaloader("tangnano9k"))
