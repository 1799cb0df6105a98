# SPDX-License-Identifier: BSD-2-Clause
"""What is measured: a column of a file of measured numbers."""

from typing import NamedTuple


class Source(NamedTuple):
    """A name, a unit (empty where there is none), and how large a raw count is in that unit (None where nobody said)."""

    name: str
    unit: str
    count: float | None = None  # type: ignore[assignment]  # hides tuple.count, which nobody asks
