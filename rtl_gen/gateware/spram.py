# SPDX-License-Identifier: BSD-2-Clause
"""iCE40 UltraPlus' single-port memory of 16,384 rows of 16 bits."""

from amaranth.hdl import ClockSignal, Const, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.cells import CELLS
from rtl_gen.plan.code_store import SPRAM_BITS, SPRAM_ROWS

#: What a model of it holds until it is written: nothing that a test could take for codes.
UNDEFINED = 0x5A5A


class Spram(wiring.Component):
    """Reads or writes a row a clock: the cell ``SB_SPRAM256KA`` (Lattice FPGA-TN-02022), or a model of it.

    Latency: ``data`` is the row that was addressed in the clock before, if none was written in it; undefined otherwise, and
    undefined for rows that were not written since power-up.

    Members
    -------
    address : In(14)
    write : In(1)
        The row becomes ``value``.
    value : In(16)
    data : Out(16)
    """

    def __init__(self):
        super().__init__({
            "address": In(range(SPRAM_ROWS)), "write": In(1), "value": In(SPRAM_BITS), "data": Out(SPRAM_BITS)})

    def elaborate(self, platform):
        m = Module()
        if platform is CELLS:
            m.submodules.cell = Instance(
                "SB_SPRAM256KA", i_ADDRESS=self.address, i_DATAIN=self.value, i_MASKWREN=Const(0b1111, 4), i_WREN=self.write,
                i_CHIPSELECT=Const(1, 1), i_CLOCK=ClockSignal(), i_STANDBY=Const(0, 1), i_SLEEP=Const(0, 1),
                i_POWEROFF=Const(1, 1), o_DATAOUT=self.data)  # which is off while POWEROFF is low
            return m
        m.submodules.memory = memory = Memory(shape=SPRAM_BITS, depth=SPRAM_ROWS, init=[UNDEFINED] * SPRAM_ROWS)
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [write.addr.eq(self.address), write.en.eq(self.write), write.data.eq(self.value),
                     read.addr.eq(self.address), read.en.eq(~self.write), self.data.eq(read.data)]
        return m
