# SPDX-License-Identifier: BSD-2-Clause
"""The link over SPI: a host that looks at the ready line, as fast as the device can follow."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from amaranth.sim import Simulator

from boards import get
from hadam_hw import golden
from rtl_gen.cores.build import build_core
from rtl_gen.design.emit import emit_design
from rtl_gen.design.top import identify
from rtl_gen.link.frame_reader import FrameReader
from rtl_gen.link.frames import STATE, Command, ErrorCode, Frame, Identity, Result, encode_vectors
from rtl_gen.link.kind import Link
from rtl_gen.link.spi import MIN_HALF_PERIOD, SpiPhy
from rtl_gen.link.target import LinkTarget
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.tools.design_files import DESIGN_FILE
from tests.models_for_tests import random_model

SILENCE = 1500
#: Clocks of the device after a byte's last edge until the ready line is right.
SETTLE = 8


class SpiBench:
    """A core behind SPI, and the host's pins."""

    def __init__(self, *, half=MIN_HALF_PERIOD, obey=True):
        self.half, self.obey = half, obey
        self.model = random_model(size=64, block=64, outputs=2, seed=4)
        core = build_core(self.model, parse_architecture("folded:2"))
        self.identity = identify(core, clock_hz=42e6, link_hz=5_250_000, silence_clocks=SILENCE)
        self.phy = SpiPhy()
        self.module = m = Module()
        m.submodules.core, m.submodules.phy, m.submodules.target = core, self.phy, LinkTarget(self.model, self.identity)
        target = m.submodules.target
        connect(m, target.x, core.x)
        connect(m, core.y, target.y)
        connect(m, target.tx, self.phy.i)
        m.d.comb += [target.data.eq(self.phy.data), target.valid.eq(self.phy.valid), self.phy.open.eq(target.open),
                     target.framing_error.eq(self.phy.framing_error), target.saturated.eq(core.saturated)]

    async def _byte(self, ctx, value):
        """Swaps a byte with the device."""
        back = 0
        for k in range(8):
            ctx.set(self.phy.mosi, value >> (7 - k) & 1)
            await ctx.tick().repeat(self.half)
            back = back << 1 | ctx.get(self.phy.miso)
            ctx.set(self.phy.sck, 1)
            await ctx.tick().repeat(self.half)
            ctx.set(self.phy.sck, 0)
        await ctx.tick().repeat(SETTLE)
        return back

    async def _ready(self, ctx, patience):
        for _ in range(patience):
            if ctx.get(self.phy.ready):
                return True
            await ctx.tick()
        return False

    def ask(self, *requests):
        """The replies to frames."""
        replies = []

        async def host(ctx):
            ctx.set(self.phy.cs_n, 0)
            await ctx.tick().repeat(20)
            for request in requests:
                for byte in request.encode():
                    if self.obey:
                        assert await self._ready(ctx, 10_000)
                    await self._byte(ctx, byte)
                reader, found = FrameReader(), []
                while not found:
                    assert await self._ready(ctx, 20_000), "no reply"
                    found = reader.feed(bytes([await self._byte(ctx, 0)]))
                replies.extend(found)

        simulator = Simulator(self.module)
        simulator.add_clock(1e-6)
        simulator.add_testbench(host)
        simulator.run()
        return replies

    def infer(self, steps, tag):
        """(request, the reply to it)."""
        sequence = np.random.default_rng(tag).integers(0, 256, (steps, 1))
        outputs = golden.trace(self.model, sequence).outputs[-1]
        return Frame(Command.INFER, encode_vectors(sequence.tolist(), self.identity), tag), Frame(
            Command.RESULT, Result(tuple(outputs.tolist()), int(golden.classify(outputs)), tag).encode(4), tag)


@pytest.mark.parametrize("half", [MIN_HALF_PERIOD, 7])
def test_a_host_that_looks_at_ready_loses_no_vector_of_a_slow_core(half):
    bench = SpiBench(half=half)
    assert bench.identity.step_clocks > 16 * half + SETTLE
    first, one = bench.infer(14, 1)
    second, two = bench.infer(5, 2)
    replies = bench.ask(Frame(Command.IDENTIFY, tag=9), first, second, Frame(Command.STATUS, tag=3))
    assert Identity.decode(replies[0].payload) == bench.identity
    assert replies[1:3] == [one, two]
    state = STATE.decode(replies[3].payload)
    assert (state.overruns, state.bad_frames) == (0, 0)


def test_a_host_that_does_not_look_is_told():
    bench = SpiBench(obey=False)
    request, _ = bench.infer(20, 1)
    reply, = bench.ask(request)
    assert reply == Frame(Command.ERROR, bytes([ErrorCode.OVERRUN]), 1)


def test_half_a_byte_is_a_framing_error_for_the_phy():
    phy = SpiPhy()
    seen = []

    async def host(ctx):
        ctx.set(phy.cs_n, 0)
        await ctx.tick().repeat(10)
        for k in range(1, 7):
            ctx.set(phy.sck, k & 1)
            await ctx.tick().repeat(MIN_HALF_PERIOD)
        ctx.set(phy.cs_n, 1)
        await ctx.tick().repeat(20)

    async def watch(ctx):
        async for _, _, error, valid in ctx.tick().sample(phy.framing_error, phy.valid):
            seen.append((error, valid))

    simulator = Simulator(phy)
    simulator.add_clock(1e-6)
    simulator.add_process(watch)
    simulator.add_testbench(host)
    simulator.run()
    assert sum(error for error, _ in seen) == 1 and not any(valid for _, valid in seen)


def test_a_board_with_spi_has_its_pins_and_no_uart():
    model = random_model(size=4, block=4, outputs=2)
    files = emit_design(model, parse_architecture("serial"), get("icebreaker"), None, 1, link=Link.SPI)
    text = files[DESIGN_FILE].decode()
    ports = text[text.index("module hadam_icebreaker("):].partition(")")[0]
    assert all(name in ports for name in ("sck", "mosi", "cs_n", "miso", "ready")) and "rx" not in ports
    assert b"set_io sck" in files["pins.pcf"] and b"set_io rx" not in files["pins.pcf"]
