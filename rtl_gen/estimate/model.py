# SPDX-License-Identifier: BSD-2-Clause
"""From the parts of a core to what it will need and how fast it will be."""

import json
from functools import cache
from pathlib import Path

#: Fitted by ``python -m bench estimate --fit``.
FACTORS_FILE = Path(__file__).parent / "factors.json"


@cache
def factors():
    """Part to what one counted cell of it becomes."""
    return json.loads(FACTORS_FILE.read_text())


def cells_of(parts):
    """Logic cells of the parts that :func:`rtl_gen.estimate.inventory.inventory` counted."""
    known = factors()
    return sum(known.get(name, 1.0) * count for name, count in parts.items())
