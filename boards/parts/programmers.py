# SPDX-License-Identifier: BSD-2-Clause
"""The programs that send a bitstream to a board."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Programmer:
    """A program on the PATH, and how it is called.

    Parameters
    ----------
    program : str
    arguments : tuple of str
        The bitstream's path follows them.
    package : str
        Debian's.
    hint : str
        What to look at where it finds no board.
    """

    program: str
    arguments: tuple[str, ...]
    package: str
    hint: str


#: Into the flash behind the FTDI chip.
ICEPROG = Programmer("iceprog", (), "fpga-icestorm", "connect its USB cable")
#: Into the configuration memory of the HX8K breakout board: its jumpers are then set for that.
ICEPROG_SRAM = Programmer("iceprog", ("-S",), "fpga-icestorm",
                          "connect its USB cable, and set its jumpers J6 and J7 for the CRAM")
#: Through the boot loader of the board.
DFU_UTIL = Programmer("dfu-util", ("-a", "0", "-D"), "dfu-util", "hold its button while it is connected, so that it waits")


def openfpgaloader(board):
    """Into the configuration memory of a board that openFPGALoader calls ``board``."""
    return Programmer("openFPGALoader", ("-b", board), "openfpgaloader", "connect its USB cable")
