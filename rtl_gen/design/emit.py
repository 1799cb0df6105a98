# SPDX-License-Identifier: BSD-2-Clause
"""From a model to Verilog: the core's text, and the whole design's, which contains the core's as it is."""

import json

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal
from amaranth.lib import wiring

from rtl_gen.cores.build import build_core
from rtl_gen.design.instantiation import instantiation_template
from rtl_gen.design.top import SILENCE_CLOCKS, Top, check_link, check_loading
from rtl_gen.design.verilog import emit_verilog
from rtl_gen.gateware.code_loader import CodeLoader
from rtl_gen.link.frames import CRC_BYTES, HEADER_BYTES, UART_BITS, result_bytes
from rtl_gen.link.kind import Link, Profile
from rtl_gen.link.rates import choose_baud
from rtl_gen.tools.design_files import CODES_FILE, CORE, CORE_FILE, DESIGN_FILE, FACTS_FILE, TEMPLATE_FILE
from rtl_gen.tools.family import FAMILIES

BITS_PER_BYTE = {Link.UART: UART_BITS, Link.SPI: 8}


class CoreInstance(wiring.Component):
    """Stands for a :class:`~rtl_gen.cores.core.Core` in a design: an instance of the module :data:`CORE`, whose text is added.

    So what is simulated alone and what is synthesised within the design is the same text.

    Parameters
    ----------
    core : Core

    Members
    -------
    As those of ``core``.
    """

    def __init__(self, core):
        self.model = core.model
        self.architecture = core.architecture
        self.timing = core.timing
        self.sequence_timing = core.sequence_timing
        super().__init__(core.signature)

    def elaborate(self, platform):
        m = Module()
        ports = {"i_clk": ClockSignal(), "i_rst": ResetSignal()}
        for path, member, value in self.signature.flatten(self):
            direction = "i" if member.flow is wiring.In else "o"
            ports[f"{direction}_{'__'.join(map(str, path))}"] = getattr(value, "as_value", lambda value=value: value)()
        setattr(m.submodules, CORE, Instance(CORE, **ports))
        return m


def emit_core(model, architecture):
    """The core and its Verilog text, as module :data:`CORE`.

    Returns
    -------
    core : Core
    text : str
    """
    core = build_core(model, architecture)
    return core, emit_verilog(core, CORE)


def emit_design(model, architecture, board, clock_mhz, steps, *, link=Link.UART, profile=None, baud=None,
                silence_clocks=SILENCE_CLOCKS):
    """The files of a design for a board, before any tool has seen them.

    Parameters
    ----------
    model : Model
    architecture : Architecture
    board : boards.parts.board.Board
    clock_mhz : float or None
        ``None`` leaves it to the board.
    steps : int
        Vectors of a sequence, for what is told about sequences.
    link : Link
    profile : Profile or None
        ``None`` leaves it to the board.
    baud : int or None
        ``None`` takes the board's, or the highest below it at which the core loses no vector.
    silence_clocks : int
        See :class:`~rtl_gen.design.top.Top`.

    Returns
    -------
    dict of str to bytes
        Verilog of core and design, pin constraints, the instantiation template, and what else is known of the design.
    """
    plan = architecture.plan(model)
    clock = board.clock(clock_mhz or board.default_clock_mhz)
    profile = profile or (Profile.LEAN if board.lean_link else Profile.FULL)
    baud = baud or choose_baud(plan, clock.hz, board.baud, profile)
    check_link(plan, clock.hz, baud, link, profile)
    check_loading(plan, board, profile)
    core, core_text = emit_core(model, architecture)
    image = plan.image
    top = Top(CoreInstance(core), clock_hz=clock.hz, baud=baud, link=link, profile=profile, silence_clocks=silence_clocks,
              image=image, address=board.flash.offset if image else 0)
    name = f"hadam_{board.name.replace('-', '_')}"
    text = emit_verilog(board.wrapper(top, clock), name) + core_text
    sequence = plan.sequence_timing(steps)
    facts = {
        "top": name, "board": board.name, "family": board.chip.family, "chip": board.chip.device, "package": board.chip.package,
        "speed": board.chip.speed, "placement_options": architecture.placement_options(board.chip.family),
        "packing_options": board.packing_options, "clock_mhz": float(clock.hz / 10**6),
        "cycles_per_step": plan.timing.interval, "contexts": plan.timing.contexts,
        "latency_cycles": sequence.latency, "sequence_cycles": sequence.interval,
        "identity": top.identity.encode().hex(),
        "link": link.value, "link_profile": profile.value, "link_divisor": top.divisor if link is Link.UART else None,
        "link_baud": top.identity.link_hz,
        "link_sequences_per_second": 1 / _sequence_seconds(top.identity, link, steps),
        "codes": image and _loading(image, board.flash.offset, clock.hz),
    }
    pins = board.constraints(link is Link.SPI, image is not None)
    return {name: content.encode() for name, content in {
        CORE_FILE: core_text, DESIGN_FILE: text, FAMILIES[board.chip.family].pins_file: pins,
        TEMPLATE_FILE: instantiation_template(core, CORE), FACTS_FILE: json.dumps(facts)}.items()
    } | ({CODES_FILE: image.data} if image else {})


def _loading(image, offset, clock_hz):
    """What is told of codes that are loaded from the flash."""
    return {"file": CODES_FILE, "bytes": len(image.data), "flash_offset": offset, "crc32": f"{image.crc:08x}",
            "seconds": float(CodeLoader.cycles(len(image.rows)) / clock_hz)}


def _sequence_seconds(identity, link, steps):
    """A sequence's way there, what of the core's work is not done meanwhile, and the answer's way back."""
    byte, frame = BITS_PER_BYTE[link] / identity.link_hz, HEADER_BYTES + CRC_BYTES
    there = (frame + steps * identity.vector_bytes) * byte
    back = (frame + result_bytes(identity.outputs, identity.output_bytes)) * byte
    core = steps * identity.step_clocks / identity.clock_hz
    return max(there, core) + identity.answer_clocks / identity.clock_hz + back
