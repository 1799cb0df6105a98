# SPDX-License-Identifier: BSD-2-Clause
"""What a board is: a chip, a clock made from its crystal, pins, LEDs and a programmer around the design."""

from dataclasses import dataclass, fields
from fractions import Fraction

from amaranth.back import rtlil
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from boards.parts.chips import Chip
from boards.parts.fixed import Constant, Tied
from boards.parts.flash import Flash
from boards.parts.pins import Port, constraints
from boards.parts.programmers import Programmer
from hadam_hw.errors import BoardError


@dataclass(frozen=True)
class Board:
    """A board that a whole design can be built for.

    Parameters
    ----------
    name : str
    chip : Chip
    crystal_hz : int
    pll : type
        Of :mod:`boards.parts.plls`.
    clock_port : Port
        Where the crystal's clock comes in.
    uart, spi : tuple of Port
        The pins of the link: ``rx`` and ``tx``, or those of :data:`boards.parts.pins.SPI_PORTS`.
    label : Port
        LEDs for the class, as many of its bits as there are.
    busy, failed : Port or None
        LEDs for a sequence on its way and for an error, where the board has them.
    default_clock_mhz : float
        What the design is clocked with unless another clock is asked for.
    baud : int
        Of the UART, at most.
    programmer : Programmer
    lean_link : bool
        Its chip has no room for the whole link, so designs get the lean one unless asked otherwise.
    packing_options : tuple of str
        For the tool that makes the bitstream.
    fixed : tuple of Constant or Tied
        Pins whose level the board decides: constant, or that of another pin.
    flash : Flash or None
        Where a design may find data behind its bitstream.
    pdm : tuple of Port
        ``pdm_clock`` and ``pdm_data``, where a PDM microphone may be; none if nobody said.
    seven : tuple of Port
        ``segments`` (a to g) and ``digit`` (high for the right one) of two digits of seven segments, used by designs with a
        sensor; none if the board has none.

    Raises
    ------
    BoardError
        If two ports of the same design have one name, or are at one pin.
    """

    name: str
    chip: Chip
    crystal_hz: int
    pll: type
    clock_port: Port
    uart: tuple[Port, ...]
    spi: tuple[Port, ...]
    label: Port
    busy: Port | None
    failed: Port | None
    default_clock_mhz: float
    baud: int
    programmer: Programmer
    lean_link: bool = False
    packing_options: tuple[str, ...] = ()
    fixed: tuple[Constant | Tied, ...] = ()
    flash: Flash | None = None
    pdm: tuple[Port, ...] = ()
    seven: tuple[Port, ...] = ()

    def __post_init__(self):
        for ports in (self.ports(), self.ports(spi=True), self.ports(sensor=True)):
            self._check_once("name", [port.name for port in ports])
            self._check_once("pin", [site for port in ports for site in port.sites])

    def _check_once(self, what, found):
        twice = next((one for one in found if found.count(one) > 1), None)
        if twice is not None:
            raise BoardError(f"Board {self.name} must use each {what} for one port, and uses {twice} for two")

    def clock(self, mhz):
        """The PLL's settings that make the clock nearest to ``mhz``; ``.hz`` is its exact value.

        Raises
        ------
        BoardError
            If the board cannot make such a clock.
        """
        low, high = self.pll.RANGE_MHZ
        found = self.pll.nearest(self.crystal_hz, Fraction(mhz) * 10**6) if low <= mhz <= high else None
        if found is None:
            raise BoardError(f"Clock must be between {low:g} and {high:g} MHz on {self.name}, not {mhz:g} MHz")
        return found

    def fingerprint(self, mhz=None):
        """A text that differs between boards for which different designs are built; ``mhz`` is the clock asked for, if any.

        It is made of what the board is and does, not of the files that say so: all its data, the constraints of its pins, and
        the cell of the PLL with its settings, whose class may come from any file.

        Raises
        ------
        BoardError
            As :meth:`clock`.
        """
        data = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name != "pll"}
        clock, m = self.clock(self.default_clock_mhz if mhz is None else mhz), Module()
        pins = {name: Signal(name=name) for name in ("pin", "clock", "locked")}
        m.submodules.pll = clock.instance(**pins)
        return "\n".join([repr(data), str(clock.hz), repr(self.pll.RANGE_MHZ), *map(self.constraints, (False, True)),
                          rtlil.convert(m, ports=list(pins.values()), emit_src=False)])

    def led_and_link_ports(self, spi=False, flash=False, sensor=False):
        """The ports that the design itself drives or reads, besides the clock's; with a sensor the link only sends."""
        sensing = (*self.pdm, *(port for port in self.uart if port.output), *self.seven)
        link = sensing if sensor else self.spi if spi else self.uart
        found = (*link, *(self.flash.ports if flash else ()), self.failed, self.busy, self.label)
        return tuple(port for port in found if port is not None)

    def ports(self, spi=False, flash=False, sensor=False):
        """All ports of the design with the link over the UART, or over SPI, or with a microphone; with those of the flash if it
        reads that."""
        fixed = [port for one in self.fixed for port in one.ports]
        # the source of a tied pin may be a port that the design has anyhow, or that of another tied pin
        return tuple(dict.fromkeys((self.clock_port, *self.led_and_link_ports(spi, flash, sensor), *fixed)))

    def wrapper(self, top, clock):
        """The component with the board's pins as ports, around :class:`~rtl_gen.design.top.Top`, with a :meth:`clock`."""
        return Wrapper(self, top, clock)

    def constraints(self, spi=False, flash=False, sensor=False):
        """The pins of :meth:`ports`, as text for nextpnr."""
        return constraints(self.chip.family, self.ports(spi, flash, sensor))


class Wrapper(wiring.Component):
    """The design between the board's pins: the clock from the PLL, the link's pins, the LEDs.

    Parameters
    ----------
    board : Board
    top : rtl_gen.design.top.Top
        With the pins of one link and perhaps those of the flash; which they are tells its signature.
    pll : one of :mod:`boards.parts.plls`

    Members
    -------
    As :meth:`Board.ports` says.
    """

    def __init__(self, board, top, pll):
        self._board, self._top, self._pll = board, top, pll
        self._pins = tuple(name in top.signature.members for name in ("sck", "flash_sck", "pdm_clock"))
        super().__init__({port.name: (Out if port.output else In)(len(port.sites)) for port in board.ports(*self._pins)})

    def elaborate(self, platform):
        m = Module()
        board, top = self._board, self._top
        m.submodules.top = top
        clock, locked = Signal(), Signal()
        m.submodules.pll = self._pll.instance(getattr(self, board.clock_port.name), clock, locked)
        m.d.comb += [top.clk.eq(clock), top.locked.eq(locked)]
        for one in board.fixed:
            m.d.comb += getattr(self, one.port.name).eq(one.value(lambda port: getattr(self, port.name)))
        leds = {board.label: top.label, board.busy: top.busy, board.failed: top.failed}
        if "segments" in top.signature.members:
            leds |= dict(zip(board.seven, (top.segments, top.digit)))
        for port in board.led_and_link_ports(*self._pins):
            outside = getattr(self, port.name)
            if port in leds:
                lit = Signal(len(port.sites), name=f"{port.name}_lit")  # cut or filled with 0 before it is inverted
                m.d.comb += [lit.eq(leds[port]), outside.eq(~lit if port.inverted else lit)]
            elif port.output:
                m.d.comb += outside.eq(getattr(top, port.name))
            else:
                m.d.comb += getattr(top, port.name).eq(outside)
        return m
