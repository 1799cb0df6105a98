# SPDX-License-Identifier: BSD-2-Clause
"""The plan of a digit-serial cell: widths, the clock of everything in a step, and its parts. Data only."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from hadam_hw.checks import assign
from hadam_hw.errors import ArchitectureError
from hadam_hw.fixed import Rounding
from hadam_hw.layer import Activation, Layer
from rtl_gen.plan.adder_graph import recurrence_graph
from rtl_gen.plan.alignment import InputProducts, align, input_products
from rtl_gen.plan.bias_table import bias_table
from rtl_gen.plan.networks import SerialNetworkPlan, split_shift
from rtl_gen.plan.parts import observation_cells, selection_latency, selector_cells
from rtl_gen.plan.ram import block_rams, varying_bits
from rtl_gen.plan.timing import Timing


@dataclass(frozen=True)
class Schedule:
    """The clocks of one step, counted from the one after ``start`` (clock 0).

    Parameters
    ----------
    digits : int
        Digits of ``pre``; every stream is that long.
    network : int
        Latency of the recurrence's adder network.
    inputs : int
        Latency of the input's adder network, the choice of the phase included.
    gap : int
        Clocks that the networks need between two words.

    Raises
    ------
    AssertionError
        If the step leaves them fewer.
    """

    digits: int
    network: int
    inputs: int
    gap: int

    def __post_init__(self):
        if self.interval - self.digits < self.gap:
            raise AssertionError("the adder networks need a longer gap between two words than the step leaves them")

    @cached_property
    def address(self):
        """The state's frame begins to be addressed: at once, unless the input needs longer than the recurrence."""
        return max(0, 1 + self.inputs - self.network)

    @property
    def state(self):
        """Digit 0 of the state's frame enters the network: a clock for the memory and one for the saturation."""
        return self.address + 2

    @property
    def recurrence(self):
        """Digit 0 of ``R Z`` meets that of ``C X + bias``."""
        return self.state + self.network

    @property
    def bias_sum(self):
        """Digit 0 of ``C X`` meets that of the bias."""
        return self.recurrence - 1

    @property
    def bias(self):
        """Digit 0 of the bias is addressed: a clock for the memory."""
        return self.bias_sum - 1

    @property
    def input(self):
        """Digit 0 of the input's frame enters its network."""
        return self.bias_sum - self.inputs

    @property
    def pre(self):
        """Digit 0 of ``pre`` is there."""
        return self.recurrence + 1

    @property
    def interval(self):
        """The flags are complete in clock ``pre + digits``, and the next step uses them one clock after its first address;
        the networks want their gap between two words."""
        return self.digits + max(self.address + self.network + 2, self.gap)


