# SPDX-License-Identifier: BSD-2-Clause
"""1BitSquared iCEBreaker: iCE40UP5K-SG48, 12 MHz, UART behind the FTDI chip, LEDs on the board and on its break-off part.

SPI is at PMOD1A in the order of Digilent's convention: CS, MOSI, MISO, SCK, and ready where it has the interrupt. A PDM
microphone is at PMOD1A too: its clock at pin 1, its data at pin 2, ground and 3.3 V beside them, its L/R pin at ground.
1BitSquared's seven-segment Pmod is at PMOD1B: segments a to g at pins 1 to 4 and 7 to 9, lit while low, and pin 10 is high for
the right digit (icebreaker-examples, pmod_7seg_counter).
"""

from amaranth_boards.icebreaker import ICEBreakerPlatform

from boards.parts.board import Board
from boards.parts.chips import UP5K_SG48
from boards.parts.flash import flash_of
from boards.parts.pins import pdm_ports, resource_port, seven_ports, spi_ports, uart_ports
from boards.parts.plls import Ice40PadPll
from boards.parts.programmers import ICEPROG

PLATFORM = ICEBreakerPlatform()
PLATFORM.add_resources(PLATFORM.break_off_pmod)

BOARD = Board(
    name="icebreaker", chip=UP5K_SG48, crystal_hz=12_000_000, pll=Ice40PadPll,
    clock_port=resource_port(PLATFORM, "clk12", ("clk12", 0)),
    uart=uart_ports(PLATFORM),
    spi=spi_ports(PLATFORM, ("pmod", 0), cs_n="1", mosi="2", miso="3", sck="4", ready="7"),
    label=resource_port(PLATFORM, "led", *(("led", number) for number in range(2, 7))),
    busy=resource_port(PLATFORM, "green", ("led_g", 0)),
    failed=resource_port(PLATFORM, "red", ("led_r", 0)),
    default_clock_mhz=36.0, baud=3_000_000, programmer=ICEPROG,
    # A bitstream of a UP5K has 104,090 bytes; the program erases 64 kB at a time.
    flash=flash_of(PLATFORM, 1 << 17),
    pdm=pdm_ports(PLATFORM, ("pmod", 0), clock="1", data="2"),
    seven=seven_ports(PLATFORM, ("pmod", 1), segments=("1", "2", "3", "4", "7", "8", "9"), digit="10", inverted=True))
