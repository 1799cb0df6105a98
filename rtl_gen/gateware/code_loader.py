# SPDX-License-Identifier: BSD-2-Clause
"""Loads the codes of a core from the flash, and says whether they are those that the design was made for."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import Out

from rtl_gen.gateware.flash_reader import FLASH_PINS, FlashReader
from rtl_gen.plan.code_store import CRC_BITS, CRC_POLYNOMIAL, SPRAM_BITS


class CodeLoader(wiring.Component):
    """Sends rows of codes from the flash for as long as they are taken, then compares the CRC-32 over them.

    The CRC is the design's own, not one that lies beside the codes: so the codes of another model, or of another build, are as
    wrong as damaged ones.

    Latency: :meth:`cycles` from reset to the fall of ``loading``: a row every 32 clocks, 16 ms at 36 MHz for the 36,254 bytes
    of 256 hidden units.

    Parameters
    ----------
    address : int
        Of the first byte in the flash.
    crc : int
        Of all of them: :attr:`rtl_gen.plan.code_store.CodeImage.crc`.

    Members
    -------
    flash_cs_n, flash_sck, flash_mosi : Out(1)
    flash_miso : In(1)
    rows : Out(stream of 16 bits)
        Its ``ready`` must be high after reset, and fall once for all behind the last row. No row may wait.
    loading : Out(1)
        High from reset on until the codes are checked.
    failed : Out(1)
        They are not the design's.
    """

    def __init__(self, address, crc):
        self.crc = crc
        self._reader = FlashReader(address)
        super().__init__({**FLASH_PINS, "rows": Out(stream.Signature(SPRAM_BITS)), "loading": Out(1, init=1), "failed": Out(1)})

    @staticmethod
    def cycles(rows):
        """Clocks that so many rows take."""
        return FlashReader.BEFORE + 2 * SPRAM_BITS * rows + 3

    def elaborate(self, platform):
        m = Module()
        m.submodules.reader = reader = self._reader
        for name in FLASH_PINS:
            inside, outside = getattr(reader, name), getattr(self, name)
            m.d.comb += inside.eq(outside) if name == "flash_miso" else outside.eq(inside)
        row, place = Signal(SPRAM_BITS, reset_less=True), Signal(range(SPRAM_BITS))
        crc = Signal(CRC_BITS, init=(1 << CRC_BITS) - 1)
        taken = reader.valid & self.rows.ready
        with m.If(taken):
            feedback = crc[-1] ^ reader.bit
            m.d.sync += [row.eq(Cat(reader.bit, row)), place.eq(place + 1),
                         crc.eq((crc << 1) ^ Mux(feedback, CRC_POLYNOMIAL, 0))]
        m.d.sync += [self.rows.valid.eq(taken & place.all()), self.loading.eq(self.rows.ready),
                     self.failed.eq(~self.rows.ready & (crc != self.crc))]
        m.d.comb += [self.rows.payload.eq(row), reader.stop.eq(~self.rows.ready)]
        return m
