# SPDX-License-Identifier: BSD-2-Clause
"""The flash that a chip takes its bitstream from, and what else a design may read there."""

from dataclasses import dataclass

from boards.parts.pins import Port, resource_port
from hadam_hw.errors import BoardError

#: What an erased flash holds.
ERASED = b"\xff"
#: The ports of the flash, as amaranth-boards calls them, and whether they are outputs.
_PORTS = {"cs_n": ("cs", True), "sck": ("clk", True), "mosi": ("copi", True), "miso": ("cipo", False)}


@dataclass(frozen=True)
class Flash:
    """A flash on SPI that a design may read once it is configured.

    Parameters
    ----------
    ports : tuple of Port
        ``flash_cs_n``, ``flash_sck``, ``flash_mosi``, ``flash_miso``.
    offset : int
        Bytes from here on are the design's; the bitstream is before them.
    """

    ports: tuple[Port, ...]
    offset: int

    def image(self, bitstream, data):
        """What is written into the flash from its beginning on: the bitstream, and ``data`` at the offset.

        Raises
        ------
        BoardError
            If the bitstream reaches beyond the offset.
        """
        if len(bitstream) > self.offset:
            raise BoardError(f"Bitstream must have at most {self.offset} bytes where codes lie behind it in the flash, not "
                             f"{len(bitstream)}; move the board's flash offset")
        return bitstream + ERASED * (self.offset - len(bitstream)) + data


def flash_of(platform, offset):
    """The :class:`Flash` of an amaranth-boards platform."""
    ports = []
    for name, (part, output) in _PORTS.items():
        site = resource_port(platform, name, ("spi_flash_1x", 0, part)).sites
        ports.append(Port(f"flash_{name}", site, output))  # a pin that is active low is driven as it is
    return Flash(tuple(ports), offset)
