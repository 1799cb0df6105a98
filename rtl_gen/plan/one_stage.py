# SPDX-License-Identifier: BSD-2-Clause
"""The plan of a read-out of one stage with one accumulator: widths and clocks. Data only."""

from dataclasses import dataclass
from typing import ClassVar

from hadam_hw.fixed import signed_width
from hadam_hw.layer import Layer
from hadam_hw.readout import Readout

#: Rows of a table that a logic cell a bit holds.
FEW_ROWS = 16
#: Clocks of a class beyond its n b additions: loading c, the pipeline, offering the result, going on.
OVERHEAD = 5


@dataclass(frozen=True, eq=False)
class OneStagePlan:
    """With ``n`` units, ``m`` classes and codes of ``b`` bits, a class takes ``n b`` clocks and :data:`OVERHEAD` more.

    Parameters
    ----------
    readout : Readout
        Of one stage.
    layer : Layer
        Whose states are read out.
    block : bool
        The memories are block RAM; else logic where that is possible, since ECP5's block RAM takes 5.6 ns to read.
    """

    #: Clocks from the last word of a step that is pooled to ``ready``.
    pooling_cycles: ClassVar[int] = 3
    #: Codes are in block RAM, or logic.
    sprams: ClassVar[int] = 0
    image: ClassVar[None] = None

    readout: Readout
    layer: Layer
    block: bool = True

    @property
    def stage(self):
        """The stage."""
        return self.readout.stages[0]

    @property
    def code_width(self):
        """Stored bits of a code."""
        return max(2, signed_width(int(self.stage.codes.min()), int(self.stage.codes.max())))

    @property
    def width(self):
        """Bits of an output."""
        return self.readout.widths(self.layer.state)[-1]

    @property
    def cycles(self):
        """Clocks from the last state word to the one in which the last class is offered, if no class has to wait."""
        additions = self.layer.size * self.code_width + OVERHEAD
        return self.readout.outputs * additions + 2 * (self.readout.pool_bits > 0)
