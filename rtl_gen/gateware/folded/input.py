# SPDX-License-Identifier: BSD-2-Clause
"""``C X + bias`` of a folded core: one input element a clock for a few units at a time."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.arithmetic import add_with_carry, invert_if
from rtl_gen.gateware.delay import late
from rtl_gen.gateware.folded.codes import SpramCodes
from rtl_gen.gateware.folded.elements import Elements, connect_elements, input_members
from rtl_gen.gateware.memories import BLOCK
from rtl_gen.gateware.rendering import Rendering
from rtl_gen.gateware.word_network import ParallelNetwork
from rtl_gen.plan.folded import FoldedInputPlan, packed_rows


class FoldedInput(Rendering, renders=FoldedInputPlan):
    """Works through groups of units in a fixed order; ``sum`` is ``(C X << input_shift) + bias`` of the group.

    The layer's codes have few different magnitudes, so an element is multiplied by all of them at once (a small adder
    graph, the bank of multiples), and each unit of the group takes its multiple, added or subtracted.

    Latency: ``sum`` is complete ``plan.latency`` clocks after the ``element`` with ``last``.

    Parameters
    ----------
    plan : FoldedInputPlan

    Members
    -------
    load : In(1)
        Takes ``x`` and begins with the first group.
    x, feed, rows
        Where the inputs come from: :func:`~rtl_gen.gateware.folded.elements.input_members`.
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

    def __init__(self, plan):
        self.plan = plan
        self._multiples, self._elements = ParallelNetwork(plan.network), Elements(plan)
        width = len(plan.groups[0])
        super().__init__(input_members(plan) | {
            "load": In(1), "phase": In(1), "element": In(1), "last": In(1),
            "sum": Out(data.ArrayLayout(signed(plan.alignment.width), width)), "negate": Out(width)})

    def elaborate(self, platform):
        m = Module()
        element, last = self.element, self.element & self.last
        m.submodules.multiples, m.submodules.elements = network, elements = self._multiples, self._elements
        phase = Signal()
        with m.If(self.load):
            m.d.sync += phase.eq(self.phase)
        connect_elements(m, self, elements)
        m.d.comb += [elements.load.eq(self.load), elements.step.eq(element), network.i[0].eq(elements.o)]
        multiples = self._choose_phase(m, phase)

        plan, settle = self.plan, self.plan.depth
        codes = self._codes(m, late(m, element, settle - plan.early_codes))
        constants = self._rom(m, "bias", plan.bias_rows, late(m, last, settle + 1))
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
        """The multiples of the step's phase, aligned; in registers, unless they are steady."""
        count, network, phases = len(self.plan.levels), self._multiples, self.plan.alignment.phases
        chosen = []
        for level in range(count):
            by_phase = [network.o[p * count + level] << aligned.input_shift for p, aligned in enumerate(phases)]
            value = Mux(phase, by_phase[1], by_phase[0]) if len(by_phase) > 1 else by_phase[0]
            multiple = Signal(signed(value.shape().width), name=f"multiple{level}", reset_less=True)
            m.d["comb" if self.plan.steady else "sync"] += multiple.eq(value)
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

    def _codes(self, m, advance):
        """For each unit of the group its code, out of a table in block RAM or in SPRAM."""
        plan = self.plan
        if plan.packed is None:
            return self._rom(m, "codes", plan.code_rows, advance, plan.early_codes)
        m.submodules.codes = codes = SpramCodes(plan.packed)
        wiring.connect(m, wiring.flipped(self.rows), codes.rows)
        m.d.comb += [codes.load.eq(self.load), codes.advance.eq(advance)]
        row, width = late(m, codes.code, int(plan.early_codes)), plan.code_rows[1]
        return [row[k * width:(k + 1) * width] for k in range(len(plan.groups[0]))]

    def _rom(self, m, name, contents, advance, registers=0):
        """The fields of the current row of a memory, ``1 + registers`` clocks after the address that ``advance`` counts."""
        tables, width = contents
        rows = packed_rows(contents)
        lanes = len(self.plan.groups[0])
        setattr(m.submodules, name, memory := Memory(shape=lanes * width, depth=len(rows), init=rows, attrs=BLOCK))
        port = memory.read_port()
        with m.If(self.load):
            m.d.sync += port.addr.eq(Mux(self.phase, len(tables[0]), 0) if len(tables) > 1 else 0)
        with m.Elif(advance):
            m.d.sync += port.addr.eq(port.addr + 1)
        row = late(m, port.data, registers)
        return [row[k * width:(k + 1) * width] for k in range(lanes)]
