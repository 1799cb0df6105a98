# SPDX-License-Identifier: BSD-2-Clause
"""How fast a design's clock may be: the longest way between two registers that its architecture has, times a fitted factor."""

import json
from functools import cache
from math import log2
from pathlib import Path

#: Fitted by ``python -m bench auto --fit`` on whole designs.
FACTORS_FILE = Path(__file__).parent / "clock_factors.json"

#: Nanoseconds on UP5K of what the longest way is made of: a few look-up tables that every design has, the doubling of the cells
#: over which wires are spread, and a carried bit: of a digit it is a look-up table, of a word a place in a carry chain.
#: Place & route stops optimising when the clock asked for is met, so the builds of a board lie close together, whatever their
#: size.
LOOK_UPS, DOUBLING = 17.0, 0.45
CARRY_BIT = {"serial": 0.3, "words": 0.15}


@cache
def clock_factors():
    """Device to the architecture's ``delay`` to what a counted one is multiplied by."""
    return json.loads(FACTORS_FILE.read_text())


def counted_delay(plan, cells):
    """Nanoseconds of the longest way in a design of ``cells`` logic cells, before any factor."""
    wires, architecture = LOOK_UPS + DOUBLING * log2(max(cells, 2)), plan.architecture
    return wires + CARRY_BIT[architecture.delay] * architecture.carry_bits(plan.model)


def clock_mhz(plan, cells, device):
    """The clock that a design of ``cells`` logic cells can be expected to meet on ``device`` (nextpnr's name).

    A device on which nothing was built is taken to be as slow as the slowest.
    """
    known = clock_factors()
    factors = known.get(device) or known["up5k"]
    return 1e3 / (counted_delay(plan, cells) * factors[plan.architecture.delay])
