# SPDX-License-Identifier: BSD-2-Clause
"""The read-out with stages equals its definition, output by output, in the clocks that its plan promises."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pytest
from amaranth.hdl import ResetInserter, Signal
from amaranth.sim import Simulator

from hadam_hw.errors import ArchitectureError
from hadam_hw.fixed import FixedPoint
from hadam_hw.readout import Dense, Pooling, Readout, Requantization
from rtl_gen.gateware import spram
from rtl_gen.gateware.readout import code_memory
from rtl_gen.gateware.readout.staged import StagedReadout
from rtl_gen.plan import readout_plan as plan
from rtl_gen.plan.code_store import CodeStore
from rtl_gen.plan.ram import block_rams
from rtl_gen.plan.readout_plan import ANSWER_CYCLES, LANES, ReadoutPlan
from tests.gateware.stream_rules import check_stream


@dataclass
class Case:
    """A small random read-out and sequences for it."""

    readout: Readout
    state: FixedPoint
    plan: ReadoutPlan
    sequences: list  # [steps][size] states of each
    phases: list

    @property
    def size(self):
        return self.readout.stages[0].inputs

    def vector(self, states):
        """What the read-out takes of a sequence: the last state, or the pool as it saturates."""
        if self.readout.pooling is not Pooling.SUM:
            return states[-1]
        most = self.readout.range(self.state)[1]
        pool = np.zeros(self.size, np.int64)
        for state in states:
            pool = np.minimum(pool + np.maximum(state, 0), most)
        return pool

    def expected(self):
        return [self.readout(self.vector(states), phase).tolist() for states, phase in zip(self.sequences, self.phases)]


def random_codes(rng, bits, shape):
    low, high = (-1, 1) if bits == 1 else (-(1 << bits - 1), (1 << bits - 1) - 1)
    if rng.random() < 0.2:  # some stages with a sign only
        low = 0 if rng.random() < 0.5 else low
    return rng.integers(low, high, shape, endpoint=True).astype(np.int8)


def random_readout(rng, *, size, hidden, pooling, phases, state, outputs, pool_bits=0):
    """Its requantisations cut where the sums are, so that activations differ."""
    stages, inputs = [], size
    most = ((state.maximum + 1) << pool_bits) - 1
    for k in range(hidden + 1):
        last = k == hidden
        bits = int(rng.integers(1, 9))
        count = outputs if last else int(rng.choice([1, 2, 3, 4, 5, 7, 8, 9]))
        codes = random_codes(rng, bits, (count, inputs))
        requantization, shift = None, 0
        if not last:
            width = int(rng.integers(1, 9))
            typical = max(1, int(np.abs(codes.astype(np.int64)).sum(axis=1).max())) * most
            cut = int(np.clip(typical.bit_length() - width - int(rng.integers(-1, 4)), 0, 30))
            requantization, shift = Requantization(cut, width), int(rng.integers(0, cut + 1)) if rng.random() < 0.7 else 0
        limit = int(min(max(2, most), 30_000)) >> min(shift, 8) | 1
        biases = tuple(rng.integers(-limit, limit, count, endpoint=True) for _ in range(phases if k == 0 else 1))
        stages.append(Dense(codes=codes, bits=bits, biases=biases, bias_shift=shift, requantization=requantization))
        inputs = count
        most = 0 if last else requantization.maximum
    return Readout(pooling=pooling, stages=tuple(stages), scales=(1.0,) * phases, pool_bits=pool_bits)


def random_case(seed, **fixed):
    rng = np.random.default_rng([2024, seed])
    pooling = fixed.get("pooling") or list(Pooling)[seed % 3]
    hidden = fixed.get("hidden", int(rng.integers(0, 3)))
    phases = fixed.get("phases", int(rng.integers(1, 3)))
    size = int(rng.integers(1, 13))
    state = FixedPoint(int(rng.integers(2, 17)), 0)
    pool_bits = int(rng.integers(1, 4)) if pooling is Pooling.SUM else 0
    readout = random_readout(rng, size=size, hidden=hidden, pooling=pooling, phases=phases, state=state,
                             outputs=int(rng.choice([1, 2, 3, 4, 5, 7, 9])), pool_bits=pool_bits)
    lanes = fixed.get("lanes") or int(rng.choice(LANES))
    last = fixed.get("last") or (int(rng.choice([few for few in LANES if few <= lanes])) if hidden else lanes)
    store = fixed.get("store", CodeStore.BLOCK)
    sequences, chosen = [], []
    for _ in range(fixed.get("count", 4)):
        steps = int(rng.integers(1, 12)) if pooling is Pooling.SUM else 1
        states = rng.integers(state.minimum, state.maximum, (steps, size), endpoint=True)
        if rng.random() < 0.3:  # the ends of the range
            states = rng.choice([state.minimum, state.maximum], (steps, size))
        sequences.append(states)
        chosen.append(int(rng.integers(0, phases)))
    return Case(readout, state, ReadoutPlan(readout, state, size, lanes, last, store), sequences, chosen)


@dataclass
class Answers:
    """What came out: values of each sequence, and clocks from its last word to the offer of its last output."""

    values: list = field(default_factory=list)
    cycles: list = field(default_factory=list)
    pooling: list = field(default_factory=list)  # clocks from a step's last word to `ready`


def drive(dut, case, seed=0, pauses=False, reset_after=0, rows=None):
    """Sends the states of all sequences, with gaps between words if it ``pauses``, and takes the outputs.

    Before that a state that nobody waits for, and a reset so many clocks later. ``rows`` are loaded in place of the plan's.
    """
    rng = np.random.default_rng([77, seed])
    answers, clock, sent = Answers(), 0, []
    pooled, reset = case.readout.pooling is Pooling.SUM, Signal()

    async def count(ctx):
        nonlocal clock
        async for _ in ctx.tick():
            clock += 1

    async def begin(ctx):
        if reset_after:
            ctx.set(dut.z.valid, 1)
            ctx.set(dut.z.data, case.state.maximum)
            await ctx.tick().repeat(case.size)
            ctx.set(dut.z.valid, 0)
            await ctx.tick().repeat(reset_after)
            ctx.set(reset, 1)
            await ctx.tick()
            ctx.set(reset, 0)

    async def load(ctx):
        for row in rows or dut.plan.image.rows:
            if pauses and rng.random() < 0.2:
                await ctx.tick().repeat(int(rng.integers(1, 5)))
            ctx.set(dut.codes.payload, row)
            ctx.set(dut.codes.valid, 1)
            await ctx.tick().until(dut.codes.ready)
            ctx.set(dut.codes.valid, 0)

    async def gap(ctx):
        if pauses and rng.random() < 0.2:
            ctx.set(dut.z.data, case.state.maximum)  # nothing may be made of it
            await ctx.tick().repeat(int(rng.integers(1, 5)))

    async def send(ctx):
        await begin(ctx)
        for states, phase in zip(case.sequences, case.phases):
            for t, state in enumerate(states):
                while not ctx.get(dut.ready):
                    await ctx.tick()
                if t:
                    answers.pooling.append(clock - sent.pop())
                await gap(ctx)
                ctx.set(dut.phase, phase)
                if pooled:
                    ctx.set(dut.first, t == 0)
                    ctx.set(dut.last, t == len(states) - 1)
                for unit, value in enumerate(state):
                    if unit:
                        await gap(ctx)
                    if unit == 2:  # only the first word and the clock after tell
                        ctx.set(dut.phase, 1 - phase)
                    ctx.set(dut.z.valid, 1)
                    ctx.set(dut.z.data, int(value))
                    at = clock
                    await ctx.tick()
                    ctx.set(dut.z.valid, 0)
                sent.append(at)
                await ctx.tick()  # ready falls two clocks after the first word

    async def receive(ctx):
        await ctx.tick().repeat(case.size + reset_after + 1)
        for _ in case.sequences:
            values = []
            for index in range(case.readout.outputs):
                if pauses and rng.random() < 0.5:
                    await ctx.tick().repeat(int(rng.integers(1, 12)))
                ctx.set(dut.y.ready, 1)
                while not ctx.get(dut.y.valid):
                    await ctx.tick()
                at = clock
                values.append(ctx.get(dut.y.payload.data))
                assert ctx.get(dut.y.payload.last) == (index == case.readout.outputs - 1)
                await ctx.tick()
                ctx.set(dut.y.ready, 0)
                if not pauses:
                    ctx.set(dut.y.ready, 1)
            answers.values.append(values)
            answers.cycles.append(at - sent.pop())

    simulator = Simulator(ResetInserter(reset)(dut))
    simulator.add_clock(1e-6)
    simulator.add_process(count)
    simulator.add_process(check_stream(dut.y))
    if dut.plan.sprams:
        simulator.add_testbench(load, background=True)
    simulator.add_testbench(send, background=True)
    simulator.add_testbench(receive)
    simulator.run()
    return answers


def check(case, seed=0, pauses=False):
    dut = StagedReadout(case.plan)
    answers = drive(dut, case, seed, pauses)
    assert answers.values == case.expected()
    if not pauses:
        assert answers.cycles == [dut.plan.cycles] * len(case.sequences)
        assert all(clocks == dut.plan.pooling_cycles for clocks in answers.pooling)


@pytest.mark.parametrize("seed", range(60))
def test_outputs_and_clocks_equal_the_definition_and_the_plan(seed):
    check(random_case(seed), seed)


@pytest.mark.parametrize("seed", range(60, 80))
def test_with_pauses_on_both_sides(seed):
    check(random_case(seed), seed, pauses=True)


@pytest.mark.parametrize("lanes", LANES)
def test_codes_in_many_banks(lanes, monkeypatch):
    """With block RAMs of 64 bits, since simulating those of 4,096 takes long."""
    monkeypatch.setattr(plan, "BANK_ROWS", 32)
    monkeypatch.setattr(plan, "BLOCK_BITS", 64)
    cases = [random_case(seed, lanes=lanes, hidden=seed % 3, count=2) for seed in range(200, 209)]
    assert max(len(case.plan.banks) for case in cases) > 3
    for case in cases:
        check(case)


def small_sprams(monkeypatch, rows):
    """SPRAMs of so few rows, since those of a chip take long to simulate."""
    for module in (plan, code_memory, spram):
        monkeypatch.setattr(module, "SPRAM_ROWS", rows)


@pytest.mark.parametrize("seed", range(300, 310))
def test_codes_in_sprams(seed, monkeypatch):
    small_sprams(monkeypatch, 64)
    case = random_case(seed, store=CodeStore.SPRAM, lanes=LANES[seed % 5])
    assert case.plan.sprams == -(-case.plan.code_rows // 64) and len(case.plan.memories) == 1
    check(case, seed, pauses=seed % 3 == 0)


@pytest.mark.parametrize("place", [0, 5, -1])
def test_a_row_that_was_loaded_wrong_is_seen(place, monkeypatch):
    """So the codes come from what was loaded, and from nowhere else."""
    small_sprams(monkeypatch, 256)
    case = random_case(300, store=CodeStore.SPRAM, lanes=4, last=4, hidden=0)
    dut = StagedReadout(case.plan)
    rows = list(case.plan.image.rows)
    rows[place] ^= 1
    assert drive(dut, case, rows=rows).values != case.expected()


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("pooling", Pooling)
def test_a_stage_reads_what_the_one_before_wrote_last(lanes, pooling):
    """One activation, and the shortest biases between its sum and the next stage's product."""
    hidden = Dense(codes=[[1, 1]], bits=2, biases=([0],), requantization=Requantization(0, 8))
    last = Dense(codes=[[1]], bits=2, biases=([0],))
    pool_bits = 2 if pooling is Pooling.SUM else 0
    readout, state = Readout(pooling=pooling, stages=(hidden, last), pool_bits=pool_bits), FixedPoint(6, 0)
    states = [np.array([[value, 2 * value]]) for value in range(10)]
    check(Case(readout, state, ReadoutPlan(readout, state, 2, lanes, lanes), states, [0] * 10))


