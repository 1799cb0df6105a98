# SPDX-License-Identifier: BSD-2-Clause
"""What a core is made of, part by part, counted from its model and architecture without building it.

The counts are those that a reader of the gateware would write down in iCE40 logic cells: one for a look-up table and the
flip-flop behind it, one a bit for a sum, two for a difference of whole words (an operand of the carry chain cannot be
inverted in it). What synthesis really makes of a part is that times a factor near 1, which is fitted on builds
(:mod:`rtl_gen.estimate.model`); so a part here is a key there.
"""

from collections import Counter

from rtl_gen.estimate.readouts import readout_parts

#: Cells around the core, from whole designs: all that does not depend on the model; a bit of a vector of several elements,
#: which is collected; a bit of a logit, which is compared, kept and sent.
LINK, LINK_VECTOR_BIT, LINK_LOGIT_BIT = 725, 1.05, 4.2
#: Its buffer.
LINK_RAMS = 1
#: What reads the flash, checks its codes and says so over the link, where codes lie in SPRAM: from one whole design.
LOADER = 125
#: All that does not depend on the model where the link is lean; a logit's bit is only sent there.
LEAN_LINK = 350


def inventory(plan):
    """(cells, block RAMs) of a core: a Counter of the parts' cells, and a number.

    Parameters
    ----------
    plan : CorePlan, StackedCorePlan or ContextCorePlan
        Each plan of a cell counts its own parts.
    """
    parts, rams = plan.parts()
    more, more_rams = readout_parts(plan.model, plan.readout)
    return parts + more, rams + more_rams


def surroundings(plan, lean=False):
    """Cells of what a board puts around the core of ``plan``: UART, frames, the identity, reset, what loads codes."""
    model = plan.model
    vector = model.inputs * model.input.width if model.inputs > 1 else 0
    loader = Counter({"link": LOADER} if plan.sprams else {})
    if lean:
        return loader + Counter({"link": LEAN_LINK + LINK_VECTOR_BIT * vector + model.readout_width})
    return loader + Counter({"link": LINK + LINK_VECTOR_BIT * vector + LINK_LOGIT_BIT * model.readout_width})
