# SPDX-License-Identifier: BSD-2-Clause
"""The codes of all stages, one after the other as they are needed: an address that counts, and nothing else to compute."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.delay import late
from rtl_gen.gateware.memories import BLOCK
from rtl_gen.gateware.readout.choice import chosen
from rtl_gen.gateware.spram import Spram
from rtl_gen.plan.code_store import SPRAM_BITS, SPRAM_ROWS


def port_of_codes(plan, name="codes"):
    """The members of what contains the codes of a read-out's ``plan``: none, or ``name``, In(stream of rows), to load them."""
    return {name: In(stream.Signature(SPRAM_BITS))} if plan.sprams else {}


class CodeMemory(wiring.Component):
    """Sends the code stream of the plan, a bit of each lane a clock.

    ``code`` has the next bits of the stream :attr:`ReadoutPlan.code_latency` clocks after ``step`` with ``add``; with ``step``
    alone they are passed over. So many clocks after ``clear`` all bits are high, at all other times low.

    In block RAM the codes are there from the beginning. SPRAM has to be loaded after each reset, once, before the first
    ``step``: by the address that reads it, which begins with the stream behind the last row.

    Parameters
    ----------
    plan : ReadoutPlan

    Members
    -------
    step : In(1)
        Takes the next bits of the stream.
    narrow : In(1)
        The stage's rows hold several clocks; as long as ``step`` is high, and as in the plan.
    add : In(1)
        The bits are wanted; only with ``step``.
    clear : In(1)
        Not together with ``step``.
    restart : In(1)
        Begins with the stream again; not before ``code_latency`` clocks after ``step``.
    code : Out(lanes)
    rows : In(stream of 16 bits)
        Only for codes in SPRAM: the rows of :attr:`ReadoutPlan.image`, the first one first. A row a clock is taken, until
        all are there.
    """

    def __init__(self, plan):
        self.plan = plan
        super().__init__({
            "step": In(1), "narrow": In(1), "add": In(1), "clear": In(1), "restart": In(1), "code": Out(plan.lanes),
        } | port_of_codes(plan, "rows"))

    def elaborate(self, platform):
        m = Module()
        plan = self.plan
        address = Signal(range(plan.code_rows))
        row_taken = self.step & ~self.narrow
        if any(plan.narrow):
            row_taken |= self._count(m, self.step & self.narrow)[1]
        restart, written = self.restart, 0
        if plan.sprams:
            written = self.rows.valid & self.rows.ready
            row_taken |= written
            restart |= self._loads(m, written, address)
        with m.If(restart):
            m.d.sync += address.eq(0)
        with m.Elif(row_taken):
            m.d.sync += address.eq(address + 1)
        row = self._row(m, address, written)

        bits = row[:plan.lanes]
        if any(plan.narrow):
            # Counted here a second time, since what the first count says would have to be delayed bit by bit.
            place, _ = self._count(m, late(m, self.step & self.narrow, 1 + plan.row_latency))
            chosen = [Cat(row[lane::plan.last_lanes]).bit_select(place, 1) for lane in range(plan.last_lanes)]
            bits = Cat(chosen, row[plan.last_lanes:plan.lanes])  # in a wide stage `place` is 0
        clear, add = (late(m, signal, plan.code_latency - 1) for signal in (self.clear, self.add))
        code = Signal(plan.lanes, reset_less=True)  # without a reset, setting all bits costs no cell
        with m.If(clear):
            m.d.sync += code.eq(~0)
        with m.Elif(add):
            m.d.sync += code.eq(bits)
        with m.Else():
            m.d.sync += code.eq(0)
        m.d.comb += self.code.eq(code)
        return m

    def _count(self, m, step):
        """(place of a clock in its row, whether it is taken and the row's last)."""
        place = Signal(range(self.plan.clocks_a_row))
        with m.If(self.restart):
            m.d.sync += place.eq(0)
        with m.Elif(step):
            m.d.sync += place.eq(place + 1)
        return place, step & place.all()

    def _loads(self, m, written, address):
        """Takes rows until all are there; high for a clock with the last."""
        loading, last = Signal(init=1), Signal()
        m.d.comb += [self.rows.ready.eq(loading), last.eq(written & (address == self.plan.code_rows - 1))]
        with m.If(last):
            m.d.sync += loading.eq(0)
        return last

    def _row(self, m, address, written):
        """The row at ``address``, ``1 + row_latency`` clocks later; in SPRAM it is replaced where ``written``."""
        plan = self.plan
        rows = self._sprams(m, address, written) if plan.sprams else self._blocks(m, address)
        if not plan.row_latency:
            return rows[0]
        return chosen(m, rows, late(m, self._bank_of(address), 1), "row")

    def _sprams(self, m, address, written):
        """What each SPRAM reads; all are addressed alike."""
        rows = []
        for index in range(self.plan.sprams):
            m.submodules[f"spram{index}"] = bank = Spram()
            m.d.comb += [bank.address.eq(address), bank.value.eq(self.rows.payload),
                         bank.write.eq(written & (address >> SPRAM_ROWS.bit_length() - 1 == index))]
            rows.append(bank.data[:self.plan.row_bits])
        return rows

    def _blocks(self, m, address):
        """What each bank of block RAM reads."""
        plan = self.plan
        table, begin, rows = plan.code_table(), 0, []
        for index, depth in enumerate(plan.banks):
            bank = Memory(shape=plan.row_bits, depth=max(2, depth), init=table[begin:begin + depth], attrs=BLOCK)
            m.submodules[f"bank{index}"] = bank
            port = bank.read_port()
            m.d.comb += port.addr.eq(address)  # its lower bits: a bank begins at a multiple of its depth
            rows.append(port.data)
            begin += depth
        return rows

    def _bank_of(self, address):
        """A bit for each bank, high if the row is in it: a comparison, since a bank begins at a multiple of its depth.

        Not a table of constants: that is a process in Verilog, which Icarus does not run before its input changes once.
        """
        bits, begin = [], 0
        for depth in self.plan.banks:
            places = ((SPRAM_ROWS if self.plan.sprams else depth) - 1).bit_length()
            bits.append(address[places:] == begin >> places)
            begin += depth
        return Cat(bits)
