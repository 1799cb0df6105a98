# SPDX-License-Identifier: BSD-2-Clause
"""From a plan to the component that renders it."""

from typing import ClassVar

from amaranth.lib import wiring


class Rendering(wiring.Component):
    """A component whose constructor takes a plan and nothing else.

    A subclass says whose plans it renders: ``class SerialCell(Rendering, renders=SerialPlan)``. It is known as soon as it
    exists, wherever it lives.
    """

    _kinds: ClassVar[dict[type, type]] = {}

    def __init_subclass__(cls, *, renders=None, **keywords):
        super().__init_subclass__(**keywords)
        if renders is not None:
            Rendering._kinds[renders] = cls


def render(plan):
    """The component of ``plan``, by the class of the plan."""
    return next(Rendering._kinds[kind] for kind in type(plan).__mro__ if kind in Rendering._kinds)(plan)
