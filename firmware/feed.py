# SPDX-License-Identifier: BSD-2-Clause
"""Samples of a sensor that waits for nobody: what the device has no time for is dropped, the oldest first, and counted."""

import os
import stat
import threading
from collections import deque
from dataclasses import replace

#: Samples that wait at most.
WAITING = 4096


def waits(file):
    """Whether ``file`` waits for its reader, as a regular file does and a sensor does not."""
    try:
        return stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except (OSError, ValueError):  # no file of the system
        return True


class Feed:
    """Iterates over ``samples``, which a thread of its own takes as they come; ``dropped`` of them were too many.

    Parameters
    ----------
    samples : iterable of Sample
    waiting : int
        Samples that are kept until they are asked for.
    """

    def __init__(self, samples, waiting=WAITING):
        self._queue, self._ready = deque(), threading.Condition()
        self._waiting, self._ended, self._error = waiting, False, None
        #: Samples that nobody had time for.
        self.dropped = 0
        threading.Thread(target=self._take, args=(samples,), daemon=True).start()

    def _take(self, samples):
        try:
            for sample in samples:
                with self._ready:
                    self._queue.append(sample)
                    if len(self._queue) > self._waiting:
                        self._queue.popleft()
                        self.dropped += 1
                    self._ready.notify()
        except Exception as error:  # is raised where it is waited for
            self._error = error
        with self._ready:
            self._ended = True
            self._ready.notify()

    def __iter__(self):
        while True:
            with self._ready:
                while not self._queue and not self._ended:
                    self._ready.wait(0.2)  # so that Ctrl-C is heard
                if not self._queue:
                    break
                sample = replace(self._queue.popleft(), dropped=self.dropped)
            yield sample
        if self._error is not None:
            raise self._error
