# SPDX-License-Identifier: BSD-2-Clause
"""Verilog to bitstream: synthesis, the checks that nothing multiplies, place & route for each seed, packing."""

import json
import re
import tempfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hadam_hw.errors import HadamError, ToolFailedError
from rtl_gen import components
from rtl_gen.cache import digest
from rtl_gen.design_files import BITSTREAM_FILE, DESIGN_FILE, NETLIST_FILE, NETLIST_VERILOG_FILE
from rtl_gen.toolchain import Job, check, run_jobs, run_tool

#: Cells that multiply or divide, in the design as written.
MULTIPLYING = ("$mul", "$macc", "$macc_v2", "$div", "$divfloor", "$mod", "$modfloor", "$pow")
#: Cells of the families' libraries that multiply.
DSP_CELLS = frozenset((
    "SB_MAC16", "MULT9X9D", "MULT18X18D", "ALU24A", "ALU54A", "ALU54B", "MULT9X9", "MULT18X18", "MULT36X36",
    "MULTALU18X18", "MULTALU36X18", "MULTADDALU18X18", "ALU54D"))

_USED = re.compile(r"^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%", re.MULTILINE)
_COUNTED = {components.LC: "lc", components.RAM: "ebr", components.DSP: "dsp"}


class MultiplierError(HadamError):
    """A design that must not multiply does."""


@dataclass(frozen=True)
class Device:
    """A chip in its package, in nextpnr's words, such as ``Device("up5k", "sg48")``."""

    chip: str
    package: str


@dataclass(frozen=True, eq=False)
class Netlist:
    """A synthesised design.

    Parameters
    ----------
    top : str
    source : str
        The Verilog text.
    json, verilog : bytes
        The cells as nextpnr and as a simulator read them.
    cells : dict of str to int
        How many of each type.
    """

    top: str
    source: str
    json: bytes
    verilog: bytes
    cells: dict


@dataclass(frozen=True, eq=False)
class Placement:
    """A design placed and routed with one seed.

    Parameters
    ----------
    seed : int
    used, available : dict of str to int
        Keys ``lc``, ``ebr``, ``dsp``; ``used`` has ``ff`` too.
    fmax_mhz : float or None
        Of the slowest clock; ``None`` if the design did not fit.
    parts : dict of str to dict
        ``lc``, ``ff``, ``ebr``, ``dsp`` of each component; they sum to ``used``.
    text : bytes
        The configuration as text, for the packer.
    """

    seed: int
    used: dict
    available: dict
    fmax_mhz: float | None
    parts: dict
    text: bytes

    @property
    def overfull(self):
        """Resources of which more is used than there is."""
        return [kind for kind in self.available if self.used[kind] > self.available[kind]]


class Flow:
    """Runs the tools, or finds what they made of the same content before.

    Parameters
    ----------
    tools : Toolchain
    cache : Cache
    on_stage : callable
        Called with a line of text when a stage begins, and when a tool must compile itself first.
    """

    def __init__(self, tools, cache, on_stage=lambda text: None):
        self.tools = tools
        self.cache = cache
        self.on_stage = on_stage
        self._compiling = set()

    def synthesise(self, source, top, options=()):
        """The :class:`Netlist` of Verilog text.

        Parameters
        ----------
        source : str
        top : str
        options : sequence of str
            For ``synth_ice40``. ``-dsp`` is not among them: nothing here multiplies.

        Raises
        ------
        MultiplierError
            If a cell multiplies, before mapping or after it.
        ToolFailedError
            If Yosys does not take the text.
        """
        def make():
            self.on_stage("synthesis")
            with _folder({DESIGN_FILE: source.encode()}) as folder:
                run_tool(self.tools.synthesis, ["-q", "-p", _script(top, options)], folder,
                         on_compiling=self._note_compiling)
                kept = ("before.txt", "after.json", NETLIST_FILE, NETLIST_VERILOG_FILE)
                return {name: (folder / name).read_bytes() for name in kept}

        files, _ = self.cache.stage("synthesis", {
            "source": digest(source.encode()), "script": _script(top, options), "tool": self.tools.synthesis.version,
        }, make)
        cells = json.loads(files["after.json"])["design"]["num_cells_by_type"]
        _check_no_multiplier(files["before.txt"].decode(), cells)
        return Netlist(top, source, files[NETLIST_FILE], files[NETLIST_VERILOG_FILE], cells)

    def place(self, netlist, device, clock_mhz, seeds, *, pins=None):
        """A :class:`Placement` for each seed, in their order; seeds that are not known yet run at the same time.

        Parameters
        ----------
        netlist : Netlist
        device : Device
        clock_mhz : float
            What place & route aims at.
        seeds : sequence of int
        pins : str, optional
            Pin constraints (PCF). Without them every port is placed anywhere.

        Raises
        ------
        ToolFailedError
            If nextpnr stops for another reason than a full chip.
        """
        common = {
            "netlist": digest(netlist.json), "source": digest(netlist.source.encode()), "top": netlist.top,
            "device": [device.chip, device.package], "clock_mhz": clock_mhz, "pins": pins,
            "tool": self.tools.placement.version,
            "attribution": digest(Path(components.__file__).read_bytes()),
        }
        keys = {seed: digest(json.dumps(["place", common, seed], sort_keys=True).encode()) for seed in seeds}
        known = {seed: files for seed in seeds if (files := self.cache.find(keys[seed])) is not None}
        unknown = [seed for seed in dict.fromkeys(seeds) if seed not in known]
        if unknown:
            self.on_stage("place & route, " + (f"seed {unknown[0]}" if len(unknown) == 1 else f"{len(unknown)} seeds"))
            for seed, files in zip(unknown, self._place(netlist, device, clock_mhz, unknown, pins)):
                self.cache.keep(keys[seed], files)
                known[seed] = files
        return [_placement(seed, known[seed]) for seed in seeds]

    def _place(self, netlist, device, clock_mhz, seeds, pins):
        inputs = {NETLIST_FILE: netlist.json}
        if pins is not None:
            inputs["pins.pcf"] = pins.encode()
        with _folder(inputs) as folder:
            jobs = [Job(self.tools.placement, (
                f"--{device.chip}", "--package", device.package, "--json", NETLIST_FILE, "--freq", f"{clock_mhz:.6f}",
                *(("--pcf-allow-unconstrained",) if pins is None else ("--pcf", "pins.pcf")),
                "--seed", str(seed), "--timing-allow-fail", "--asc", f"{seed}.asc", "--report", f"{seed}.json",
                "--write", f"{seed}-placed.json"), folder, f"{seed}.log") for seed in seeds]
            return [_read(done, netlist, folder, seed)
                    for seed, done in zip(seeds, run_jobs(jobs, on_compiling=self._note_compiling))]

    def pack(self, placement):
        """The bitstream of a :class:`Placement`."""
        def make():
            self.on_stage("packing")
            with _folder({"design.asc": placement.text}) as folder:
                run_tool(self.tools.packing, ["design.asc", BITSTREAM_FILE], folder, on_compiling=self._note_compiling)
                return {BITSTREAM_FILE: (folder / BITSTREAM_FILE).read_bytes()}

        files, _ = self.cache.stage(
            "packing", {"text": digest(placement.text), "tool": self.tools.packing.version}, make)
        return files[BITSTREAM_FILE]

    def _note_compiling(self, name):
        if name not in self._compiling:
            self._compiling.add(name)
            self.on_stage(f"{name} starts for the first time on this machine: compiling it takes up to two minutes")


