# SPDX-License-Identifier: BSD-2-Clause
"""The rate of a UART: what a clock can make, and what a core keeps up with."""

from hadam_hw.errors import BoardError
from hadam_hw.readout import Pooling
from rtl_gen.link.frames import MAX_BAUD_ERROR, RATES, keeps_up, vector_bytes
from rtl_gen.link.half_duplex import LEAN_DIVISOR
from rtl_gen.link.kind import Profile
from rtl_gen.link.uart import MIN_DIVISOR

#: The error of a rate that nobody asked for.
GOOD_BAUD_ERROR = 0.01
#: Clocks a bit, at least.
LEAST_DIVISOR = {Profile.FULL: MIN_DIVISOR, Profile.LEAN: LEAN_DIVISOR}


def divide_baud(clock_hz, baud):
    """Clocks a bit for ``baud`` at ``clock_hz``.

    Raises
    ------
    BoardError
        If the clock cannot make the rate within 2 %.
    """
    divisor = max(round(clock_hz / baud), MIN_DIVISOR)
    error = clock_hz / divisor / baud - 1
    if abs(error) > MAX_BAUD_ERROR:
        raise BoardError(f"Baud rate must be within {MAX_BAUD_ERROR:.0%} of a whole division of {clock_hz / 1e6:.3f} MHz, and "
                         f"{baud} is off by {abs(error):.1%}; try --freq {baud * divisor / 1e6:g}")
    return divisor


def choose_baud(core, clock_hz, fastest, profile=Profile.FULL):
    """The highest rate that a UART should have with ``core``, at most ``fastest``: no vector of an ``INFER`` is lost at it.

    Where there is none, ``fastest``; then only steps will do, which wait for the core.
    """
    def good(baud, error):
        divisor = max(round(clock_hz / baud), LEAST_DIVISOR[profile])
        return abs(clock_hz / divisor / baud - 1) <= error and keeps_up_with(core, clock_hz, baud)

    if good(fastest, MAX_BAUD_ERROR):
        return fastest
    return next((baud for baud in RATES if baud < fastest and good(baud, GOOD_BAUD_ERROR)), fastest)


def keeps_up_with(core, clock_hz, baud):
    """Whether ``core`` takes the vectors of an ``INFER`` as fast as they come at ``baud``."""
    source = core.model.input
    if core.model.pooling is Pooling.EVERY:  # each vector's answer is waited for
        return True
    return keeps_up(vector_bytes(source.size, source.width), core.timing.interval, clock_hz, baud)
