# SPDX-License-Identifier: BSD-2-Clause
"""The folded cell of oscillators: pairs in two banks, and shifters whose amounts come from a table."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.arithmetic import add_with_carry, invert_if
from rtl_gen.gateware.delay import late
from rtl_gen.gateware.folded.one_word import OneWordCell
from rtl_gen.gateware.memories import BLOCK
from rtl_gen.gateware.rendering import Rendering, render
from rtl_gen.plan.pairs import PairPlan, ShearPlan


class Shears(Rendering, renders=ShearPlan):
    """The row of x or that of y of a pair, a clock each, ``plan.latency`` clocks later; exact.

    Parameters
    ----------
    plan : ShearPlan

    Members
    -------
    x, y : In(signed(plan.width))
    odd : In(1)
        The row is that of y.
    fields : In(plan.field_bits)
        A row of ``plan.table``, with x and y.
    o : Out(signed)
    """

    def __init__(self, plan):
        self.plan = plan
        super().__init__({"x": In(signed(plan.width)), "y": In(signed(plan.width)), "odd": In(1),
                          "fields": In(plan.field_bits), "o": Out(signed(plan.widths[-1]))})

    def elaborate(self, platform):
        m = Module()
        plan, reach = self.plan, self.plan.recurrence.reach
        y_width, total_width, first_width, second_width, before_width, row_width, _ = plan.widths
        shear, first, second, minus, has_second, leak, has_leak = self._fields()

        # clock 1: y is shifted; 2: A; 3: A is shifted, for the row of y
        shifted = self._register(m, "shifted", y_width, _shift(self.y << reach, plan.shear, shear))
        total = self._register(m, "total", total_width, (late(m, self.x, 1) << reach) + shifted)
        odd = late(m, self.odd, 2)
        by_first = self._register(m, "by_first", first_width, Mux(odd, _shift(total, plan.first, late(m, first, 2)), 0))
        base = Mux(late(m, odd, 1), late(m, self.y, 3) << reach, late(m, total, 1))
        row = self._register(m, "before", before_width, base - by_first)
        if plan.has_second:
            wanted = odd & late(m, has_second, 2)
            digit = _shift(total, plan.second, late(m, second, 2))
            by_second = self._register(m, "by_second", second_width, Mux(wanted, digit, 0))
            subtract = late(m, minus, 4)
            row = self._register(m, "row", row_width, add_with_carry(
                row, invert_if(late(m, by_second, 1), subtract), subtract))
        if plan.has_leak:
            row = self._leak(m, row << plan.recurrence.leak, leak, has_leak)
        m.d.comb += self.o.eq(row)
        return m

    def _leak(self, m, row, leak, has_leak):
        """What the leak leaves of a row, two clocks later."""
        plan, width = self.plan, self.plan.widths[-1]
        clock = plan.latency - 2
        lost = self._register(m, "lost", width, Mux(
            late(m, has_leak, clock), _shift(row, plan.leak, late(m, leak, clock)), 0))
        return self._register(m, "leaky", width, late(m, row, 1) - lost)

    def _register(self, m, name, width, value):
        register = Signal(signed(width), name=name, reset_less=True)
        m.d.sync += register.eq(value)
        return register

    def _fields(self):
        found, place = [], 0
        for bits in self.plan.fields:
            found.append(self.fields[place:place + bits])
            place += bits
        return found


def _shift(value, shifts, place):
    """``value`` to the right by the amount at ``place``; by -1 is one to the left."""
    shifted = [value.shift_right(amount) if amount > 0 else value.shift_left(-amount) for amount in shifts.amounts]
    return Array(shifted)[place] if len(shifted) > 1 else shifted[0]


class PairCell(OneWordCell, renders=PairPlan):
    """One step of a layer of oscillators, a word of each lane a clock, and the state word by word when asked for.

    Computes what :class:`rtl_gen.gateware.serial.cell.SerialCell` computes, with the same members.

    Parameters
    ----------
    plan : PairPlan
    """

    def _lane(self, m, k, read_row, write_row, page, written):
        """Lane ``k``'s two banks: (the word that was addressed a clock before, some clocks later its row but for the sign,
        where the new state is to go)."""
        odd, store = late(m, read_row[0], 1), Signal(signed(self.layer.state.width), name=f"store{k}")
        ends = [self._bank(m, f"bank{k}_{end}", Cat(read_row[1:], page), Cat(write_row[1:], ~page),
                           written & (write_row[0] == end)) for end in range(2)]
        x, y = (reader.data.as_signed() for reader, _ in ends)
        setattr(m.submodules, f"shears{k}", shears := render(self.plan.shears))
        m.d.comb += [shears.x.eq(x), shears.y.eq(y), shears.odd.eq(odd), *(writer.data.eq(store) for _, writer in ends)]
        if self.plan.shears.field_bits:
            rows = self.plan.shear_rows(k)
            setattr(m.submodules, f"pairs{k}", memory := Memory(
                shape=self.plan.shears.field_bits, depth=max(2, len(rows)), init=rows, attrs=BLOCK))
            port = memory.read_port()
            m.d.comb += [port.addr.eq(read_row[1:]), shears.fields.eq(port.data)]
        return Mux(odd, y, x), shears.o, store
