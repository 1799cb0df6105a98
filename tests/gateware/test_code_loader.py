# SPDX-License-Identifier: BSD-2-Clause
"""Codes come from the flash row by row, in the clocks that are promised, and are refused unless they are the design's."""

import numpy as np
import pytest
from amaranth.lib.crc import catalog
from amaranth.sim import Simulator

from rtl_gen.gateware.code_loader import CodeLoader
from rtl_gen.gateware.spram import UNDEFINED, Spram
from rtl_gen.plan.code_store import CodeImage, crc32
from tests.gateware.flash_model import FlashModel

ADDRESS = 0x20304


def image(rows=9, seed=1):
    return CodeImage(tuple(np.random.default_rng(seed).integers(0, 1 << 16, rows).tolist()))


def load(wanted, data, address=ADDRESS):
    """The rows that came for an image from a flash with ``data``, the clocks of loading, and whether it ended in failure."""
    dut, rows, clocks, failed = CodeLoader(address, wanted.crc), [], 0, None
    flash = FlashModel(dut, data, ADDRESS)

    async def take(ctx):
        nonlocal clocks, failed
        ctx.set(dut.rows.ready, 1)
        while ctx.get(dut.loading):
            assert not ctx.get(dut.failed)
            if ctx.get(dut.rows.valid):
                rows.append(ctx.get(dut.rows.payload))
            await ctx.tick()
            ctx.set(dut.rows.ready, len(rows) < len(wanted.rows))
            clocks += 1
        failed, sent = ctx.get(dut.failed), flash.sent
        await ctx.tick().repeat(50)
        assert ctx.get(dut.failed) == failed and not ctx.get(dut.loading) and ctx.get(dut.flash_cs_n)
        assert flash.sent <= sent + 1  # the flash is left alone
    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_process(flash.serve)
    simulator.add_testbench(take)
    simulator.run()
    return tuple(rows), clocks, bool(failed)


@pytest.mark.parametrize("rows", [1, 2, 9])
def test_an_image_is_loaded_in_the_clocks_that_are_promised(rows):
    wanted = image(rows)
    assert load(wanted, wanted.data) == (wanted.rows, CodeLoader.cycles(rows), False)


@pytest.mark.parametrize("damage", ["a bit", "the last bit", "erased", "another model's", "elsewhere"])
def test_anything_else_is_a_failure(damage):
    wanted = image()
    data = bytearray(wanted.data)
    if damage == "a bit":
        data[5] ^= 8
    elif damage == "the last bit":
        data[-1] ^= 1
    data = {"erased": b"\xff" * len(data), "another model's": image(seed=2).data}.get(damage, bytes(data))
    rows, clocks, failed = load(wanted, data, ADDRESS + (damage == "elsewhere"))
    assert failed and len(rows) == 9 and rows != wanted.rows and clocks == CodeLoader.cycles(9)


def test_the_crc_is_what_others_call_crc_32_mpeg_2():
    assert crc32(b"123456789") == 0x0376E6E7
    data = np.random.default_rng(3).integers(0, 256, 1001).astype(np.uint8).tobytes()
    assert crc32(data) == catalog.CRC32_MPEG_2(data_width=8).compute(data)


def test_the_model_of_the_memory_holds_nothing_until_it_is_written():
    dut = Spram()

    async def bench(ctx):
        for address, write, value, data in [(5, 0, 0, None), (5, 1, 0x1234, UNDEFINED), (16383, 1, 7, None), (5, 0, 0, None),
                                            (16383, 0, 0, 0x1234), (6, 0, 0, 7), (6, 0, 0, UNDEFINED)]:
            assert data is None or ctx.get(dut.data) == data
            ctx.set(dut.address, address)
            ctx.set(dut.write, write)
            ctx.set(dut.value, value)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