@pytest.mark.parametrize("pooling, pool_bits, stages", [(Pooling.LAST, 0, 1), (Pooling.EVERY, 0, 2), (Pooling.SUM, 8, 2)])
def test_the_widest_words(pooling, pool_bits, stages):
    """States of 32 bits, biases of 41, and a pool that comes to its end."""
    rng, state = np.random.default_rng(4), FixedPoint(32, 0)
    hidden = Dense(codes=rng.integers(-128, 128, (3, 4)), bits=8, biases=(rng.integers(-30_000, 30_000, 3),), bias_shift=15,
                   requantization=Requantization(30, 8))
    last = Dense(codes=rng.integers(-128, 128, (2, 3 if stages > 1 else 4)), bits=8, biases=([1 << 40, -(1 << 40)],))
    readout = Readout(pooling=pooling, stages=(hidden, last)[-stages:], pool_bits=pool_bits)
    sequences = [rng.integers(state.minimum, state.maximum, (steps, 4), endpoint=True) for steps in (3 if pool_bits else 1, 1)]
    sequences.append(np.full((300 if pool_bits else 1, 4), state.maximum))
    check(Case(readout, state, ReadoutPlan(readout, state, 4, 2, 2), sequences, [0] * 3))


@pytest.mark.parametrize("clocks", [1, 5, 14, 40, 77, 130])
def test_a_reset_at_any_time(clocks):
    case = random_case(6, pooling=Pooling.LAST, hidden=2, lanes=2)
    assert case.plan.cycles > 150
    dut = StagedReadout(case.plan)
    assert drive(dut, case, reset_after=clocks).values == case.expected()


