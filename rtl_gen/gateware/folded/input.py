# SPDX-License-Identifier: BSD-2-Clause
"""``C X + bias`` of a folded core: one input element a clock for a few units at a time."""

import numpy as np
from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hadam_hw.fixed import signed_width
from rtl_gen.gateware.arithmetic import add_with_carry, invert_if
from rtl_gen.gateware.delay import late
from rtl_gen.gateware.memories import BLOCK
from rtl_gen.gateware.word_network import ParallelNetwork
from rtl_gen.gateware.words import vector_layout
from rtl_gen.plan.adder_graph import matrix_graph
from rtl_gen.plan.alignment import align
from rtl_gen.plan.networks import WordNetworkPlan

#: Rows of a block RAM in words of 16 bits. A table of more is spread over several, and what chooses among them takes long.
BLOCK_ROWS = 256


class FoldedInput(wiring.Component):
    """Works through groups of units in a fixed order; ``sum`` is ``(C X << input_shift) + bias`` of the group.

    The layer's codes have few different magnitudes, so an element is multiplied by all of them at once (a small adder
    graph, the bank of multiples), and each unit of the group takes its multiple, added or subtracted.

    Latency: ``sum`` is complete :attr:`latency` clocks after the ``element`` with ``last``.

    Parameters
    ----------
    layer : Layer
    groups : list of tuple of int
        The units of each group, in the order of work.

    Members
    -------
    load : In(1)
        Takes ``x`` and begins with the first group.
    x : In(ArrayLayout(inputs))
    phase : In(1)
        Of the step, valid with ``load``.
    element : In(1)
        Adds the product with the next element of the input.
    last : In(1)
        With ``element``: the last one of this group.
    sum : Out(ArrayLayout(signed, units of a group))
    negate : Out(units of a group)
        The signs of the recurrence for the group's units, a clock before ``sum`` is complete.
    """

    def __init__(self, layer, groups):
        self.layer = layer
        self.groups = groups
        self.alignment = align(layer, None)
        codes = np.stack([phase.input_codes for phase in layer.phases], axis=-1)  # [n, d_in, phases]
        leading = np.where(codes[..., 0] != 0, codes[..., 0], codes[..., -1])
        self._negative = leading < 0
        magnitudes = np.where(self._negative[..., None], -codes, codes)
        self._levels, index = np.unique(magnitudes.reshape(-1, len(layer.phases)), axis=0, return_inverse=True)
        self._index = index.reshape(codes.shape[:2])
        graph = matrix_graph(self._levels.T.reshape(-1, 1), positive=True)
        self._multiples = ParallelNetwork(WordNetworkPlan(graph, min(layer.input.minimum, -1), layer.input.maximum))
        self.latency = self._multiples.plan.latency + 3
        width = len(groups[0])
        super().__init__({
            "load": In(1), "x": In(vector_layout(layer)), "phase": In(1), "element": In(1), "last": In(1),
            "sum": Out(data.ArrayLayout(signed(self.alignment.width), width)), "negate": Out(width)})

    @property
    def multiples(self):
        """The adder graph of the bank of multiples."""
        return self._multiples.plan.graph

    @property
    def widths(self):
        """For each magnitude of codes, of which a unit takes one: the bits that its multiples of an element need."""
        low, high = min(self.layer.input.minimum, -1), self.layer.input.maximum
        return [signed_width(min(low * largest, 0), high * largest) for largest in map(int, self._levels.max(axis=1))]

    @property
    def memories(self):
        """(rows as integers, bits of a row) of each memory."""
        return [(_packed(contents), len(self.groups[0]) * contents[1]) for contents in (self._code_rows(), self._bias_rows())]

    @property
    def early_codes(self):
        """Whether codes are read a clock ahead, into a register: where their table is long, and multiples take a clock."""
        return len(self.groups) * self.layer.inputs > BLOCK_ROWS and self._multiples.plan.latency > 0

    def elaborate(self, platform):
        m = Module()
        element, last = self.element, self.element & self.last
        m.submodules.multiples = network = self._multiples
        x, phase = Signal.like(self.x), Signal()
        with m.If(self.load):
            m.d.sync += [x.eq(self.x), phase.eq(self.phase)]
        with m.Elif(element):  # round and round: after the last element the first is there again
            m.d.sync += x.eq(Cat(*list(x)[1:], x[0]))
        m.d.comb += network.i[0].eq(x[0])
        multiples = self._choose_phase(m, phase)

        settle = network.plan.latency
        codes = self._rom(m, "codes", self._code_rows(), late(m, element, settle - self.early_codes), self.early_codes)
        constants = self._rom(m, "bias", self._bias_rows(), late(m, last, settle + 1))
        products = self._choose_products(m, multiples, codes)
        begin = Signal(init=1)  # the next product is the first of its group
        adding, ending = late(m, element, settle + 2), late(m, last, settle + 2)
        with m.If(self.load):
            m.d.sync += begin.eq(1)
        with m.Elif(adding):
            m.d.sync += begin.eq(ending)
        m.d.comb += self.negate.eq(Cat(row[-1] for row in constants))
        for total, (product, negative), row in zip(self.sum, products, constants):
            base = Mux(begin, row[:-1].as_signed(), total)
            with m.If(adding):
                m.d.sync += total.eq(add_with_carry(base, invert_if(product, negative), negative))
        return m

    def _choose_phase(self, m, phase):
        """The multiples of the step's phase, aligned, in registers."""
        count, network = len(self._levels), self._multiples
        chosen = []
        for level in range(count):
            by_phase = [network.o[p * count + level] << aligned.input_shift for p, aligned in enumerate(self.alignment.phases)]
            value = Mux(phase, by_phase[1], by_phase[0]) if len(by_phase) > 1 else by_phase[0]
            multiple = Signal(signed(value.shape().width), name=f"multiple{level}", reset_less=True)
            m.d.sync += multiple.eq(value)
            chosen.append(multiple)
        return chosen

    def _choose_products(self, m, multiples, codes):
        """For each unit of the group its multiple, and whether it is subtracted; in registers."""
        width = max(len(multiple) for multiple in multiples)
        products = []
        for lane, code in enumerate(codes):
            product = Signal(signed(width), name=f"product{lane}", reset_less=True)
            negative = Signal(name=f"negative{lane}", reset_less=True)
            m.d.sync += [product.eq(Array(multiples)[code[:-1]]), negative.eq(code[-1])]
            products.append((product, negative))
        return products

    def _code_rows(self):
        """For each element of each group: per unit the index of the multiple, and above it whether it is subtracted."""
        bits = (len(self._levels) - 1).bit_length()
        rows = [[int(self._index[unit, k]) | int(self._negative[unit, k]) << bits for unit in group]
                for group in self.groups for k in range(self.layer.inputs)]
        return [rows], bits + 1

    def _bias_rows(self):
        """For each phase, for each group: per unit the bias, and above it the sign of the recurrence."""
        width = max(signed_width(min(phase.bias), max(phase.bias)) for phase in self.alignment.phases)
        signs = self.layer.recurrence.signs
        return [[[(phase.bias[unit] & ((1 << width) - 1)) | int(signs[unit] < 0) << width for unit in group]
                 for group in self.groups] for phase in self.alignment.phases], width + 1

    def _rom(self, m, name, contents, advance, registers=0):
        """The fields of the current row of a memory, ``1 + registers`` clocks after the address that ``advance`` counts."""
        tables, width = contents
        rows = _packed(contents)
        lanes = len(self.groups[0])
        setattr(m.submodules, name, memory := Memory(shape=lanes * width, depth=len(rows), init=rows, attrs=BLOCK))
        port = memory.read_port()
        with m.If(self.load):
            m.d.sync += port.addr.eq(Mux(self.phase, len(tables[0]), 0) if len(tables) > 1 else 0)
        with m.Elif(advance):
            m.d.sync += port.addr.eq(port.addr + 1)
        row = late(m, port.data, registers)
        return [row[k * width:(k + 1) * width] for k in range(lanes)]


def _packed(contents):
    """The rows of a memory as integers, the first unit's field lowest."""
    tables, width = contents
    return [sum(field << k * width for k, field in enumerate(row)) for table in tables for row in table]
