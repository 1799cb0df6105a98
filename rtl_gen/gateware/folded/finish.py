# SPDX-License-Identifier: BSD-2-Clause
"""From a word of ``K Z`` to a new state of a folded core: leak, sign, sum, rounding, saturation."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.layer import Activation
from rtl_gen.gateware.arithmetic import add_with_carry, invert_if
from rtl_gen.gateware.rounding import Saturate


class Finish(wiring.Component):
    """``o = saturate(round_shift((±(2**leak - 1) i << state_shift) + sum, output_shift))``, or its relu, a word a clock.

    Latency: ``o`` is valid :attr:`latency` clocks after ``i``, ``sum`` is to come :attr:`leak_clocks` + 1 clocks after ``i``.

    Parameters
    ----------
    layer : Layer
    alignment : Alignment
        Of the layer's whole words.
    width : int
        Bits of ``i``.

    Members
    -------
    i : In(signed(width))
    negate : In(1)
        The sign of the recurrence, ``leak_clocks`` after ``i``.
    first : In(1)
        The state before is zero, whatever ``i``; valid with ``negate``.
    phase : In(1)
        From ``negate`` to ``o``.
    sum : In(signed)
        ``(C X << input_shift) + bias``.
    o : Out(signed(state width))
    overflow : Out(1)
        ``o`` saturated; a clock before it.
    """

    def __init__(self, layer, alignment, width):
        self.layer = layer
        self.alignment = alignment
        self.width = width
        #: Clocks that the leak takes.
        self.leak_clocks = int(layer.recurrence.leak > 0)
        self.latency = self.leak_clocks + 3
        super().__init__({
            "i": In(signed(width)), "negate": In(1), "first": In(1), "phase": In(1), "sum": In(signed(alignment.width)),
            "o": Out(signed(layer.state.width)), "overflow": Out(1)})

    def elaborate(self, platform):
        m = Module()
        shifts = [phase.state_shift for phase in self.alignment.phases]
        word = self._leak(m)
        # in the first step the state is zero: the register is held in reset, and nothing is carried
        recurrent, carry = Signal(signed(len(word)), reset_less=True), Signal(reset_less=True)
        m.d.sync += [recurrent.eq(invert_if(word, self.negate)), carry.eq(self.negate)]
        with m.If(self.first):
            m.d.sync += [recurrent.eq(0), carry.eq(0)]
        operands = [Cat(carry.replicate(shift), recurrent).as_signed() for shift in shifts]
        operand = Mux(self.phase, operands[1], operands[0]) if len(shifts) > 1 else operands[0]
        pre = Signal(signed(self.alignment.width), reset_less=True)
        m.d.sync += pre.eq(add_with_carry(self.sum, operand, carry))
        m.submodules.saturate = saturate = Saturate(
            self.alignment, self.layer.state.width, relu=self.layer.activation is Activation.RELU)
        state = Signal(signed(self.layer.state.width), reset_less=True)
        m.d.comb += [saturate.i.eq(pre), saturate.phase.eq(self.phase), self.overflow.eq(saturate.overflow), self.o.eq(state)]
        m.d.sync += state.eq(saturate.o)
        return m

    def _leak(self, m):
        """``2**leak - 1`` times the word, in a register; the word itself where there is no leak."""
        leak = self.layer.recurrence.leak
        if not leak:
            return self.i
        leaky = Signal(signed(self.width + leak), reset_less=True)
        m.d.sync += leaky.eq((self.i << leak) - self.i)
        return leaky
