# SPDX-License-Identifier: BSD-2-Clause
"""Reads a flash on SPI from one address on, bit by bit."""

from amaranth.hdl import Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.delay import late

#: Release from deep power-down, in which the chip leaves its flash once it is configured; read, with 24 bits of address.
WAKE, READ = 0xAB, 0x03
BYTE, COMMAND_BITS, ADDRESS_BITS = 8, 32, 24
#: 4,096 clocks are 41 us at 100 MHz; the slowest flash on the boards of this chip wakes within 30.
REST_BITS = 12

#: The pins, as seen from the design.
FLASH_PINS = {"flash_cs_n": Out(1, init=1), "flash_sck": Out(1), "flash_mosi": Out(1), "flash_miso": In(1)}


class FlashReader(wiring.Component):
    """Wakes the flash after a reset, waits, and reads from ``address`` on until it is told to stop.

    SPI mode 0 at half the clock. The flash puts a bit out when ``sck`` falls, and it is taken when ``sck`` falls again, so the
    way there and back has a whole period, two clocks.

    Latency: :attr:`BEFORE` clocks from reset, then a bit every two clocks, ``valid`` in the second of them.

    Parameters
    ----------
    address : int
        Of a byte, 24 bits.

    Members
    -------
    flash_cs_n, flash_sck, flash_mosi : Out(1)
    flash_miso : In(1)
    stop : In(1)
        High from some clock on: the flash is left alone.
    valid : Out(1)
        High for a clock: there is another bit. A bit or two may come after ``stop``.
    bit : Out(1)
        The highest of a byte first.
    """

    #: Clocks in which the flash wakes and gets its command; a clock each to let go of it and to take it again.
    BEFORE = 2 * (BYTE + COMMAND_BITS) + (1 << REST_BITS) + 2

    def __init__(self, address):
        if not 0 <= address < 1 << ADDRESS_BITS:
            raise ValueError(f"Address must have {ADDRESS_BITS} bits, not be {address}")
        self.address = address
        super().__init__({**FLASH_PINS, "stop": In(1), "valid": Out(1), "bit": Out(1)})

    def elaborate(self, platform):
        m = Module()
        selected, reading, resting = Signal(), Signal(), Signal()
        count = Signal(REST_BITS)  # bits that went, or clocks of rest
        cs_n, sck = self.flash_cs_n, self.flash_sck
        # Both pins are registers: no glitch of what decides may reach the flash. `sck` begins a clock after `cs_n`.
        m.d.sync += [cs_n.eq(~selected), sck.eq(selected & ~cs_n & ~sck)]
        with m.If(sck | resting):
            m.d.sync += count.eq(count + 1)
        command = Const(sum(int(bit) << place for place, bit in enumerate(f"{READ << ADDRESS_BITS | self.address:032b}")),
                        COMMAND_BITS)
        wake = Const(int(f"{WAKE:08b}"[::-1], 2), BYTE)
        m.d.sync += self.bit.eq(self.flash_miso)
        m.d.comb += self.valid.eq(late(m, sck & reading, 1))
        with m.FSM():
            with m.State("WAKE"):
                m.d.comb += [selected.eq(1), self.flash_mosi.eq(wake.bit_select(count[:3], 1))]
                with m.If(sck & (count[:3] == BYTE - 1)):
                    m.d.sync += count.eq(0)
                    m.next = "REST"
            with m.State("REST"):
                m.d.comb += resting.eq(1)
                with m.If(count.all()):  # and it is 0 in the next clock
                    m.next = "COMMAND"
            with m.State("COMMAND"):
                m.d.comb += [selected.eq(1), self.flash_mosi.eq(command.bit_select(count[:5], 1))]
                with m.If(sck & (count[:5] == COMMAND_BITS - 1)):
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += [selected.eq(1), reading.eq(1)]
                with m.If(self.stop):
                    m.next = "DONE"
            with m.State("DONE"):
                pass
        return m
