# SPDX-License-Identifier: BSD-2-Clause
"""The rules of docs/streams.md, as a watcher that is shown one stream in every clock."""


class StreamRuleBroken(Exception):
    """A stream did what its contract forbids."""


class StreamWatcher:
    """Once ``valid``, a stream keeps ``valid`` and the payload until the transfer.

    Parameters
    ----------
    name : str
        Of the stream, for the message.
    """

    def __init__(self, name):
        self.name = name
        self._waiting = None

    def reset(self):
        """Forgets what was offered: a reset may withdraw it."""
        self._waiting = None

    def observe(self, valid, ready, payload):
        """Takes the values of one clock; ``payload`` may be anything while not ``valid``.

        Raises
        ------
        StreamRuleBroken
            If this clock contradicts what the last one offered.
        """
        if self._waiting is not None and not valid:
            raise StreamRuleBroken(f"{self.name}: valid fell before the transfer of {self._waiting:#x}")
        if self._waiting is not None and payload != self._waiting:
            raise StreamRuleBroken(
                f"{self.name}: the payload changed from {self._waiting:#x} to {payload:#x} before the transfer")
        self._waiting = payload if valid and not ready else None
