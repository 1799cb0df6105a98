# SPDX-License-Identifier: BSD-2-Clause
"""1BitSquared iCEBreaker: iCE40UP5K-SG48, 12 MHz, UART behind the FTDI chip, LEDs on the board and on its break-off part."""

from dataclasses import dataclass

from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth_boards.icebreaker import ICEBreakerPlatform

from boards.board import UP5K_SG48, Board, Ice40Pll
from hadam_hw.errors import BoardError

CRYSTAL_HZ = 12_000_000
LEDS = 5


class _Wrapper(wiring.Component):
    """The board's pins; the clock from the PLL, the class on the break-off LEDs, red for an error and green for busy."""

    def __init__(self, top, pll):
        self.top = top
        self.pll = pll
        super().__init__({"clk12": In(1), "rx": In(1), "tx": Out(1), "red_n": Out(1), "green_n": Out(1), "led": Out(LEDS)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.top = top = self.top
        clock, locked = Signal(), Signal()
        m.submodules.pll = Instance(
            "SB_PLL40_PAD", p_FEEDBACK_PATH="SIMPLE", p_DIVR=self.pll.divr, p_DIVF=self.pll.divf, p_DIVQ=self.pll.divq,
            p_FILTER_RANGE=self.pll.filter_range, i_PACKAGEPIN=self.clk12, i_RESETB=1, i_BYPASS=0,
            o_PLLOUTGLOBAL=clock, o_LOCK=locked)
        m.d.comb += [top.clk.eq(clock), top.locked.eq(locked), top.rx.eq(self.rx), self.tx.eq(top.tx),
                     self.red_n.eq(~top.failed), self.green_n.eq(~top.busy), self.led.eq(top.label)]
        return m


@dataclass(frozen=True)
class IceBreaker(Board):
    """See the module."""

    def clock(self, mhz):
        """The PLL's settings nearest to ``mhz``. Raises BoardError outside 16 to 275 MHz."""
        pll = Ice40Pll.nearest(CRYSTAL_HZ, mhz * 1e6)
        if not 16 <= mhz <= 275:
            raise BoardError(f"Clock must be between 16 and 275 MHz on {self.name}, not {mhz:g} MHz")
        return pll

    def wrapper(self, top, clock):
        """The pins, the PLL and the LEDs around ``top``."""
        return _Wrapper(top, clock)

    def constraints(self):
        """The pins, as a PCF file."""
        # The pin-out is that of amaranth-boards; only the ports' names are ours.
        platform = ICEBreakerPlatform()
        platform.add_resources(platform.break_off_pmod)
        ports = {"clk12": ("clk12", 0), "red_n": ("led_r", 0), "green_n": ("led_g", 0)}
        lines = [f"set_io {port} {_pin(platform, *resource)}" for port, resource in ports.items()]
        uart = {sub.name: sub.ios[0].names[0] for sub in platform.resources["uart", 0].ios}
        lines += [f"set_io {name} {uart[name]}" for name in ("rx", "tx")]
        lines += [f"set_io led[{k}] {_pin(platform, 'led', k + 2)}" for k in range(LEDS)]
        return "".join(f"{line}\n" for line in lines)


def _pin(platform, name, number):
    pins = platform.resources[name, number].ios[0]
    return pins.map_names(platform._conn_pins, platform.resources[name, number])[0]


ICEBREAKER = IceBreaker("icebreaker", UP5K_SG48, default_clock_mhz=42.0, baud=3_000_000)
