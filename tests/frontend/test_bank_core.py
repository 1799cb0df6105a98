# SPDX-License-Identifier: BSD-2-Clause
"""The bank as gateware computes the definition's codes, with pauses on both sides, in the clocks that it promises."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import ResetInserter, Signal
from amaranth.sim import Simulator

from hadam_hw.input.bank import Level, Resonator, ResonatorBank
from hadam_hw.input.bank_bounds import worst_samples
from hadam_hw.input.bank_design import mel_bank
from rtl_gen.frontend.bank import BankCore
from tests.gateware.stream_rules import check_stream
from tests.unit.test_bank import random_bank, random_sound

SMALL = ResonatorBank((Resonator(0, 1, 3, -1, 2), Resonator(1, 1, 0, 0, 3), Resonator(-1, 0, 2, 1, 1)), 8000, 4, blocker=3,
                      level=Level(1, 3))


def simulate(bank, sound, pauses=None):
    """(codes int [frames, bands], the clocks between two samples that were accepted, those before the first) of the gateware.

    ``pauses`` is a generator of random numbers: both sides wait at times.
    """
    core = BankCore(bank)
    taken, accepted, expected = [], [], len(sound) // bank.frame * bank.size

    async def source(ctx):
        for sample in sound:
            if pauses is not None:
                await ctx.tick().repeat(int(pauses.integers(1, 3 * core.sample_cycles)))
            ctx.set(core.samples.payload, int(sample))
            ctx.set(core.samples.valid, 1)
            await ctx.tick().until(core.samples.ready)
            ctx.set(core.samples.valid, 0)

    async def target(ctx):
        while len(taken) < expected:
            ctx.set(core.codes.ready, pauses is None or int(pauses.integers(2)))
            _, _, valid, ready, code, last = await ctx.tick().sample(
                core.codes.valid, core.codes.ready, core.codes.p.code, core.codes.p.last)
            if valid and ready:
                taken.append(code)
                assert last == (len(taken) % bank.size == 0)

    async def clocks(ctx):
        clock = 0
        async for _, _, valid, ready in ctx.tick().sample(core.samples.valid, core.samples.ready):
            if valid and ready:
                accepted.append(clock)
            clock += 1

    simulator = Simulator(core)
    simulator.add_clock(1e-6)
    for process in (clocks, check_stream(core.codes), check_stream(core.samples)):
        simulator.add_process(process)
    simulator.add_testbench(source)
    simulator.add_testbench(target)
    simulator.run()
    return np.array(taken).reshape(-1, bank.size), np.diff(accepted), accepted[0]


@pytest.mark.parametrize("seed", range(10))
def test_codes_are_those_of_the_definition_with_pauses(seed):
    rng = np.random.default_rng(seed)
    bank = random_bank(rng)
    bank = replace(bank, frame=min(bank.frame, 6))
    sound = np.concatenate([random_sound(rng, 40), worst_samples(bank, 0, 20), np.full(20, -32768), np.zeros(12, int)])
    codes, _, _ = simulate(bank, sound, rng)
    assert np.array_equal(codes, bank.encode(sound))


def test_the_bank_of_digits_without_pauses():
    bank = replace(mel_bank(8000), frame=8)
    sound = np.concatenate([random_sound(np.random.default_rng(0), 24), np.zeros(8, int)])
    codes, clocks, before = simulate(bank, sound)
    assert np.array_equal(codes, bank.encode(sound))
    core = BankCore(bank)
    ends = np.arange(len(clocks)) % bank.frame == bank.frame - 1
    assert set(clocks[~ends]) == {core.sample_cycles} == {4 + 4 + 7 * 32} and before == core.clear_cycles
    assert clocks[ends].max() <= core.sample_cycles + core.frame_cycles


@pytest.mark.parametrize("bank", [SMALL, replace(SMALL, level=None, fraction=0, log_bits=0)], ids=["level", "plain"])
def test_clocks_are_those_promised(bank):
    rng = np.random.default_rng(1)
    core = BankCore(bank)
    sound = np.concatenate([np.zeros(4, int), np.ones(4, int), rng.integers(-32768, 32768, 16), np.full(12, 5)])
    codes, clocks, before = simulate(bank, sound)
    assert np.array_equal(codes, bank.encode(sound)) and before == core.clear_cycles == 16
    ends = np.arange(len(clocks)) % bank.frame == bank.frame - 1
    assert set(clocks[~ends]) == {core.sample_cycles} and clocks[ends].max() <= core.sample_cycles + core.frame_cycles


def test_a_reset_forgets_everything():
    bank, sound = SMALL, random_sound(np.random.default_rng(5), 24)
    core, reset, taken = BankCore(bank), Signal(), []

    async def twice(ctx):
        ctx.set(core.codes.ready, 1)
        for part in (sound[:21], sound):
            ctx.set(reset, 1)
            await ctx.tick()
            ctx.set(reset, 0)
            taken.clear()
            for sample in part:
                ctx.set(core.samples.payload, int(sample))
                ctx.set(core.samples.valid, 1)
                await ctx.tick().until(core.samples.ready)
            ctx.set(core.samples.valid, 0)
            await ctx.tick().repeat(core.sample_cycles + core.frame_cycles)

    async def target(ctx):
        async for _, _, valid, code in ctx.tick().sample(core.codes.valid, core.codes.p.code):
            if valid:
                taken.append(code)

    simulator = Simulator(ResetInserter(reset)(core))
    simulator.add_clock(1e-6)
    simulator.add_process(target)
    simulator.add_testbench(twice)
    simulator.run()
    assert taken == bank.encode(sound).ravel().tolist()
