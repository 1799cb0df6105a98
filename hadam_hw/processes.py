# SPDX-License-Identifier: BSD-2-Clause
"""What the operating system does with processes, behind one door: Linux in full, elsewhere with the fallbacks named here.

Programs that are started here end when this process does, however it ends (Linux: even of SIGKILL).
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from hadam_hw.errors import ToolMissingError

try:  # POSIX alone
    import fcntl
    import resource
    import tty
except ImportError:
    fcntl = resource = tty = None  # type: ignore[assignment]

#: ``prctl``'s PR_SET_PDEATHSIG (linux/prctl.h): the signal that a process gets when the thread that started it is gone.
_PARENT_DEATH_SIGNAL = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class EndedError(BaseException):
    """The process was asked to end by a signal. No ``Exception``: nothing but the end of the command should catch it.

    Parameters
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def end_on_signals() -> None:
    """From now on SIGTERM and SIGHUP unwind the program as Ctrl-C does, so that temporary files and children go."""
    def end(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second one must not cut the cleaning up short
        raise EndedError(number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # there is no SIGHUP on Windows
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def cores() -> int:
    """The cores that this process may use; where the system does not say, all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def locked(file: IO) -> Iterator[None]:
    """Holds a lock on the open ``file`` that no two processes hold at once; without POSIX none."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX)  # closing the file ends it
    yield


def require_pseudo_terminals() -> None:
    """Checks, before long work, that :func:`pseudo_terminal` has what it needs.

    Raises
    ------
    ToolMissingError
        If the system has none (Windows).
    """
    if tty is None or not hasattr(os, "openpty"):
        raise ToolMissingError("This system has no pseudo-terminals, behind which a virtual board is offered; "
                               "--count works through the test vectors without one")


def pseudo_terminal() -> tuple[int, int]:
    """Opens a pseudo-terminal that passes bytes on as they are; returns the descriptors of our end and of the other.

    Raises
    ------
    ToolMissingError
        If the system has none.
    """
    require_pseudo_terminals()
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    return ours, theirs


def run(command: Sequence[str | os.PathLike[str]], **settings: Any) -> subprocess.CompletedProcess:
    """:func:`subprocess.run` of a program that does not outlive this process."""
    return subprocess.run(command, **settings, **_bound())


def start(command: Sequence[str | os.PathLike[str]], processor_seconds: int | None = None,
          **settings: Any) -> subprocess.Popen:
    """:class:`subprocess.Popen` of a program that does not outlive this process.

    After ``processor_seconds`` of computing it is ended by SIGXCPU; without POSIX it is not.
    """
    return subprocess.Popen(command, **settings, **_bound(processor_seconds))


def _bound(processor_seconds: int | None = None) -> dict[str, Any]:
    """The settings of a child that ends with this process, and after ``processor_seconds``."""
    parent = os.getpid()

    def begin() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
            if os.getppid() != parent:  # it ended between the fork and the line above
                os._exit(1)
        if processor_seconds:
            resource.setrlimit(resource.RLIMIT_CPU, (processor_seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))

    return {"preexec_fn": begin} if resource is not None else {}