@dataclass(frozen=True, eq=False)
class SerialPlan:
    """One step of a layer on digit streams (:class:`rtl_gen.gateware.serial.cell.SerialCell`).

    With ``N = ceil(width of pre / digit)`` digits and ``L`` levels in the recurrence's adder network (``log2(block)`` for
    a Hadamard matrix) a step takes ``N + L + 2`` clocks, provided that the input's network has at most ``L - 1`` levels.

    Parameters
    ----------
    layer : Layer
    digit : int
        Bits of every word a clock.
    copies : bool
        A cell above takes the states of this one.
    chained : bool
        The input are the states of a cell that ``copies``.

    Attributes
    ----------
    products : InputProducts

    Raises
    ------
    ArchitectureError
        If a state has too few bits for the digit, or the input matrix too many digits.
    """

    #: A cell above takes the words digit by digit.
    at_once: ClassVar[bool] = False

    layer: Layer
    digit: int
    copies: bool = False
    chained: bool = False
    products: InputProducts = field(init=False)

    def __post_init__(self):
        if 2 * self.digit > self.layer.state.width:
            raise ArchitectureError(
                f"Digit must be at most half of the state's {self.layer.state.width} bits, not {self.digit}; "
                "for whole words use the architecture 'parallel'")
        assign(self, products=input_products(self.layer))

    @cached_property
    def alignment(self):
        """The :class:`~rtl_gen.plan.alignment.Alignment` of the words."""
        return align(self.layer, self.digit)

    @cached_property
    def network(self):
        """The recurrence's adder network."""
        return SerialNetworkPlan(recurrence_graph(self.layer.recurrence), self.digit)

    @cached_property
    def input_network(self):
        """The input's adder network."""
        return SerialNetworkPlan(self.products.graph, self.digit)

    @cached_property
    def biases(self):
        """The :class:`~rtl_gen.plan.bias_table.BiasTable`."""
        return bias_table([phase.bias for phase in self.alignment.phases], self.digit)

    @property
    def phases(self):
        """Steps after which the state has its unit again."""
        return len(self.layer.phases)

    @property
    def state_digits(self):
        """Digits of a state word."""
        return -(-self.layer.state.width // self.digit)

    @cached_property
    def schedule(self):
        """The :class:`Schedule`."""
        return Schedule(
            digits=-(-self.alignment.width // self.digit), network=self.network.latency,
            inputs=self.input_network.latency + (self.phases > 1) + self.chained,
            gap=max(self.network.gap, self.input_network.gap))

    @property
    def timing(self):
        """:class:`Timing` of a step."""
        return Timing(self.schedule.interval, self.schedule.interval)

    @property
    def unload_cycles(self):
        """Clocks from ``unload`` to the one in which the last word is valid."""
        return self.layer.size * self.state_digits + 3 + selection_latency(self.layer.size)

    @property
    def unload_interval(self):
        """Clocks from ``unload`` to the one in which the cell is ready again."""
        return self.layer.size * self.state_digits + 1 + self.network.gap

    @property
    def take_begin(self):
        """Of a ``chained`` cell: the clock of the first ``take``."""
        return self.schedule.input - 1 + split_shift(self.alignment.phases[0].input_shift, self.digit)[0]

    @property
    def take_digits(self):
        """Of a ``chained`` cell: the digits of the word below, whose sign is 0."""
        return -(-(self.layer.input.width + 1) // self.digit)

    @property
    def handing_over(self):
        """Of a ``chained`` cell: clocks of ``start`` and ``take`` in which the cell below makes no step."""
        return 2 + self.take_begin + self.take_digits

    def parts(self):
        """(cells, block RAMs): a Counter of the parts' cells, and a number."""
        layer, digit, size, phases = self.layer, self.digit, self.layer.size, self.phases
        rows, in_ram = self.biases.rows, self.biases.in_block_ram
        users = sum(unit is not None for unit in self.products.units)
        varying = varying_bits(rows, self.biases.columns)
        adders = len(self.network.graph.adders) + len(self.input_network.graph.adders) + size + users
        rectified = layer.activation is Activation.RELU
        flags = 1 + 1.5 * digit / 2 + 2 * (layer.rounding is Rounding.HALF_EVEN)
        shifted = any(phase.state_shift % digit for phase in self.alignment.phases)
        fetched = digit * (1.5 + rectified + shifted * (1 + (phases > 1)))
        parts = Counter({
            # a sum and a carry look-up table a bit
            f"adders, {'one bit' if digit == 1 else 'more bits'}": 2 * digit * adders,
            "delayed digits": digit * (self.network.registers + self.input_network.registers
                                       + (phases > 1) * self.products.count),
            "serial state": size * (flags + fetched + digit * self.copies) + (not in_ram) * varying * max(1, len(rows) / 8),
            "selector": 0 if self.copies else selector_cells(size, digit),  # which is for the read-out
            "serial input": 0 if self.chained else layer.inputs * (
                2 * layer.input.width + max(phase.input_shift % digit for phase in self.alignment.phases)),
            "serial control": self.schedule.interval + 30 * phases + self.state_digits * digit,
            "observation": observation_cells(size),
        })
        rams = block_rams(max(2, self.state_digits), digit * size)
        return parts, rams + (block_rams(len(rows), varying) if in_ram else 0)
