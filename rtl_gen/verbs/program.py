# SPDX-License-Identifier: BSD-2-Clause
"""``hadam program``: sends a bitstream to a board, through the program that the board needs."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import boards
from boards.parts.bitstreams import mark_of
from hadam_hw.cache import digest
from hadam_hw.cli import VerbParser
from hadam_hw.errors import BoardError, ToolFailedError, ToolMissingError
from rtl_gen.tools.design_files import REPORT_FILE

#: How the programs say that they see no board.
_NO_BOARD = re.compile(r"can('|no)t find|device not found|unable to open|no (dfu capable|device|cable)", re.IGNORECASE)


def main(argv):
    """Checks that the bitstream is the board's, then runs the program."""
    parsing = VerbParser("program", description="Sends a bitstream to a board.")
    parsing.add_argument("--board", required=True, help="such as icebreaker, or the file with another")
    parsing.add_argument("--bitstream", type=Path, required=True, metavar="FILE", help="such as build/demo/design.bin")
    arguments = parsing.parse_args(argv)
    board = boards.get(arguments.board)
    check_bitstream(board, arguments.bitstream)
    program(board, arguments.bitstream)
    sys.stderr.write(f"{arguments.bitstream} is on {board.name}\n")
    return 0


def check_bitstream(board, path):
    """Does nothing for a bitstream that is for this board.

    Raises
    ------
    BoardError
        If it is none, or is for another chip, or was built for another board according to the report beside it.
    """
    data = path.read_bytes()
    mark = mark_of(data)
    if mark is None:
        raise BoardError(f"Bitstream must be one of iCE40, ECP5 or Gowin, and {path} is none; "
                         f"build one: hadam build --weights FILE --board {board.name}")
    if mark != _mark(board):
        others = [name for name in boards.names() if _mark(boards.get(name)) == mark]
        chip = f"a chip like that of {others[0]}" if others else f"another chip ({mark[0]})"
        raise BoardError(f"Bitstream must be for {board.chip.label}, the chip of {board.name}, and {path} is for {chip}; "
                         f"build it for this board: --board {board.name}")
    for_board = _built_for(path, data)
    if for_board not in (None, board.name):
        raise BoardError(f"Bitstream must be for {board.name}, and {path} was built for {for_board} by the report beside it, "
                         f"with the same chip but other pins; build it for this board: --board {board.name}")


def _mark(board):
    return board.chip.family, board.chip.mark


def _built_for(path, data):
    """The board of the report beside the bitstream, if there is one and it is of this bitstream."""
    try:
        report = json.loads((path.parent / REPORT_FILE).read_bytes())
        return report["board"] if report["bitstream_sha256"] == digest(data) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def program(board, path):
    """Runs the board's program with the bitstream; what it says goes to the terminal.

    Raises
    ------
    ToolMissingError
        If the program is not on the PATH.
    BoardError
        If it finds no board.
    ToolFailedError
        If it ends with another error.
    """
    tool = board.programmer
    found = shutil.which(tool.program)
    if found is None:
        raise ToolMissingError(f"Programming {board.name} needs {tool.program} on the PATH; "
                               f"install it: sudo apt-get install {tool.package}")
    said = []
    with subprocess.Popen([found, *tool.arguments, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        for line in process.stdout:
            sys.stderr.write(line)
            said += [line.strip()] if line.strip() else []
    if process.returncode == 0:
        return
    telling = next((line for line in said if _NO_BOARD.search(line)), None)
    if telling is not None:
        raise BoardError(f"Board {board.name} must be connected, and {tool.program} finds none ({telling}); {tool.hint}")
    last = said[-1] if said else "it said nothing"
    raise ToolFailedError(f"{tool.program} ended with status {process.returncode}: {last}")