def _script(top, options):
    multiplying = " ".join(f"t:{cell}" for cell in MULTIPLYING)
    return "; ".join((
        "read_verilog -lib +/ice40/cells_sim.v", f"read_verilog {DESIGN_FILE}", f"hierarchy -top {top}", "proc",
        f"tee -q -o before.txt select -list {multiplying}",
        " ".join(("synth_ice40", *options, "-top", top, "-json", NETLIST_FILE)),
        "check -assert", "tee -q -o after.json stat -json", f"write_verilog -noattr -noexpr {NETLIST_VERILOG_FILE}"))


def _check_no_multiplier(before, cells):
    if before.strip():
        found = before.split()
        raise MultiplierError(f"Design must not multiply, but before mapping it has {len(found)} such cell(s), the first "
                              f"is {found[0]!r}; write the product as shifts and additions")
    found = sorted(DSP_CELLS & cells.keys())
    if found:
        raise MultiplierError(f"Design must not multiply, but after mapping it has {cells[found[0]]} {found[0]}; "
                              "synthesise without DSP cells")


def _read(done, netlist, folder, seed):
    """What is kept of a run of place & route."""
    totals = {_COUNTED[kind]: (int(used), int(available)) for kind, used, available in _USED.findall(done.messages)
              if kind in _COUNTED}
    used = {kind: totals.get(kind, (0, 0))[0] for kind in _COUNTED.values()}
    available = {kind: totals.get(kind, (0, 0))[1] for kind in _COUNTED.values()}
    facts = {"used": used, "available": available, "fmax_mhz": None, "parts": {}}
    if any(used[kind] > available[kind] for kind in used):
        return {"facts.json": json.dumps(facts).encode(), "text": zlib.compress(b"")}
    check(done)
    timing = json.loads((folder / f"{seed}.json").read_bytes())
    placed = json.loads((folder / f"{seed}-placed.json").read_bytes())
    facts["fmax_mhz"] = min((clock["achieved"] for clock in timing["fmax"].values()), default=None)
    if facts["fmax_mhz"] is None:
        raise ToolFailedError("nextpnr found no clock in the design")
    facts["parts"] = components.count_components(placed, netlist.source, netlist.top, DESIGN_FILE)
    used["ff"] = sum(part["ff"] for part in facts["parts"].values())
    for kind in used:
        if sum(part[kind] for part in facts["parts"].values()) != used[kind]:
            raise ToolFailedError(f"nextpnr counts {used[kind]} {kind.upper()}, which its list of cells does not sum to")
    return {"facts.json": json.dumps(facts).encode(), "text": zlib.compress((folder / f"{seed}.asc").read_bytes(), 1)}


def _placement(seed, files):
    return Placement(seed=seed, text=zlib.decompress(files["text"]), **json.loads(files["facts.json"]))


@contextmanager
def _folder(files):
    """A folder of its own with these files, and no more of it afterwards."""
    with tempfile.TemporaryDirectory(prefix="hadam-") as name:
        folder = Path(name)
        for file, data in files.items():
            (folder / file).write_bytes(data)
        yield folder
