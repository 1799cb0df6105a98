# SPDX-License-Identifier: BSD-2-Clause
"""The design around a core that is the same on every board: reset, link, UART or SPI."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from hadam_hw.answer import Answer
from hadam_hw.errors import BoardError
from hadam_hw.readout import Pooling
from rtl_gen.design.reset import power_on_reset
from rtl_gen.gateware.code_loader import CodeLoader
from rtl_gen.gateware.flash_reader import FLASH_PINS
from rtl_gen.link.frames import Identity, logit_bytes, step_vectors
from rtl_gen.link.half_duplex import LEAN_DIVISOR, HalfDuplexPhy
from rtl_gen.link.kind import Link, Profile
from rtl_gen.link.lean_target import LeanTarget
from rtl_gen.link.rates import choose_baud, divide_baud, keeps_up_with
from rtl_gen.link.spi import MIN_HALF_PERIOD, SpiPhy
from rtl_gen.link.target import LinkTarget
from rtl_gen.link.uart import UartPhy

#: A frame that pauses longer is truncated. 6 ms at 42 MHz: more than a USB host lets pass between two packets of a frame.
SILENCE_CLOCKS = 1 << 18
#: The pins of each link: name to direction, as seen from the device.
PINS = {
    Link.UART: {"rx": In(1, init=1), "tx": Out(1, init=1)},
    Link.SPI: {"sck": In(1), "mosi": In(1), "cs_n": In(1, init=1), "miso": Out(1), "ready": Out(1)},
}


def identify(core, *, clock_hz, link_hz, silence_clocks=SILENCE_CLOCKS, lean=False):
    """The :class:`Identity` of a design with ``core``, at ``clock_hz``."""
    model = core.model
    source, every = model.input, model.pooling is Pooling.EVERY
    chunk = 0 if lean else step_vectors(model.inputs, source.width, every)
    return Identity(
        digest=model.digest[:16], size=model.size, inputs=model.inputs, outputs=model.outputs, input_width=source.width,
        input_signed=source.signed, emit_every=every, output_bytes=logit_bytes(model.readout_width),
        state_width=model.top.state.width, step_vectors=chunk,
        step_clocks=core.timing.interval, answer_clocks=core.sequence_timing(1).latency, silence_clocks=silence_clocks,
        clock_hz=round(clock_hz), link_hz=link_hz, lean=lean, values=model.readout.answer is Answer.VALUES)


def check_loading(core, board, profile):
    """Refuses a core whose codes the board's chip cannot hold or cannot be loaded with; the core's plan.

    Raises
    ------
    BoardError
        Saying what lacks.
    """
    needed, chip, advice = core.sprams, board.chip, "leave out ,codes=spram"
    if needed > chip.spram:
        has = f"has {chip.spram}" if chip.spram else "has none"
        raise BoardError(f"Chip must have {needed} SPRAM{'s' * (needed > 1)} for these codes, and {chip.label} {has}; {advice}")
    if needed and board.flash is None:
        raise BoardError(f"Board must say where its flash is for codes in SPRAM to be loaded from it, and {board.name} does "
                         f"not; {advice}, or give it a flash (docs/boards.md)")
    if needed and profile is Profile.LEAN:
        raise BoardError("Link must be the full one where codes are loaded into SPRAM, since the lean one cannot say that they "
                         f"are not there; try --profile full, or {advice}")


def check_link(core, clock_hz, baud, link, profile):
    """Refuses a core that the link cannot carry; ``core`` may be its plan, so that nothing is built in vain.

    Raises
    ------
    BoardError
        As :class:`Top`.
    """
    if core.timing.contexts > 1:
        raise BoardError(f"Contexts must be 1 behind the link, which carries one sequence at a time, "
                         f"not {core.timing.contexts}; embed the core alone to feed several")
    if profile is Profile.LEAN:
        _check_lean(core, clock_hz, baud, link)
    if link is Link.UART:
        divide_baud(clock_hz, baud)


def _check_lean(core, clock_hz, baud, link):
    """Refuses what the lean link cannot carry."""
    if link is not Link.UART:
        raise BoardError(f"Link must be a UART where it is lean, not {link.value}; try --profile full, or --link uart")
    if core.model.pooling is Pooling.EVERY:
        raise BoardError("Model must be read out at the end of a sequence where the link is lean, not at every step, since "
                         "that link has no steps; try --profile full, or a larger board")
    slower = choose_baud(core, clock_hz, baud, Profile.LEAN)
    advice = f"try --baud {slower}" if slower < baud else "try a faster --arch, --profile full or a larger board"
    if not keeps_up_with(core, clock_hz, baud):
        raise BoardError(f"Baud rate must leave the core its {core.timing.interval} clocks a step where the link is lean, "
                         f"since vectors cannot wait there, and {baud} is too fast; {advice}")
    if divide_baud(clock_hz, baud) < LEAN_DIVISOR:
        raise BoardError(f"Clock must be at least {LEAN_DIVISOR} times the baud rate where the link is lean, not "
                         f"{float(clock_hz / baud):.1f} times; {advice}")


class Top(wiring.Component):
    """Core, link and power-on reset, clocked from outside.

    Parameters
    ----------
    core : Core
        Or anything with its members, ``model``, ``timing`` and ``sequence_timing``.
    clock_hz : Fraction or float
    baud : int
        Of the UART.
    link : Link
    profile : Profile
    silence_clocks : int
        A frame that pauses longer is truncated.
    image : CodeImage or None
        Of the codes that ``core`` is loaded with; None for one that needs none.
    address : int
        Where they begin in the flash.

    Raises
    ------
    BoardError
        If the clock cannot make the baud rate, or the core serves several contexts, which this link cannot carry; for
        ``Profile.LEAN``, also if the model is read out at every step, or its steps are longer than a vector on the line, or the
        link is SPI.

    Members
    -------
    clk : In(1)
    locked : In(1)
        The clock is good; reset is held until it is.
    label : Out(range(label_count))
        The label of the last sequence: its class, or of values whether the first is positive.
    busy, failed : Out(1)
    rx : In(1), tx : Out(1)
        With ``Link.UART``.
    sck, mosi, cs_n : In(1), miso, ready : Out(1)
        With ``Link.SPI``.
    flash_cs_n, flash_sck, flash_mosi : Out(1), flash_miso : In(1)
        With an ``image``.
    """

    def __init__(self, core, *, clock_hz, baud, link=Link.UART, profile=Profile.FULL, silence_clocks=SILENCE_CLOCKS,
                 image=None, address=0):
        check_link(core, clock_hz, baud, link, profile)
        self.core = core
        self.link = link
        lean = profile is Profile.LEAN
        if link is Link.UART:
            self.divisor = divide_baud(clock_hz, baud)
            self._phy = (HalfDuplexPhy if lean else UartPhy)(self.divisor)
        else:
            self._phy = SpiPhy()
        link_hz = baud if link is Link.UART else int(clock_hz / (2 * MIN_HALF_PERIOD))
        self.identity = identify(core, clock_hz=clock_hz, link_hz=link_hz, silence_clocks=silence_clocks, lean=lean)
        self._loader = CodeLoader(address, image.crc) if image else None
        self._target = LeanTarget(core.model, self.identity) if lean else LinkTarget(
            core.model, self.identity, loads=image is not None)
        super().__init__({
            "clk": In(1), "locked": In(1), "label": Out(self._target.label.shape()), "busy": Out(1), "failed": Out(1),
            **self.pins})

    @property
    def pins(self):
        """The pins of the link, and of the flash where codes are loaded from it: name to direction."""
        return PINS[self.link] | (FLASH_PINS if self._loader else {})

    def elaborate(self, platform):
        m = Module()
        power_on_reset(m, self.clk, self.locked)
        m.submodules.core = core = self.core
        m.submodules.link = target = self._target
        m.submodules.phy = phy = self._phy
        connect(m, target.x, core.x)
        connect(m, core.y, target.y)
        connect(m, target.tx, phy.i)
        m.d.comb += [target.data.eq(phy.data), target.valid.eq(phy.valid), target.framing_error.eq(phy.framing_error)]
        if isinstance(target, LinkTarget):
            m.d.comb += target.saturated.eq(core.saturated)
        m.d.comb += [
            phy.open.eq(target.open),
            self.label.eq(target.label), self.busy.eq(target.busy), self.failed.eq(target.failed),
        ]
        if self._loader:
            m.submodules.loader = loader = self._loader
            connect(m, loader.rows, core.codes)
            m.d.comb += [target.loading.eq(loader.loading), target.spoiled.eq(loader.failed),
                         self.failed.eq(target.failed | loader.failed)]
        for name, member in self.pins.items():
            inside, outside = getattr(loader if name in FLASH_PINS else phy, name), getattr(self, name)
            m.d.comb += inside.eq(outside) if member.flow is wiring.In else outside.eq(inside)
        return m
