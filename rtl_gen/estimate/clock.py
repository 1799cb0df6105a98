# SPDX-License-Identifier: BSD-2-Clause
"""How fast a design's clock may be: the longest way between two registers that its architecture has, times a fitted factor."""

import json
from functools import cache
from math import log2
from pathlib import Path

from rtl_gen.plan.alignment import align
from rtl_gen.plan.arch import Folded

#: Fitted by ``python -m bench auto --fit`` on whole designs.
FACTORS_FILE = Path(__file__).parent / "clock_factors.json"

#: Nanoseconds on UP5K of what the longest way is made of: a few look-up tables that every design has, a further bit of a digit,
#: a bit of a word's carry chain, and the doubling of the cells over which wires are spread. Place & route stops optimising
#: when the clock asked for is met, so the builds of a board lie close together, whatever their size.
LOOK_UPS, DIGIT_BIT, CARRY_BIT, DOUBLING = 17.0, 0.3, 0.15, 0.45


@cache
def clock_factors():
    """Device to kind of the architecture (:func:`kind_of`) to what its counted delay is multiplied by."""
    return json.loads(FACTORS_FILE.read_text())


def kind_of(architecture):
    """``serial`` for digits, ``words`` for all that adds whole words."""
    return "words" if isinstance(architecture, Folded) or architecture.digit is None else "serial"


def counted_delay(core, cells):
    """Nanoseconds of the longest way in a design of ``cells`` logic cells, before any factor."""
    wires = LOOK_UPS + DOUBLING * log2(max(cells, 2))
    if kind_of(core.architecture) == "serial":
        return wires + DIGIT_BIT * (core.architecture.digit - 1)
    return wires + CARRY_BIT * max(align(layer, None).width for layer in core.model.layers)


def clock_mhz(core, cells, device):
    """The clock that a design of ``cells`` logic cells can be expected to meet on ``device`` (nextpnr's name).

    A device on which nothing was built is taken to be as slow as the slowest.
    """
    known = clock_factors()
    factors = known.get(device) or known["up5k"]
    return 1e3 / (counted_delay(core, cells) * factors[kind_of(core.architecture)])
