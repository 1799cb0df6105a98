# SPDX-License-Identifier: BSD-2-Clause
"""Values some clocks later."""

from amaranth.hdl import Cat, Signal


def late(m, value, clocks):
    """``value`` delayed by a number of clocks."""
    for _ in range(clocks):
        delayed = Signal.like(value, name="late", init=0)
        m.d.sync += delayed.eq(value)
        value = delayed
    return value


def any_late(m, bits):
    """Whether any of ``bits`` is set, four at a time: (the signal, the clocks it is late)."""
    latency = 0
    while len(bits) > 1:
        groups = Signal(-(-len(bits) // 4), name="any", reset_less=True)
        m.d.sync += groups.eq(Cat(bits[start:start + 4].any() for start in range(0, len(bits), 4)))
        bits, latency = groups, latency + 1
    return bits, latency
