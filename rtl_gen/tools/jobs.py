# SPDX-License-Identifier: BSD-2-Clause
"""How tools are run: some at the same time, each inside a folder of its own, none longer than it may.

The YoWASP tools are WebAssembly from PyPI: their very first start on a machine compiles them, up to two minutes for Yosys,
and keeps the result in the user's cache. They see the folder they are run in, but not ``/tmp``; so every job runs inside its
folder and names files relative to it.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from hadam_hw.cache import cache_folder, digest
from hadam_hw.errors import ToolFailedError
from hadam_hw.processes import cores, locked, start

POLL_SECONDS = 0.05
COMPILING = b"This might take a while"  # what a YoWASP tool says when it compiles itself
COMPILING_WITHIN = 300  # bytes from the beginning of its messages


@dataclass(frozen=True)
class Tool:
    """A program: ``command`` is what starts it, ``version`` tells it from others of its name.

    ``compiles`` tells that it compiles itself at its first start on a machine.
    """

    name: str
    command: tuple[str, ...]
    version: str
    compiles: bool = False


@dataclass(frozen=True)
class Job:
    """One run of a tool inside ``folder``; its messages go to the file ``log`` there.

    After ``processor_seconds`` it is ended; they are those that it computed, so another load of the machine is no reason.
    """

    tool: Tool
    arguments: tuple[str, ...]
    folder: Path
    log: str
    processor_seconds: int | None = None


@dataclass(frozen=True)
class Finished:
    """How a :class:`Job` ended: its exit status, its messages, how long it took."""

    job: Job
    status: int
    messages: str
    seconds: float

    @property
    def out_of_time(self):
        """It was ended since it had computed as long as its job allows."""
        return hasattr(signal, "SIGXCPU") and self.status == -signal.SIGXCPU


def run_jobs(jobs, *, at_once=None, on_compiling=None):
    """Runs ``jobs``, some at the same time; returns a :class:`Finished` each, in the same order, whatever their status.

    Parameters
    ----------
    jobs : sequence of Job
    at_once : int, optional
        Default: the cores that this process may use.
    on_compiling : callable, optional
        Called with the name of a tool that compiles itself first.
    """
    for tool in dict.fromkeys(job.tool for job in jobs):
        _start_alone(tool, on_compiling)
    return _run_jobs(jobs, cores() if at_once is None else at_once, on_compiling)


def _start_alone(tool, on_compiling):
    """Starts a tool that compiles itself for the first time, while no other process does.

    What it compiles it writes to one file in the user's cache, bit by bit: a second process that starts meanwhile reads half
    of it, and dies of a bus error.
    """
    marker = cache_folder() / "started" / digest(f"{tool.command} {tool.version}".encode())
    if not tool.compiles or marker.exists():
        return
    with contextlib.suppress(OSError):  # of a cache that cannot be written: then this process alone knows
        marker.parent.mkdir(parents=True, exist_ok=True)
        with open(marker.with_suffix(".lock"), "w") as lock, tempfile.TemporaryDirectory(prefix="hadam-") as folder, \
                locked(lock):
            if not marker.exists():
                # Its status does not matter: an option that it does not know starts it too.
                _run_jobs([Job(tool, ("--version",), Path(folder), "log")], 1, on_compiling)
                marker.touch()


def _run_jobs(jobs, at_once, on_compiling):
    waiting, running, finished = list(enumerate(jobs)), {}, {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                index, job = waiting.pop(0)
                running[index] = (_start(job), time.monotonic())
            for index, (process, started) in list(running.items()):
                if process.poll() is None:
                    continue
                del running[index]
                messages = (jobs[index].folder / jobs[index].log).read_text(errors="replace")
                finished[index] = Finished(jobs[index], process.returncode, messages, time.monotonic() - started)
            if on_compiling:
                for index in running:
                    with open(jobs[index].folder / jobs[index].log, "rb") as log:
                        if COMPILING in log.read(COMPILING_WITHIN):
                            on_compiling(jobs[index].tool.name)
            time.sleep(POLL_SECONDS)
    finally:
        for process, _ in running.values():
            process.kill()
            process.wait()
    return [finished[index] for index in range(len(jobs))]


def _start(job):
    # The hash seed is set so that nothing in the Python around a tool can depend on it.
    with open(job.folder / job.log, "wb") as log:
        return start([*job.tool.command, *job.arguments], job.processor_seconds, cwd=job.folder, stdin=subprocess.DEVNULL,
                     stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONHASHSEED": "0"})


def run_tool(tool, arguments, folder, *, on_compiling=None):
    """Runs ``tool`` once inside ``folder``; returns what it said.

    Raises
    ------
    ToolFailedError
        If it ends with another status than 0; its own error line is in the message.
    """
    done, = run_jobs([Job(tool, tuple(arguments), Path(folder), f"{tool.name}.log")], on_compiling=on_compiling)
    check(done)
    return done.messages


def check(finished):
    """Does nothing for a job that ended well.

    Raises
    ------
    ToolFailedError
        With the tool's own error line.
    """
    if finished.status == 0:
        return
    if finished.out_of_time:
        raise ToolFailedError(
            f"{finished.job.tool.name} came to no end in {finished.job.processor_seconds} seconds of computing")
    lines = [line for line in finished.messages.splitlines() if line.strip()] or ["(it said nothing)"]
    errors = [line for line in lines if "ERROR" in line] or lines[-1:]
    raise ToolFailedError(f"{finished.job.tool.name} ended with status {finished.status}: {errors[0].strip()}")