def of_normal_size(rng):
    """128 units of 12 bits, 128 activations by codes of 4 bits, 10 outputs by codes of 6 bits."""
    hidden = Dense(codes=rng.integers(-8, 8, (128, 128)), bits=4, biases=(rng.integers(-5000, 5000, 128),), bias_shift=2,
                   requantization=Requantization(12, 4))
    last = Dense(codes=rng.integers(-32, 32, (10, 128)), bits=6, biases=(rng.integers(-3000, 3000, 10),))
    return Readout(pooling=Pooling.LAST, stages=(hidden, last)), FixedPoint(12, 0)


def test_a_read_out_of_normal_size():
    rng = np.random.default_rng(3)
    readout, state = of_normal_size(rng)
    states = rng.integers(state.minimum, state.maximum, (1, 128), endpoint=True)
    check(Case(readout, state, ReadoutPlan.smallest(readout, state, 128), [states], [0]))


def test_the_plan_of_normal_size():
    readout, state = of_normal_size(np.random.default_rng(3))
    chosen = ReadoutPlan.smallest(readout, state, 128)
    hidden, last = chosen.stages
    assert (chosen.lanes, chosen.last_lanes) == (8, 2)
    assert chosen.cycles <= ANSWER_CYCLES < ReadoutPlan(readout, state, 128, 4, 4).cycles
    # 16 block RAMs of hidden codes and 1.9 of the last stage's; with the biases 18.5
    bits = 128 * 128 * hidden.code_bits + 128 * 10 * last.code_bits + 128 * hidden.bias_bits + 10 * last.bias_bits
    blocks = [block_rams(rows, width) for rows, width in chosen.memories]
    assert sum(blocks[:-1]) == -(-bits // 4096) == 19 and blocks[-1] == 1


@pytest.mark.parametrize("bound, lanes, last_lanes, next_fewer", [
    (100_000, 1, 1, None), (40_000, 2, 2, (2, 1)), (30_000, 4, 1, (2, 2)), (18_000, 8, 1, (4, 4)), (11_000, 8, 4, (8, 2)),
    (7_000, 16, 4, (16, 2)), (1_000, 16, 16, (16, 8)),
])
def test_the_smallest_plan_answers_in_time_or_is_the_fastest(bound, lanes, last_lanes, next_fewer):
    readout, state = of_normal_size(np.random.default_rng(3))
    chosen = ReadoutPlan.smallest(readout, state, 128, bound)
    assert (chosen.lanes, chosen.last_lanes) == (lanes, last_lanes)
    assert chosen.cycles <= bound or chosen.last_lanes == max(LANES)
    assert next_fewer is None or ReadoutPlan(readout, state, 128, *next_fewer).cycles > bound


@pytest.mark.parametrize("seed", range(40))
def test_no_bit_of_a_row_of_codes_is_lost(seed):
    """But those of lanes without an output, and at the end of the stream."""
    p = random_case(seed).plan
    used = sum(stage.groups * stage.lanes * stage.additions for stage in p.stages)
    assert p.code_rows == len(p.code_table()) == -(-used // p.row_bits)
    assert sum(p.banks) == p.code_rows


def test_plans_that_there_are_not():
    readout, state = of_normal_size(np.random.default_rng(3))
    with pytest.raises(ArchitectureError, match=r"^Accumulators must be one of \(1, 2, 4, 8, 16\), not 3$"):
        ReadoutPlan(readout, state, 128, 3, 1)
    with pytest.raises(ArchitectureError, match=r"^Accumulators of the last stage must be one of \(1, 2, 4\), not 8$"):
        ReadoutPlan(readout, state, 128, 4, 8)


class WithoutHalf(ReadoutPlan):
    """Rounds down."""

    @cached_property
    def _biases(self):
        return [[[int(c) << stage.bias_shift for c in bias] for bias in stage.biases] for stage in self.readout.stages]


class WithoutClip(ReadoutPlan):
    """Activations wrap."""

    @cached_property
    def stages(self):
        return tuple(replace(stage, activation_width=8) if stage.activation_width else stage for stage in super().stages)


class WithoutSign(ReadoutPlan):
    """The top bit of a code counts as none: a code has another bit, 0."""

    def code_table(self):
        """Codes that are not negative."""
        hidden = self.readout.stages[0]
        width = self.stages[0].code_bits
        codes = hidden.codes.astype(np.int64) & (1 << width - 1) - 1
        stages = (replace(hidden, codes=codes, bits=width), *self.readout.stages[1:])
        readout = replace(self.readout, stages=stages)
        return ReadoutPlan(readout, self.state, self.size, self.lanes, self.last_lanes).code_table()


class StaleRow(ReadoutPlan):
    """The last stage begins a row late."""

    @cached_property
    def stages(self):
        *hidden, last = super().stages
        return (*hidden, replace(last, base=last.base + 1))


@pytest.mark.parametrize("fault", [WithoutHalf, WithoutClip, WithoutSign, StaleRow])
def test_a_planted_fault_is_found(fault):
    rng = np.random.default_rng(9)
    hidden = Dense(codes=rng.integers(-8, 8, (7, 9)), bits=4, biases=(rng.integers(-50, 50, 7),),
                   requantization=Requantization(5, 3))
    last = Dense(codes=rng.integers(-8, 8, (3, 7)), bits=4, biases=(rng.integers(-50, 50, 3),))
    readout, state = Readout(pooling=Pooling.LAST, stages=(hidden, last)), FixedPoint(6, 0)
    case = Case(readout, state, ReadoutPlan(readout, state, 9, 4, 2), list(rng.integers(-32, 32, (6, 1, 9))), [0] * 6)
    check(case)
    assert drive(StagedReadout(fault(readout, state, 9, 4, 2)), case).values != case.expected()
