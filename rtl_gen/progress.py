# SPDX-License-Identifier: BSD-2-Clause
"""Shows on standard error which stage runs, and how long the last one took."""

import time

from hadam_hw.terminal import console


class Progress:
    """A line a stage; in a terminal the current one turns a spinner. A context manager."""

    def __init__(self):
        self._console = console(stderr=True)
        self._status = self._console.status("starting")
        self._began = self._started = time.monotonic()
        self._stage = None

    def stage(self, text):
        """``text`` begins, and what came before has ended."""
        self._end()
        self._stage, self._started = text, time.monotonic()
        if self._console.is_terminal:
            self._status.update(text)
        else:
            self._console.print(f"{text} ...")

    def _end(self):
        if self._stage is not None and self._console.is_terminal:
            self._console.print(f"{self._stage}: {time.monotonic() - self._started:.1f} s")

    def __enter__(self):
        if self._console.is_terminal:
            self._status.start()
        return self

    def __exit__(self, kind, error, trace):
        self._status.stop()
        if error is None:
            self._end()
            self._console.print(f"done in {time.monotonic() - self._began:.1f} s")
