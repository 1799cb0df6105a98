# SPDX-License-Identifier: BSD-2-Clause
"""The plans of the cells that move whole words: widths, clocks, parts. Data only."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from hadam_hw.checks import assign
from hadam_hw.errors import ArchitectureError
from hadam_hw.layer import Layer
from rtl_gen.plan.adder_graph import recurrence_graph
from rtl_gen.plan.alignment import InputProducts, align, input_products
from rtl_gen.plan.networks import WordNetworkPlan
from rtl_gen.plan.parts import observation_cells, saturation_cells, selection_latency, selector_cells
from rtl_gen.plan.ram import block_rams
from rtl_gen.plan.timing import Timing


@dataclass(frozen=True, eq=False)
class StepPlan:
    """One step as a pipeline of whole words (:class:`rtl_gen.gateware.parallel.step.ParallelStep`).

    Parameters
    ----------
    layer : Layer
    steady : bool
        The inputs stay until the new state was taken.

    Attributes
    ----------
    products : InputProducts

    Raises
    ------
    ArchitectureError
        If the input matrix has too many digits.
    """

    layer: Layer
    steady: bool
    products: InputProducts = field(init=False)

    def __post_init__(self):
        assign(self, products=input_products(self.layer))

    @cached_property
    def alignment(self):
        """The :class:`~rtl_gen.plan.alignment.Alignment` of the words."""
        return align(self.layer, None)

    @cached_property
    def network(self):
        """The recurrence's adder network."""
        most, state = max(phase.state_shift for phase in self.alignment.phases), self.layer.state
        return WordNetworkPlan(recurrence_graph(self.layer.recurrence), state.minimum << most, state.maximum << most)

    @cached_property
    def input_network(self):
        """The input's adder network."""
        return WordNetworkPlan(self.products.graph, min(self.layer.input.minimum, -1), self.layer.input.maximum)

    @property
    def state_latency(self):
        """Clocks from ``z`` to ``o``."""
        return self.network.latency + (1 if self.steady else 2)

    @property
    def latency(self):
        """Clocks from ``x`` to ``o``."""
        return max(self.state_latency, self.input_network.latency + (2 if self.steady else 1))

    @property
    def state_clock(self):
        """Clocks from ``x`` to ``z``."""
        return self.latency - self.state_latency

    def parts(self):
        """A Counter of the cells of a step, and of the words that it begins with and ends with."""
        layer, network, source = self.layer, self.network, self.input_network
        size, width, phases = layer.size, layer.state.width, len(layer.phases)
        users = sum(unit is not None for unit in self.products.units)
        subtracted = sum(edge is not None and edge.negate for edge in network.graph.outputs) \
            + sum(unit is not None and unit[1] for unit in self.products.units)
        return Counter({
            "sums": network.sums + source.sums, "differences": 2 * (network.differences + source.differences),
            "delayed bits": network.delays + source.delays,
            "joins": self.alignment.width * (size + users + subtracted + (phases - 1) * size),
            "saturation": size * saturation_cells(layer, self.alignment),
            "parallel words": size * width * (1 + (phases > 1)),
            "selector": selector_cells(size, width),
            "parallel control": 10 + layer.inputs * layer.input.width,
            "observation": observation_cells(size),
        })


@dataclass(frozen=True, eq=False)
class ParallelPlan:
    """One step of a layer on whole words (:class:`rtl_gen.gateware.parallel.cell.ParallelCell`).

    With ``L`` levels in the recurrence's adder network and ``M`` in the input's, a step takes ``max(L, M + 1) + 2`` clocks: the
    sum and the saturation are a register each. Unloading takes a clock a unit.

    Parameters
    ----------
    layer : Layer
    copies : bool
        A cell above takes the states of this one.

    Attributes
    ----------
    step : StepPlan
    """

    #: A cell above takes the words in one clock, the one after they were written.
    at_once: ClassVar[bool] = True
    #: Clocks in which the cell below makes no step, since its words are taken.
    handing_over: ClassVar[int] = 1

    layer: Layer
    copies: bool = False
    step: StepPlan = field(init=False)

    def __post_init__(self):
        assign(self, step=StepPlan(self.layer, steady=True))

    @cached_property
    def timing(self):
        """:class:`Timing` of a step."""
        return Timing(self.step.latency + 1, self.step.latency + 1)

    @property
    def unload_cycles(self):
        """Clocks from ``unload`` to the one in which the last word is valid."""
        return self.layer.size + selection_latency(self.layer.size)

    @property
    def unload_interval(self):
        """Clocks from ``unload`` to the one in which the cell is ready again."""
        return self.layer.size + 1

    def parts(self):
        """(cells, block RAMs): a Counter of the parts' cells, and a number."""
        parts = self.step.parts()
        if self.copies:
            del parts["selector"]  # which is for the read-out
        return parts, 0


@dataclass(frozen=True, eq=False)
class ContextPlan:
    """The step for several sequences in turn (:class:`rtl_gen.gateware.parallel.context_cell.ContextCell`).

    With ``L`` levels in the recurrence's adder network the loop of a context is ``P = L + 5`` clocks: reading its state, the
    adders, the bias, the input, the saturation, writing.

    Parameters
    ----------
    layer : Layer
    contexts : int
        At most ``P``: more would not make it faster.

    Attributes
    ----------
    step : StepPlan

    Raises
    ------
    ArchitectureError
        If there are more contexts than the loop has clocks.
    """

    layer: Layer
    contexts: int
    step: StepPlan = field(init=False)

    def __post_init__(self):
        assign(self, step=StepPlan(self.layer, steady=False))
        loop = self.timing.interval
        if self.contexts > loop:
            raise ArchitectureError(f"Contexts must be at most the {loop} clocks of this model's loop, not {self.contexts}: "
                                    f"with {loop} it takes a step a clock already")

    @property
    def timing(self):
        """:class:`Timing` of a step: each context can have one every ``interval`` clocks, all of them ``contexts``."""
        loop = self.step.state_latency + 3
        return Timing(loop, loop, self.contexts)

    @property
    def latency(self):
        """Clocks from ``start`` to ``o``: the context's phase is looked up first, and the step's result has a register."""
        return self.step.latency + 3

    def parts(self):
        """(cells, block RAMs): a Counter of the parts' cells, and a number.

        The states of the contexts are a memory with a register behind it. On ECP5 and Gowin it is made of look-up tables,
        three cells for two bits.
        """
        bits = self.layer.size * self.layer.state.width
        control = Counter({"context words": 2 * bits, "context control": 10 * self.timing.interval})
        return self.step.parts() + control, block_rams(self.contexts, bits)
