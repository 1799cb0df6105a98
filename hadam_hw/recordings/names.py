# SPDX-License-Identifier: BSD-2-Clause
"""Names out of files, as they may be shown in sentences, tables and pages."""

import re

from hadam_hw.recordings.limits import MAX_NAME_CHARACTERS
from hadam_hw.recordings.recording import Kind
from hadam_hw.terminal import printable

_DIGITS = re.compile(r"(\d+)")
_UNIT = re.compile(r"(?P<name>[^\[\]()]*)[\[(](?P<unit>[^\[\]()]*)[\])]")
_KINDS = {"counts": Kind.COUNTS, "count": Kind.COUNTS, "lsb": Kind.COUNTS, "codes": Kind.CODES, "code": Kind.CODES}


def shown(text):
    """``text`` on one line, without what a terminal would obey, at most some 100 characters."""
    text = printable(str(text)[:2 * MAX_NAME_CHARACTERS])
    return text if len(text) <= MAX_NAME_CHARACTERS else text[:MAX_NAME_CHARACTERS - 3] + "..."


def counted(number, what):
    """"1 file", "2 files"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def is_name(text):
    """Whether ``text`` can name a class, a group or a channel."""
    return 0 < len(text) <= MAX_NAME_CHARACTERS and text.isprintable()


def natural(text):
    """A key by which "2" comes before "10"."""
    return [(0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in _DIGITS.split(text)]


def name_and_unit(cell):
    """("acc_x", "g") of a header's "acc_x [g]" or "acc_x (g)"; the unit is "" where there is none."""
    match = _UNIT.fullmatch(cell.strip())
    return (cell.strip(), "") if match is None else (match["name"].strip(), match["unit"].strip())


def kind_of_units(units):
    """The kind that ``units`` say: COUNTS or CODES where all do, MEASURED where one is known, None where none is."""
    kinds = {_KINDS.get(unit.casefold(), Kind.MEASURED) for unit in units if unit}
    if len(kinds) == 1 and all(units):
        return kinds.pop()
    return Kind.MEASURED if kinds else None
