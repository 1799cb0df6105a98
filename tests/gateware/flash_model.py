# SPDX-License-Identifier: BSD-2-Clause
"""A flash on SPI in Amaranth's simulator, as a chip finds it after its configuration: asleep."""

#: As the flash's data sheet has them (Winbond W25Q128JV, 8.1.2), not as the reader does.
WAKE, READ, COMMAND_BITS = 0xAB, 0x03, 32
#: Clocks after its wake-up in which it understands nothing: 30 us at 100 MHz.
WAKING = 3000


class FlashModel:
    """Answers the pins of ``dut`` from ``data``, whose first byte is at ``address``; ``sends`` counts the bits that it sent.

    Raises AssertionError where a host breaks its rules: a clock while it is not selected, or a command that it does not know or
    that comes too early.
    """

    def __init__(self, dut, data, address):
        self.dut, self.address, self.sent = dut, address, 0
        self.bits = "".join(f"{byte:08b}" for byte in data)

    async def serve(self, ctx):
        """The process."""
        dut, awake, clock, sck_before, selected_before, bits, reading = self.dut, None, 0, 0, False, "", None
        async for _, _, cs_n, sck, mosi in ctx.tick().sample(dut.flash_cs_n, dut.flash_sck, dut.flash_mosi):
            clock += 1
            assert not sck or (not cs_n and selected_before), "a clock where it is not selected, or at once"
            if cs_n and selected_before and reading is None:
                assert bits == f"{WAKE:08b}", f"command {bits}"
                awake = clock
            if cs_n:
                bits, reading = "", None
            elif sck and not sck_before and reading is None:
                bits += str(mosi)
                if len(bits) == COMMAND_BITS:
                    assert awake is not None and clock - awake > WAKING, "a command while it wakes"
                    command = int(bits, 2)
                    assert command >> 24 == READ
                    reading = 8 * ((command & 0xFFFFFF) - self.address)
            elif sck_before and not sck and reading is not None:
                ctx.set(dut.flash_miso, int(self.bits[reading]) if 0 <= reading < len(self.bits) else 1)
                reading += 1
                self.sent += 1
            sck_before, selected_before = sck, not cs_n
