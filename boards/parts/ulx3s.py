# SPDX-License-Identifier: BSD-2-Clause
"""What the Radiona ULX3S has in common whichever ECP5 is on it: 25 MHz, UART behind the FTDI chip, eight LEDs.

SPI is at the first pins of J1: GP0 to GP4. The board's ESP32 takes it over, some seconds after the configuration, unless its
GPIO0 is high. That pin is tied to the button PWR (BTN0), which is low while it is pressed: so the design stays, and who holds
the button still hands the board to the ESP32 (olofk/edalize#58).
"""

from boards.parts.board import Board
from boards.parts.fixed import Tied
from boards.parts.pins import resource_port, spi_ports, uart_ports
from boards.parts.plls import Ecp5Pll
from boards.parts.programmers import openfpgaloader

ATTRIBUTES = (("IO_TYPE", "LVCMOS33"),)


def ulx3s(name, chip, platform):
    """The :class:`Board` with ``chip``, with the pins of an amaranth-boards platform."""
    return Board(
        name=name, chip=chip, crystal_hz=25_000_000, pll=Ecp5Pll,
        clock_port=resource_port(platform, "clk25", ("clk25", 0)),
        uart=uart_ports(platform),
        spi=spi_ports(platform, ("gpio", 0), attributes=ATTRIBUTES, cs_n="0+", mosi="1+", miso="2+", sck="3+", ready="4+"),
        label=resource_port(platform, "led", *(("led", number) for number in range(6))),
        busy=resource_port(platform, "green", ("led", 6)),
        failed=resource_port(platform, "red", ("led", 7)),
        default_clock_mhz=75.0, baud=3_000_000, programmer=openfpgaloader("ulx3s"),
        fixed=(Tied(resource_port(platform, "wifi_gpio0", ("esp32", 0, "gpio0"), output=True),
                    resource_port(platform, "button", ("button_pwr", 0))),))
