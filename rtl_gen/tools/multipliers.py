# SPDX-License-Identifier: BSD-2-Clause
"""The check that a design multiplies nowhere: neither as it is written nor in the cells that synthesis made of it."""

import re

from hadam_hw.errors import HadamError

#: Cells that multiply or divide, in the design as written.
MULTIPLYING = ("$mul", "$macc", "$macc_v2", "$div", "$divfloor", "$mod", "$modfloor", "$pow")
#: Cells of the families' libraries that multiply, or belong to those which do. Gowin's ALU without a number only adds.
DSP_CELL = re.compile(r"SB_MAC16|MULT\w+|ALU\d\w+|P?R?ADD\d+\w*")


class MultiplierError(HadamError):
    """A design that must not multiply does."""


def check_no_multiplier(before, cells):
    """Does nothing for a design that multiplies nowhere.

    Parameters
    ----------
    before : str
        The names of all cells of :data:`MULTIPLYING` before mapping, in words.
    cells : dict of str to int
        How many there are of each type after mapping.

    Raises
    ------
    MultiplierError
        Naming the first that was found.
    """
    if before.strip():
        found = before.split()
        raise MultiplierError(f"Design must not multiply, but before mapping it has {len(found)} such cell(s), the first "
                              f"is {found[0]!r}; write the product as shifts and additions")
    found = sorted(filter(is_dsp, cells))
    if found:
        raise MultiplierError(f"Design must not multiply, but after mapping it has {cells[found[0]]} {found[0]}; "
                              "synthesise without DSP cells")


def is_dsp(cell_type):
    """Whether cells of this type multiply."""
    return DSP_CELL.fullmatch(cell_type) is not None
