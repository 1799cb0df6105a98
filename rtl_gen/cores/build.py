# SPDX-License-Identifier: BSD-2-Clause
"""The core of a model in an architecture."""

from rtl_gen.cores.context_core import ContextCore
from rtl_gen.cores.core import Core
from rtl_gen.cores.folded_stack import FoldedStackCore
from rtl_gen.cores.stacked_core import StackedCore
from rtl_gen.gateware.folded.cell import FoldedCell
from rtl_gen.gateware.folded.input import FoldedInput
from rtl_gen.gateware.folded.one_word import OneWordCell
from rtl_gen.gateware.folded.pairs import PairCell, Shears
from rtl_gen.gateware.parallel.cell import ParallelCell
from rtl_gen.gateware.parallel.context_cell import ContextCell
from rtl_gen.gateware.parallel.step import ParallelStep
from rtl_gen.gateware.readout.one_stage import OneStageReadout
from rtl_gen.gateware.readout.staged import StagedReadout
from rtl_gen.gateware.rendering import render
from rtl_gen.gateware.serial.cell import SerialCell

#: What renders the plans of this package; it is known once it is imported.
KINDS = (Core, StackedCore, FoldedStackCore, ContextCore, SerialCell, ParallelCell, ParallelStep, ContextCell, FoldedCell,
         FoldedInput, OneWordCell, PairCell, Shears, OneStageReadout, StagedReadout)


def build_core(model, architecture):
    """The core of ``model`` in ``architecture``: what renders the architecture's plan.

    Raises
    ------
    ArchitectureError
        If the architecture cannot render the model.
    """
    return render(architecture.plan(model))
