# SPDX-License-Identifier: BSD-2-Clause
"""The read-out of a model's core."""

from rtl_gen.gateware.readout.one_stage import OneStageReadout
from rtl_gen.gateware.readout.staged import StagedReadout


def build_readout(model, *, block=True):
    """A component with the ports ``z``, ``phase``, ``ready``, ``y`` (``first``, ``last`` too where states are summed).

    Parameters
    ----------
    model : Model
    block : bool
        The memories of a single stage are block RAM; codes of several always are.
    """
    if len(model.readout.stages) > 1:
        return StagedReadout(model.readout, model.top.state)
    return OneStageReadout(model.readout, model.top, block=block)
