# SPDX-License-Identifier: BSD-2-Clause
"""``hadam boards``: the boards there are."""

import json
import sys

import boards
from hadam_hw.cli import VerbParser
from hadam_hw.terminal import show_table
from rtl_gen.plan.code_store import SPRAM_BITS, SPRAM_ROWS


def main(argv):
    """Lists the boards with chip, resources, clock and link."""
    parsing = VerbParser("boards", description="Boards by name: chip, resources, clock and link.")
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


def _memories(board):
    """Its block RAMs and SPRAMs, in words."""
    blocks = f"{board['ebr']} x {board['ebr_bits'] // 1024}k"
    return f"{blocks}, {board['spram']} x {SPRAM_ROWS * SPRAM_BITS // 1024}k" if board["spram"] else blocks


def _show(found):
    show_table(("board", "chip", "LC>", "RAM>", "DSP>", "clock>", "link"), [
        (board["name"], board["chip"], f"{board['lc']:,}", _memories(board), str(board["dsp"]),
         f"{board['clock_hz'] / 1e6:g} MHz", f"UART {board['baud'] / 1e6:g} Mbaud, SPI") for board in found])
