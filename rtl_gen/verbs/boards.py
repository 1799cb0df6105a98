# SPDX-License-Identifier: BSD-2-Clause
"""``python -m rtl_gen boards``: the boards there are."""

import json
import sys

import boards
from hadam_hw.cli import Parser


def main(argv):
    """Lists the boards with chip, resources, clock and link."""
    parsing = Parser(prog="python -m rtl_gen boards", description="Boards by name: chip, resources, clock and link.")
    parsing.add_argument("--json", action="store_true", help="pins too, for machines")
    arguments = parsing.parse_args(argv)
    found = [describe(boards.get(name)) for name in boards.names()]
    if arguments.json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        _show(found)
    return 0


def describe(board):
    """What is told of a board, as JSON data."""
    chip = board.chip
    return {
        "name": board.name, "chip": chip.label, "family": chip.family,
        "lc": chip.lc, "ebr": chip.ebr, "ebr_bits": chip.ebr_bits, "spram": chip.spram, "dsp": chip.dsp,
        "crystal_hz": board.crystal_hz, "clock_hz": float(board.clock(board.default_clock_mhz).hz), "baud": board.baud,
        "uart": {port.name: port.sites[0] for port in board.uart},
        "spi": {port.name: port.sites[0] for port in board.spi}, "program": board.programmer.program}


def _show(found):
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name, justify in (("board", "left"), ("chip", "left"), ("LC", "right"), ("RAM", "right"), ("DSP", "right"),
                          ("clock", "right"), ("link", "left")):
        table.add_column(name, justify=justify, no_wrap=True)
    for board in found:
        table.add_row(
            board["name"], board["chip"], f"{board['lc']:,}", f"{board['ebr']} x {board['ebr_bits'] // 1024}k",
            str(board["dsp"]), f"{board['clock_hz'] / 1e6:g} MHz", f"UART {board['baud'] / 1e6:g} Mbaud, SPI")
    Console(highlight=False).print(table)
