# SPDX-License-Identifier: BSD-2-Clause
"""The core of a model in an architecture."""

from rtl_gen.cores.context_core import ContextCore
from rtl_gen.cores.core import Core
from rtl_gen.cores.stacked_core import build_stack
from rtl_gen.gateware.folded.cell import FoldedCell
from rtl_gen.gateware.folded.one_word import OneWordCell
from rtl_gen.gateware.parallel.cell import ParallelCell
from rtl_gen.gateware.serial.cell import SerialCell, check_digit
from rtl_gen.plan.arch import Folded
from rtl_gen.plan.folding import fold


def build_core(model, architecture):
    """The core of ``model`` in ``architecture``.

    Raises
    ------
    ArchitectureError
        If the architecture cannot render the model.
    """
    if len(model.layers) > 1:
        return build_stack(model, architecture)
    if isinstance(architecture, Folded):
        folding = fold(model.top.recurrence, architecture)
        return Core(model, architecture, OneWordCell(model.top, folding) if architecture.radix == 1
                    else FoldedCell(model.top, folding, architecture.lanes))
    if architecture.contexts > 1:
        return ContextCore(model, architecture)
    if architecture.digit is None:
        return Core(model, architecture, ParallelCell(model.top))
    check_digit(model.top, architecture)
    return Core(model, architecture, SerialCell(model.top, architecture.digit))
