# SPDX-License-Identifier: BSD-2-Clause
"""The boards by name. A new board is one file here and one line in :data:`BOARDS`."""

from boards.icebreaker import ICEBREAKER
from hadam_hw.errors import BoardError

BOARDS = {board.name: board for board in (ICEBREAKER,)}


def get(name):
    """The :class:`boards.board.Board` called ``name``.

    Raises
    ------
    BoardError
        Naming the boards there are.
    """
    if name not in BOARDS:
        raise BoardError(f"Board must be one of {', '.join(sorted(BOARDS))}, not {name!r}")
    return BOARDS[name]
