# SPDX-License-Identifier: BSD-2-Clause
"""Verilog to bitstream: synthesis, the checks that nothing multiplies, place & route for each seed, packing."""

import json
import re
import tempfile
import zlib
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

from hadam_hw.cache import digest
from hadam_hw.errors import ToolFailedError
from rtl_gen.tools import components, family
from rtl_gen.tools.design_files import DESIGN_FILE, NETLIST_FILE, NETLIST_VERILOG_FILE
from rtl_gen.tools.jobs import Job, check, run_jobs, run_tool
from rtl_gen.tools.multipliers import MULTIPLYING, check_no_multiplier

#: Seconds of computing after which place & route is ended, and what is added a cell. The fullest designs that it brought to an
#: end took a fifth of that; one that fills its chip to the last percent it has been seen to turn over for ever, with each of
#: its placers.
PLACEMENT_SECONDS, PLACEMENT_SECONDS_A_CELL = 300, 0.05

_TEXT, _PLACED = "{}.config", "{}-placed.json"  # of a seed
_USED = re.compile(r"^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%", re.MULTILINE)
#: How nextpnr says that the chip is too full; below 100 % where cells that belong together find no room.
_FULL = re.compile(r"^ERROR: .*(no BELs remaining|[Uu]nable to (find|place)|[Ff]ailed to (expand region|place))", re.MULTILINE)


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
        Of each of :data:`rtl_gen.tools.family.KINDS`.
    fmax_mhz : float or None
        Of the slowest clock; ``None`` if the design did not fit.
    parts : dict of str to dict
        ``lc``, ``ff``, ``ebr``, ``dsp`` of each component; they sum to ``used``.
    text : bytes
        What the packer reads.
    out_of_time : int
        Seconds of computing in which place & route came to no end; 0 if it did. Then the design did not fit either.
    """

    seed: int
    used: dict
    available: dict
    fmax_mhz: float | None
    parts: dict
    text: bytes
    out_of_time: int = 0

    @property
    def overfull(self):
        """Resources of which more is used than there is; may be empty for a design that did not fit nevertheless."""
        return [kind for kind in self.available if self.used.get(kind, 0) > self.available[kind]]


class Flow:
    """Runs the tools of one family, or finds what they made of the same content before.

    Parameters
    ----------
    tools : Toolchain
    cache : Cache
    on_stage : callable
        Called with a line of text when a stage begins, and when a tool must compile itself first.
    """

    def __init__(self, tools, cache, on_stage=lambda text: None):
        self.tools = tools
        self.family = tools.family
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
            More of them for Yosys' command of this family.

        Raises
        ------
        MultiplierError
            If a cell multiplies, before mapping or after it.
        ToolFailedError
            If Yosys does not take the text.
        """
        script = _script(self.family, top, options)

        def make():
            self.on_stage("synthesis")
            with _folder({DESIGN_FILE: source.encode()}) as folder:
                run_tool(self.tools.synthesis, ["-q", "-p", script], folder,
                         on_compiling=self._note_compiling)
                kept = ("before.txt", "after.json", NETLIST_FILE, NETLIST_VERILOG_FILE)
                return {name: (folder / name).read_bytes() for name in kept}

        files, _ = self.cache.stage("synthesis", {
            "source": digest(source.encode()), "script": script, "tool": self.tools.synthesis.version,
        }, make)
        cells = json.loads(files["after.json"])["design"]["num_cells_by_type"]
        check_no_multiplier(files["before.txt"].decode(), cells)
        return Netlist(top, source, files[NETLIST_FILE], files[NETLIST_VERILOG_FILE], cells)

    def place(self, netlist, device, clock_mhz, seeds, *, pins=None, options=()):
        """A :class:`Placement` for each seed, in their order; seeds that are not known yet run at the same time.

        Parameters
        ----------
        netlist : Netlist
        device : Device
        clock_mhz : float
            What place & route aims at.
        seeds : sequence of int
        pins : str, optional
            Pin constraints, in the family's format. Without them every port is placed anywhere.
        options : sequence of str
            More arguments for nextpnr.

        Raises
        ------
        ToolFailedError
            If nextpnr stops for another reason than a full chip.
        """
        if device.family != self.family.name:
            raise ValueError(f"Device must be of the family {self.family.name}, not {device.family}")
        if pins is None and not self.family.unpinned:
            raise ToolFailedError(f"{self.family.placement} places no port without a pin; give all of them one")
        common = {
            "netlist": digest(netlist.json), "source": digest(netlist.source.encode()), "top": netlist.top,
            "device": astuple(device), "clock_mhz": clock_mhz, "pins": pins,
            "options": list(options), "tool": self.tools.placement.version,
            "counting": [digest(Path(module.__file__).read_bytes()) for module in (components, family)],
        }
        keys = {seed: digest(json.dumps(["place", common, seed], sort_keys=True).encode()) for seed in seeds}
        known = {seed: files for seed in seeds if (files := self.cache.find(keys[seed])) is not None
                 # one that came to no end may do so in more time
                 and not 0 < json.loads(files["facts.json"]).get("out_of_time", 0) < _patience(netlist)}
        unknown = [seed for seed in dict.fromkeys(seeds) if seed not in known]
        if unknown:
            self.on_stage("place & route, " + (f"seed {unknown[0]}" if len(unknown) == 1 else f"{len(unknown)} seeds"))
            for seed, files in zip(unknown, self._place(netlist, device, clock_mhz, unknown, pins, options)):
                self.cache.keep(keys[seed], files)
                known[seed] = files
        return [_placement(seed, known[seed]) for seed in seeds]

    def _place(self, netlist, device, clock_mhz, seeds, pins, options):
        inputs = {NETLIST_FILE: netlist.json}
        pins_arguments = self.family.unpinned
        if pins is not None:
            inputs[self.family.pins_file] = pins.encode()
            pins_arguments = self.family.pinned
        with _folder(inputs) as folder:
            jobs = [Job(self.tools.placement, _filled(
                (*self.family.device_arguments, *pins_arguments, "--json", NETLIST_FILE, "--freq", f"{clock_mhz:.6f}",
                 "--seed", str(seed), "--timing-allow-fail", *options, *self.family.output_arguments,
                 "--report", f"{seed}.json", "--write", "{placed}"),
                seed, device, pins=self.family.pins_file), folder, f"{seed}.log", _patience(netlist)) for seed in seeds]
            return [self._read(done, netlist, folder, seed)
                    for seed, done in zip(seeds, run_jobs(jobs, on_compiling=self._note_compiling))]

    def _read(self, done, netlist, folder, seed):
        """What is kept of a run of place & route."""
        counted = {name: (int(used), int(there_are)) for name, used, there_are in _USED.findall(done.messages)}
        used, available = self.family.totals(counted)
        facts = {"used": {"ff": 0, **used}, "available": available, "fmax_mhz": None, "parts": {},
                 "out_of_time": done.out_of_time and done.job.processor_seconds}
        if done.out_of_time or any(used[kind] > available[kind] for kind in used) \
                or (done.status and _FULL.search(done.messages)):
            return {"facts.json": json.dumps(facts).encode(), "text": zlib.compress(b"")}
        check(done)
        timing = json.loads((folder / f"{seed}.json").read_bytes())
        placed = (folder / _PLACED.format(seed)).read_bytes()
        facts["fmax_mhz"] = min((clock["achieved"] for clock in timing["fmax"].values()), default=None)
        if facts["fmax_mhz"] is None:
            raise ToolFailedError("nextpnr found no clock in the design")
        # The messages are from before the placement, which may add cells that let a signal through.
        used, _ = self.family.totals({name: (entry["used"], 0) for name, entry in timing["utilization"].items()})
        parts = components.count_components(json.loads(placed), netlist.source, netlist.top, DESIGN_FILE, self.family)
        total = {kind: sum(part[kind] for part in parts.values()) for kind in family.KINDS}
        for kind in used:
            if total[kind] != used[kind]:
                raise ToolFailedError(f"nextpnr counts {used[kind]} {kind.upper()}, but its list of cells has {total[kind]}")
        facts |= {"used": total, "parts": parts}
        text = (folder / _TEXT.format(seed)).read_bytes() if self.family.output_arguments else placed
        return {"facts.json": json.dumps(facts).encode(), "text": zlib.compress(text, 1)}

    def pack(self, placement, device, options=()):
        """The bitstream of a :class:`Placement`.

        Parameters
        ----------
        placement : Placement
        device : Device
            Which it was placed on.
        options : sequence of str
            More of them for the packer, as a board asks for them.
        """
        bitstream = self.family.bitstream_file
        arguments = (*options, *_filled(self.family.packing_arguments, placement.seed, device, bitstream=bitstream))
        text = (_TEXT if self.family.output_arguments else _PLACED).format(placement.seed)

        def make():
            self.on_stage("packing")
            with _folder({text: placement.text}) as folder:
                run_tool(self.tools.packing, arguments, folder, on_compiling=self._note_compiling)
                return {bitstream: (folder / bitstream).read_bytes()}

        files, _ = self.cache.stage("packing", {
            "text": digest(placement.text), "arguments": arguments, "tool": self.tools.packing.version}, make)
        return files[bitstream]

    def _note_compiling(self, name):
        if name not in self._compiling:
            self._compiling.add(name)
            self.on_stage(f"{name} starts for the first time on this machine: compiling it takes up to two minutes")


def _script(family, top, options):
    multiplying = " ".join(f"t:{cell}" for cell in MULTIPLYING)
    return "; ".join((
        f"read_verilog -lib {' '.join(family.library)}", f"read_verilog {DESIGN_FILE}", f"hierarchy -top {top}", "proc",
        f"tee -q -o before.txt select -list {multiplying}",
        " ".join((*family.synthesis, *options, "-top", top, "-json", NETLIST_FILE)),
        "check -assert", "tee -q -o after.json stat -json", f"write_verilog -noattr -noexpr {NETLIST_VERILOG_FILE}"))


def _patience(netlist):
    """Whole seconds of computing that place & route of ``netlist`` gets."""
    return round(PLACEMENT_SECONDS + PLACEMENT_SECONDS_A_CELL * sum(netlist.cells.values()))


def _filled(arguments, seed, device, **words):
    """Arguments whose words in braces are replaced."""
    words |= {"chip": device.chip, "package": device.package, "speed": device.speed,
              "text": _TEXT.format(seed), "placed": _PLACED.format(seed)}
    return tuple(argument.format(**words) for argument in arguments)


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
