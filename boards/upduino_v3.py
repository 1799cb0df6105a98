# SPDX-License-Identifier: BSD-2-Clause
"""tinyVision.ai UPduino v3: iCE40UP5K-SG48, 12 MHz, UART behind the FTDI chip, one LED of three colors, of which blue tells
the lowest bit of the class.

The 12 MHz reach the FPGA only behind the jumper OSC, which must be closed with solder. The UART shares its pins with the flash,
as the board's own constraints say (tinyvision-ai-inc/UPduino-v3.0): tx is the flash's data, rx its clock; so the flash is kept
deselected. SPI is at the last pins of the right header, from its end: select 2, MOSI 46, MISO 47, clock 45, ready 48.
"""

from amaranth_boards.upduino_v3 import UpduinoV3Platform

from boards.parts.board import Board
from boards.parts.chips import UP5K_SG48
from boards.parts.fixed import Constant
from boards.parts.pins import Port, resource_port, spi_ports
from boards.parts.plls import Ice40Pll
from boards.parts.programmers import ICEPROG

PLATFORM = UpduinoV3Platform()
RIGHT = ("j", 1)  # JP6 in the schematic; its last pins, from the end on

BOARD = Board(
    name="upduino-v3", chip=UP5K_SG48, crystal_hz=12_000_000, pll=Ice40Pll,
    clock_port=resource_port(PLATFORM, "clk12", ("clk12", 0)),
    uart=(Port("rx", ("15",), output=False), Port("tx", ("14",), output=True)),
    spi=spi_ports(PLATFORM, RIGHT, cs_n="20", mosi="19", miso="18", sck="17", ready="16"),
    label=resource_port(PLATFORM, "led", ("rgb_led", 0, "b")),
    busy=resource_port(PLATFORM, "green", ("rgb_led", 0, "g")),
    failed=resource_port(PLATFORM, "red", ("rgb_led", 0, "r")),
    default_clock_mhz=36.0, baud=3_000_000, programmer=ICEPROG,
    fixed=(Constant(resource_port(PLATFORM, "flash_cs", ("spi_flash_1x", 0, "cs")), level=1),))
