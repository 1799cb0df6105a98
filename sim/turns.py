# SPDX-License-Identifier: BSD-2-Clause
"""In which order the vectors of several sequences are sent to a core."""

from collections import deque


def take_turns(sequences, contexts, idle):
    """The transfers for ``contexts`` that have sequence after sequence: (sequence, step), or None where one has no vector.

    Context ``c`` has the sequences ``c``, ``c + contexts`` and so on. ``idle()`` makes it pass its turn for once.
    """
    # A sequence may say that it is longer than it is; see the tests of `first`.
    waiting = [deque((k, t) for k in range(context, len(sequences), contexts) for t, _ in enumerate(sequences[k]))
               for context in range(contexts)]
    while any(waiting):
        for mine in waiting:
            if any(waiting):
                yield mine.popleft() if mine and not (contexts > 1 and idle()) else None
