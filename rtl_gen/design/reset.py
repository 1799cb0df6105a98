# SPDX-License-Identifier: BSD-2-Clause
"""The power-on reset of every design."""

from amaranth.hdl import ClockDomain, Signal

#: iCE40 block RAM reads 0 for about 3 us after configuration (icestorm issue 76); 2**10 clocks are 10 us at 100 MHz.
RESET_CYCLES = 1 << 10


def power_on_reset(m, clk, locked):
    """Makes the domain ``sync`` of the clock ``clk``, in reset for :data:`RESET_CYCLES` clocks from when ``locked`` is high."""
    # The counter starts with the configuration and when the clock comes; it lives in a domain without reset.
    power, sync = ClockDomain("power", reset_less=True), ClockDomain("sync")
    m.domains += [power, sync]
    waited = Signal(range(RESET_CYCLES + 1))
    resetting = Signal(init=1)
    m.d.comb += [power.clk.eq(clk), sync.clk.eq(clk), sync.rst.eq(resetting)]
    with m.If(~locked):
        m.d.power += waited.eq(0)
    with m.Elif(waited != RESET_CYCLES):
        m.d.power += waited.eq(waited + 1)
    m.d.power += resetting.eq(waited != RESET_CYCLES)
