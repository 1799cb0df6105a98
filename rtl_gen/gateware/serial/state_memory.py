# SPDX-License-Identifier: BSD-2-Clause
"""The state of a digit-serial cell: block RAM by digit, rounding to even, saturation, and the way out word by word."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hadam_hw.layer import Activation
from rtl_gen.gateware.delay import any_late, late
from rtl_gen.gateware.memories import BLOCK
from rtl_gen.gateware.selector import Selector
from rtl_gen.gateware.serial.network import bundle
from rtl_gen.gateware.words import word_signature
from rtl_gen.plan.networks import split_shift


class StateMemory(wiring.Component):
    """Holds one state word a unit; a row of the memory is one digit of every unit.

    A word arrives as a part of the digit stream ``i`` that goes on beyond it: what follows says whether the value fits.
    So the digits are stored as they come, two flags remember the sign and whether the value overflowed, and the word is
    saturated, and rectified where the layer has ReLU in its recurrence, when it is read.

    Latency: digit ``j`` is on ``o`` two clocks after the clock of ``read`` that addresses it.

    Parameters
    ----------
    layer : Layer
    digit : int
    shifts : tuple of int
        For each phase the left shift of the state in bits; what is left of it beyond whole digits is applied here.

    Members
    -------
    read : In(1)
        Addresses the next digit, from 0 to the last, then begins anew.
    blank : In(1)
        One clock after ``read`` would be high: put zeros on ``o``. Low from one clock after ``unloading`` rises to
        one clock after it falls.
    extend : In(1)
        The same clock: repeat the sign on ``o``.
    phase : In(1)
    o : Out(bundle)
    i : In(bundle)
    below : In(1)
        ``i`` holds digits below the state word.
    store : In(1)
        ``i`` holds digits of the state word.
    ties_to_even : In(1)
        With the word's first digit: where all digits below were 0, clear the lowest bit.
    flag : In(1)
        High from the digit with the word's sign bit to the end of the stream.
    flag_first : In(1)
        High in the first of those clocks.
    unload : In(1)
        Sends the words to ``z``; nothing may be read or stored until ``unloading`` falls.
    unloading : Out(1)
    z : Out(words)
    saturated : Out(1)
        High for one clock, some clocks after the one in which ``flag`` fell, if any unit's value overflowed.
    copy : In(1)
        Only where the memory ``copies``: addresses the next digit as ``read`` does, for ``copied``. Not together with it.
    copied : Out(bundle)
        Digits of the saturated and rectified words, two clocks after ``copy``; 0 at all other times.
    """

    def __init__(self, layer, digit, shifts, copies=False):
        self.copies = copies
        self.size = layer.size
        self.width = layer.state.width
        self.digit = digit
        self.digits = -(-self.width // digit)
        self._selector = Selector(self.size, digit)
        self._relu = layer.activation is Activation.RELU
        self.rests = tuple(split_shift(shift, digit)[1] for shift in shifts)
        shape = bundle(digit, self.size)
        super().__init__({
            "read": In(1), "blank": In(1), "extend": In(1), "phase": In(1), "o": Out(shape),
            "i": In(shape), "below": In(1), "store": In(1), "ties_to_even": In(1), "flag": In(1), "flag_first": In(1),
            "unload": In(1), "unloading": Out(1), "z": Out(word_signature(self.width)), "saturated": Out(1),
        } | ({"copy": In(1), "copied": Out(shape)} if copies else {}))

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(
            shape=bundle(self.digit, self.size).size, depth=max(2, self.digits), init=[], attrs=BLOCK)
        overflow = Signal(self.size, reset_less=True)
        sign = Signal(self.size, reset_less=True)
        self._keep(m, memory.write_port(), overflow, sign)
        word_top = self._fetch(m, memory.read_port(), overflow, sign)
        self._send(m, word_top)
        return m

    def _keep(self, m, port, overflow, sign):
        """Writes the digits of the word, and tracks the flags through the rest of the stream."""
        address = Signal(range(self.digits + 1))
        m.d.sync += address.eq(Mux(self.store, address + 1, 0))
        low_any = Signal(self.size, reset_less=True)  # a bit below the word was set: no tie
        with m.If(self.below):
            seen = low_any
            for field in self.i:
                seen = seen | field
            m.d.sync += low_any.eq(seen)
        with m.Elif(~self.store):
            m.d.sync += low_any.eq(0)
        tie = ~low_any & (self.ties_to_even & (address == 0)).replicate(self.size)
        m.d.comb += [port.en.eq(self.store), port.addr.eq(address), port.data.eq(Cat(self.i[0] & ~tie, *self.i[1:]))]

        # The value fits if all bits from the word's sign bit upwards are equal: compare each with the one below it.
        sign_place = (self.width - 1) % self.digit
        below = [sign, *self.i][:self.digit]
        differs = [bit ^ previous for bit, previous in zip(self.i, below)]
        with m.If(self.flag):
            m.d.sync += sign.eq(self.i[self.digit - 1])
            with m.If(self.flag_first):
                m.d.sync += overflow.eq(_any(differs[sign_place + 1:], self.size))
            with m.Else():
                m.d.sync += overflow.eq(overflow | _any(differs, self.size))
        complete = Signal()
        m.d.sync += complete.eq(self.flag)
        any_overflow, latency = any_late(m, overflow)
        m.d.comb += self.saturated.eq(any_overflow & late(m, complete & ~self.flag, latency))

    def _fetch(self, m, port, overflow, sign):
        """Reads digits, saturates and shifts them; returns (the unshifted digit's bits, whether it is a word's last)."""
        address = Signal(range(self.digits))
        top_address = address == self.digits - 1
        with m.If(self.read | self.unloading | (self.copy if self.copies else 0)):
            m.d.sync += address.eq(Mux(top_address, 0, address + 1))
        m.d.comb += port.addr.eq(address)
        top = Signal()
        unloading_data = Signal()
        m.d.sync += [top.eq(top_address), unloading_data.eq(self.unloading)]

        sign_place = (self.width - 1) % self.digit
        stored = [port.data[j * self.size:(j + 1) * self.size] for j in range(self.digit)]
        fields = []
        for j, bits in enumerate(stored):
            # The largest value is 011..1, the smallest 100..0: the sign from its place upwards, its inverse below.
            limit = sign ^ (~top).replicate(self.size) if j >= sign_place else ~sign
            word = (overflow & limit) | (~overflow & bits)
            fields.append(~sign & word if self._relu else word)
        if self.copies:
            with m.If(late(m, self.copy, 1)):
                m.d.sync += [copied.eq(~sign & word) for copied, word in zip(self.copied, fields)]
            with m.Else():
                m.d.sync += [copied.eq(0) for copied in self.copied]
        state = [Signal(self.size, name=f"state{j}", reset_less=True) for j in range(self.digit)]
        with m.If(self.blank):
            m.d.sync += Cat(state).eq(0)
        with m.Elif(self.extend):
            m.d.sync += Cat(state).eq(state[-1].replicate(self.digit))
        with m.Else():
            m.d.sync += Cat(state).eq(Cat(fields))

        if not any(self.rests):
            m.d.comb += [field.eq(bits) for field, bits in zip(self.o, state)]
        else:
            m.d.comb += [field.eq(bits) for field, bits in zip(self.o, self._shifted(m, state))]
        return state, unloading_data, top

    def _shifted(self, m, state):
        """The stream shifted left by less than a digit: the upper bits of the last digit come first."""
        previous = [Signal(self.size, name=f"previous{j}", reset_less=True) for j in range(self.digit)]
        m.d.sync += Cat(previous).eq(Cat(state))
        choices = [[*previous, *state][self.digit - rest:][:self.digit] for rest in self.rests]
        if len(choices) == 1:
            return choices[0]
        return [Mux(self.phase, one, zero) for zero, one in zip(*choices)]

    def _send(self, m, fetched):
        """Unit after unit, digit after digit; a pipelined choice of one of the n bits."""
        state, unloading_data, top = fetched
        unit = Signal(range(self.size))
        digit_index = Signal(range(self.digits))
        last_digit = digit_index == self.digits - 1
        with m.If(self.unload):
            m.d.sync += self.unloading.eq(1)
        with m.If(self.unloading):
            m.d.sync += digit_index.eq(Mux(last_digit, 0, digit_index + 1))
            with m.If(last_digit):
                m.d.sync += unit.eq(unit + 1)
                with m.If(unit == self.size - 1):
                    m.d.sync += [self.unloading.eq(0), unit.eq(0)]

        # clock 0: address, 1: data, 2: state, then the selector's, and one for the word
        m.submodules.selector = selector = self._selector
        m.d.comb += [selector.i.eq(Cat(state)), selector.unit.eq(late(m, unit, 2))]
        word = Signal(self.digits * self.digit, reset_less=True)
        m.d.sync += word.eq(Cat(word, selector.o)[self.digit:])
        m.d.comb += self.z.valid.eq(late(m, unloading_data & top, 2 + selector.latency))
        m.d.comb += self.z.data.eq(word[:self.width].as_signed())


def _any(values, size):
    result = Const(0, size)
    for value in values:
        result = result | value
    return result
