# SPDX-License-Identifier: BSD-2-Clause
"""Front ends in C: a model whose input has one is exported with its files beside its own."""

from firmware.mcu.bank import render_bank
from hadam_hw.input.bank_front_end import BankFrontEnd
from hadam_hw.input.law import Encoding

#: What renders each kind that C computes: (front end, the model's name in C) to texts by the names of files.
_RENDERERS = {BankFrontEnd.kind: lambda front_end, name: render_bank(front_end.bank, f"{name}_bank")}


def is_in_c(front_end):
    """Whether C computes what a :class:`~hadam_hw.input.front_end.FrontEnd` does, which is so where there is none."""
    return front_end.sources is None or front_end.kind in _RENDERERS


def render_front_end(source, name):
    """The texts of the C files of the front end of an :class:`~hadam_hw.input.Input` of integers; none where it has none."""
    if source.encoding is not Encoding.INTEGER or source.front_end.kind not in _RENDERERS:
        return {}
    return _RENDERERS[source.front_end.kind](source.front_end, name)
