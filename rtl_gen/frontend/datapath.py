# SPDX-License-Identifier: BSD-2-Clause
"""What a resonator bank computes with: an adder behind a shifter, two registers, and a memory of words."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.memories import BLOCK

#: The steps by which a sum is shifted to the left at once.
NIBBLE = 4


class BankDatapath(wiring.Component):
    """``sum = A + B`` each clock, modulo ``2**width``.

    ``A`` is the word that was read, or ``accumulator``. ``B`` is twice ``operand`` or ``accumulator``, shifted to the right by
    ``amount`` (arithmetically, rounded down), and then inverted bit by bit, or negated.

    Parameters
    ----------
    width : int
        Bits of a word.
    depth : int
        Words.
    amount_bits : int

    Members
    -------
    read_address, write_address : In
        What is read is there in the clock after; a word that is used must not be written in the clock in which it is read.
    write : In(1)
        Writes ``sum``.
    from_memory : In(1)
        ``A`` is the word that was read.
    from_operand : In(1)
        ``B`` is made of ``operand``.
    amount : In
    invert, negate : In(1)
        ``B`` is ``-B - 1``, or ``-B``.
    take_operand : In(1)
        The word that was read becomes ``operand``.
    take_sum, take_nibble, take_value : In(1)
        ``accumulator`` becomes ``sum``, or is shifted to the left by four bits, or becomes ``value``; one of them at most.
    value : In(signed(17))
    accumulator : Out(signed(width))
    """

    def __init__(self, width, depth, amount_bits):
        self.width, self.depth, self.amount_bits = width, depth, amount_bits
        address, flag = In(range(depth)), In(1)
        super().__init__({
            "read_address": address, "write_address": address, "write": flag, "from_memory": flag, "from_operand": flag,
            "amount": In(amount_bits), "invert": flag, "negate": flag, "take_operand": flag, "take_sum": flag,
            "take_nibble": flag, "take_value": flag, "value": In(signed(17)), "accumulator": Out(signed(width))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = memory.Memory(shape=signed(self.width), depth=self.depth, init=[], attrs=BLOCK)
        read, write = words.read_port(), words.write_port()
        operand = Signal(signed(self.width))
        shifted = Signal(signed(self.width + 1))
        m.d.comb += shifted.eq(Cat(0, Mux(self.from_operand, operand, self.accumulator)).as_signed())
        for k in range(self.amount_bits):
            further = Signal(signed(self.width + 1), name=f"shifted_{k}")
            m.d.comb += further.eq(Mux(self.amount[k], shifted >> (1 << k), shifted))
            shifted = further
        total, other = Signal(self.width), Signal(self.width)
        m.d.comb += [
            other.eq(shifted[:self.width] ^ (self.invert | self.negate).replicate(self.width)),
            total.eq(Mux(self.from_memory, read.data, self.accumulator) + other + self.negate),
            read.addr.eq(self.read_address), read.en.eq(1),
            write.addr.eq(self.write_address), write.data.eq(total), write.en.eq(self.write)]
        with m.If(self.take_operand):
            m.d.sync += operand.eq(read.data)
        with m.If(self.take_sum):
            m.d.sync += self.accumulator.eq(total)
        with m.Elif(self.take_nibble):
            m.d.sync += self.accumulator.eq(self.accumulator << NIBBLE)
        with m.Elif(self.take_value):
            m.d.sync += self.accumulator.eq(self.value)
        return m
