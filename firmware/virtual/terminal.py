# SPDX-License-Identifier: BSD-2-Clause
"""A virtual board behind a pseudo-terminal, for whatever can talk to a serial port."""

import os
import select
import time

from hadam_hw.processes import pseudo_terminal

#: Clocks between two looks at the terminal.
CHUNK = 4_000


class Terminal:
    """Carries bytes between a pseudo-terminal and a board. A context manager.

    The board's clock runs while there is something to do, and for as long afterwards as it can take to answer; then it stands
    still until bytes come, since nothing on the board depends on the time in between.

    Parameters
    ----------
    board : VirtualBoard
    """

    def __init__(self, board):
        self._board = board
        identity = board.compiled.identity
        self._after = 2 * identity.silence_clocks + identity.answer_clocks + 256 * identity.step_clocks
        self._until = 0
        # The other end is kept open here, so that clients may come and go.
        self._ours, self._theirs = pseudo_terminal()
        #: Where a client finds the board.
        self.name = os.ttyname(self._theirs)

    def serve(self, seconds=None):
        """Works until interrupted, or for ``seconds``."""
        ends = None if seconds is None else time.monotonic() + seconds
        while ends is None or time.monotonic() < ends:
            self.turn(0.05)

    def turn(self, wait):
        """Takes what has come, simulates a little and passes on the answer; at rest, waits up to ``wait`` seconds for bytes."""
        board = self._board
        resting = board.clocks >= self._until and not board.waiting
        readable, _, _ = select.select([self._ours], [], [], wait if resting else 0)
        if readable:
            board.write(os.read(self._ours, 1 << 16))
            self._until = board.clocks + self._after
        elif resting:
            return
        answer = board.run(CHUNK)
        if answer or board.waiting:
            self._until = board.clocks + self._after
        while answer:
            answer = answer[os.write(self._ours, answer):]

    def close(self):
        """Closes both ends."""
        os.close(self._ours)
        os.close(self._theirs)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()
