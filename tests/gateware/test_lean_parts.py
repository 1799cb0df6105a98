# SPDX-License-Identifier: BSD-2-Clause
"""The parts that only the lean link has: the UART that is receiver and transmitter in one, and the CRC a bit a clock."""

import pytest
from amaranth.sim import Simulator

from rtl_gen.link.frames import crc16
from rtl_gen.link.half_duplex import LEAN_DIVISOR, HalfDuplexPhy
from rtl_gen.link.serial_crc import SerialCrc

BYTES = bytes([0x00, 0xFF, 0xA5, 0x5A, 0x01, 0x80])


def test_the_crc_of_some_bytes_and_of_some_others():
    dut = SerialCrc()
    found = []

    async def bench(ctx):
        for message in (b"123456789", BYTES):
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            for byte in message:
                ctx.set(dut.data, byte)
                ctx.set(dut.valid, 1)
                await ctx.tick()
                ctx.set(dut.valid, 0)
                await ctx.tick().repeat(8)
                assert not ctx.get(dut.busy)
            found.append(ctx.get(dut.crc))

    run(dut, bench)
    assert found == [crc16(b"123456789"), crc16(BYTES)] and found[0] == 0x31C3


def run(dut, bench):
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def frame(byte, stop=1):
    """The line's levels of a byte."""
    return [0, *(byte >> k & 1 for k in range(8)), stop]


class Line:
    """A phy's end of the line, and what it made of it."""

    def __init__(self, divisor=LEAN_DIVISOR):
        self.dut = HalfDuplexPhy(divisor)
        self.got, self.broken = [], 0

    async def clocks(self, ctx, count):
        for _ in range(count):
            await ctx.tick()
            self.broken += ctx.get(self.dut.framing_error)
            if ctx.get(self.dut.valid):
                self.got.append(ctx.get(self.dut.data))

    async def send(self, ctx, levels, bit_clocks):
        """Levels of ``bit_clocks`` each, a fraction perhaps; the line is left as the last."""
        passed = 0
        for number, level in enumerate(levels, 1):
            ctx.set(self.dut.rx, level)
            await self.clocks(ctx, round(number * bit_clocks) - passed)
            passed = round(number * bit_clocks)


@pytest.mark.parametrize("divisor", [LEAN_DIVISOR, 21, 60])
@pytest.mark.parametrize("off", [-0.03, 0, 0.03])
def test_bytes_side_by_side_at_a_rate_that_is_a_little_off(divisor, off):
    line = Line(divisor)

    async def bench(ctx):
        await line.send(ctx, [1, *(level for byte in BYTES for level in frame(byte)), 1], divisor * (1 + off))

    run(line.dut, bench)
    assert (bytes(line.got), line.broken) == (BYTES, 0)


def test_a_spike_is_no_start_and_a_byte_without_a_stop_bit_is_an_error():
    line = Line()

    async def bench(ctx):
        ctx.set(line.dut.rx, 0)
        await line.clocks(ctx, LEAN_DIVISOR // 2 - 4)
        await line.send(ctx, [1, *frame(0x5A), *frame(0x77, stop=0), *[1] * 12, *frame(0xC3), 1], LEAN_DIVISOR)

    run(line.dut, bench)
    assert (line.got, line.broken) == ([0x5A, 0xC3], 1)


def test_a_byte_that_goes_has_its_bits_and_is_in_data_for_the_crc():
    line = Line()
    dut, levels, kept = line.dut, [], []

    async def bench(ctx):
        for byte in BYTES:
            ctx.set(dut.i.payload, byte)
            ctx.set(dut.i.valid, 1)
            while not ctx.get(dut.i.ready):
                await ctx.tick()
                levels.append(ctx.get(dut.tx))
            await ctx.tick()
            levels.append(ctx.get(dut.tx))
            ctx.set(dut.i.valid, 0)
            ctx.set(dut.i.payload, ~byte & 0xFF)
            ctx.set(dut.rx, 0)  # the device does not listen meanwhile
            for _ in range(9):
                kept.append(ctx.get(dut.data))
                await ctx.tick()
                levels.append(ctx.get(dut.tx))
            ctx.set(dut.rx, 1)
        for _ in range(12 * LEAN_DIVISOR):
            await ctx.tick()
            levels.append(ctx.get(dut.tx))
            assert not ctx.get(dut.valid)

    run(dut, bench)
    assert kept == [byte for byte in BYTES for _ in range(9)]
    sent = []
    while 0 in levels:
        del levels[:levels.index(0)]
        bits = [levels[LEAN_DIVISOR // 2 + k * LEAN_DIVISOR] for k in range(10)]
        assert (bits[0], bits[9]) == (0, 1)
        sent.append(sum(bit << k for k, bit in enumerate(bits[1:9])))
        del levels[:10 * LEAN_DIVISOR - 1]
    assert bytes(sent) == BYTES


def test_too_few_clocks_a_bit_are_refused():
    with pytest.raises(ValueError, match="at least 16 clocks a bit, not 15"):
        HalfDuplexPhy(15)
