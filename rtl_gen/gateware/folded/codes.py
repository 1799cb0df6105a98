# SPDX-License-Identifier: BSD-2-Clause
"""The codes of a matrix in SPRAM, in the order in which they are wanted."""

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.delay import late
from rtl_gen.gateware.spram import Spram
from rtl_gen.plan.code_store import SPRAM_BITS, SPRAM_ROWS


class SpramCodes(wiring.Component):
    """Counts through packed codes. They have to be loaded after each reset, once, before the first ``load``.

    Latency: ``code`` is the one that ``load`` or ``advance`` came to, two clocks after it.

    Parameters
    ----------
    plan : PackedCodes

    Members
    -------
    load : In(1)
        Begins with the first code.
    advance : In(1)
        Goes to the next one.
    code : Out(bits)
    rows : In(stream of 16 bits)
        The rows of :attr:`PackedCodes.image`, the first one first. A row a clock is taken, until all are there.
    """

    def __init__(self, plan):
        self.plan = plan
        super().__init__({"load": In(1), "advance": In(1), "code": Out(plan.bits), "rows": In(stream.Signature(SPRAM_BITS))})

    def elaborate(self, platform):
        m = Module()
        plan, count = self.plan, self.plan.clocks_a_row
        address, place = Signal(range(max(2, plan.rows))), Signal(range(count))
        loading, written = Signal(init=1), self.rows.valid & self.rows.ready
        last = written & (address == plan.rows - 1)
        m.d.comb += self.rows.ready.eq(loading)
        with m.If(last):
            m.d.sync += loading.eq(0)
        with m.If(self.load | last):
            m.d.sync += [address.eq(0), place.eq(0)]
        with m.Elif(written):
            m.d.sync += address.eq(address + 1)
        with m.Elif(self.advance):
            m.d.sync += place.eq(place + 1)
            with m.If(place == count - 1):
                m.d.sync += address.eq(address + 1)
        bank_bit, rows = SPRAM_ROWS.bit_length() - 1, []
        for index in range(plan.sprams):
            m.submodules[f"spram{index}"] = bank = Spram()
            m.d.comb += [bank.address.eq(address), bank.value.eq(self.rows.payload),
                         bank.write.eq(written & (address >> bank_bit == index))]
            rows.append(bank.data)
        row = Array(rows)[late(m, address[bank_bit:], 1)] if len(rows) > 1 else rows[0]
        chosen = Array([row[k * plan.bits:(k + 1) * plan.bits] for k in range(count)])[late(m, place, 1)] if count > 1 else row
        m.d.comb += self.code.eq(chosen)
        return m
