# SPDX-License-Identifier: BSD-2-Clause
"""Energy of a step: an estimate, from currents that others measured on a UP5K.

github.com/tinyvision-ai-inc/ice40_power gives the core's current at 1.219 V: 85.6 uA for an empty design, 613.5 uA with a
12 MHz clock and a counter, and 996 against 645 uA for two 8 bit counters multiplied in 180 logic cells at each clock. So the
clock's network takes 54 pJ a clock, and a cell that works as hard as a combinational multiplier's 0.2 pJ. Block RAM and pins
are not in it.
"""

VOLTS = 1.219
STATIC_WATTS = 85.6e-6 * VOLTS
CLOCK_JOULES = (613.5e-6 - 85.6e-6) * VOLTS / 12e6
CELL_JOULES = (996e-6 - 645e-6) * VOLTS / 12e6 / 180

#: What is said beside every figure.
BASIS = ("an estimate: cells x clocks x 0.2 pJ, 54 pJ a clock for its network and 104 uW at rest, from currents measured on a "
         "UP5K (tinyvision-ai-inc/ice40_power); block RAM and pins not counted")


def step_joules(cells, clocks, clock_mhz):
    """Energy of a step of ``clocks`` in a design of ``cells`` logic cells."""
    return clocks * (CLOCK_JOULES + cells * CELL_JOULES + STATIC_WATTS / (clock_mhz * 1e6))
