# SPDX-License-Identifier: BSD-2-Clause
"""How fast a core's clock may be, from the longest way between two registers that its architecture has."""

import json
from functools import cache
from math import log2
from pathlib import Path

from rtl_gen.arch import Folded

#: Fitted by ``python -m bench auto --fit`` on whole designs.
DELAYS_FILE = Path(__file__).parent / "delays.json"


@cache
def delays():
    """Device to the nanoseconds of each term of :func:`terms`, and under ``spread`` what the fit may be off by."""
    return json.loads(DELAYS_FILE.read_text())


def terms(core, cells):
    """What the longest way is made of: term to how often.

    ``look-up`` is the way through a few look-up tables that every design has, ``carry`` a bit of the longest carry chain of
    words, ``wire`` what wires lengthen by as the design grows: the logarithm of its cells.
    """
    architecture = core.architecture
    serial = not isinstance(architecture, Folded) and architecture.digit is not None
    carry = 0 if serial else core.cell.alignment.width
    return {"look-up": 1, "digit": architecture.digit - 1 if serial else 0, "carry": carry, "words": int(not serial),
            "wire": log2(max(cells, 2))}


def clock_mhz(core, cells, device):
    """The clock that a design of ``cells`` logic cells can be expected to meet on ``device`` (nextpnr's name)."""
    known = delays().get(device) or delays()["up5k"]
    return 1e3 / sum(known[name] * count for name, count in terms(core, cells).items())
