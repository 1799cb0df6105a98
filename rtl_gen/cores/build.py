# SPDX-License-Identifier: BSD-2-Clause
"""The core of a model in an architecture."""

from rtl_gen.cores.context_core import ContextCore
from rtl_gen.cores.core import Core
from rtl_gen.cores.stacked_core import build_stack
from rtl_gen.gateware.folded.cell import FoldedCell
from rtl_gen.gateware.parallel.cell import ParallelCell
from rtl_gen.gateware.serial.cell import SerialCell, check_digit
from rtl_gen.plan.arch import Folded, Parallel, Serial
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
    return BUILDERS[type(architecture)](model, architecture)


def _serial(model, architecture):
    check_digit(model.top, architecture)
    return Core(model, architecture, SerialCell(model.top, architecture.digit))


def _parallel(model, architecture):
    if architecture.contexts > 1:
        return ContextCore(model, architecture)
    return Core(model, architecture, ParallelCell(model.top))


def _folded(model, architecture):
    return Core(model, architecture, FoldedCell(model.top, fold(model.top.recurrence, architecture), architecture.lanes))


#: What builds the core of a kind of architecture.
BUILDERS = {Serial: _serial, Parallel: _parallel, Folded: _folded}
