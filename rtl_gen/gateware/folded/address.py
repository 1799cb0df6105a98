# SPDX-License-Identifier: BSD-2-Clause
"""The rows that the banks of a folded core are addressed with."""

from amaranth.hdl import Cat, Const, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class RowAddress(wiring.Component):
    """Bit by bit the row of each bank for a butterfly of a pass, a clock later (see :mod:`rtl_gen.plan.folding`).

    Counters and wiring: a bit of a row is a bit of ``butterfly``, or an end of the window's axis. The end differs from bank to
    bank only by an inversion, so two registers a bit serve all banks, however many there are.

    Parameters
    ----------
    folding : Folding

    Members
    -------
    butterfly : In(range(rows))
    number : In(range(passes))
        The pass.
    even, odd : Out(bits of a row)
        For each bit of the row what it is in the banks whose bit on its axis is 0 or 1: see :meth:`row`.
    turn : Out(rho)
        The axes whose ends change places, valid with the rows.
    """

    def __init__(self, folding):
        self.folding = folding
        self.bits = (folding.rows - 1).bit_length()
        super().__init__({
            "butterfly": In(range(folding.rows)), "number": In(range(len(folding.passes))),
            "even": Out(self.bits), "odd": Out(self.bits), "turn": Out(folding.log2_radix)})

    def row(self, bank):
        """The row of ``bank``, an expression of ``even`` and ``odd``."""
        rho = self.folding.log2_radix
        return Cat((self.odd if bank >> bit % rho & 1 else self.even)[bit] for bit in range(self.bits))

    def elaborate(self, platform):
        m = Module()
        folding, rho = self.folding, self.folding.log2_radix
        turn = [Const(0, 1)] * rho
        for bit in range(folding.levels - rho):
            turn[bit % rho] = turn[bit % rho] ^ self.butterfly[bit]
        m.d.sync += self.turn.eq(Cat(turn))
        for bit in range(self.bits):
            for bank_bit, rows in enumerate((self.even, self.odd)):
                value = Const(0, 1)
                for number in range(len(folding.passes)):
                    kind, index = folding.row_bit(number, bit)
                    source = self.butterfly[index] if kind == "butterfly" else turn[index] ^ bank_bit
                    value = Mux(self.number == number, source, value) if number else source
                m.d.sync += rows[bit].eq(value)
        return m
