# SPDX-License-Identifier: BSD-2-Clause
"""Folded oscillators: their table, widths and clocks, random ones; and faults that the golden model shows."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from hadam_hw.oscillators import MAX_REACH, Oscillators, oscillations
from hadam_hw.recurrence import Hadamard
from rtl_gen.gateware.folded import pairs as gateware
from rtl_gen.gateware.folded.one_word import OneWordCell
from rtl_gen.gateware.folded.pairs import Shears
from rtl_gen.plan.arch import Folded
from rtl_gen.plan.one_word import OneWordSchedule
from rtl_gen.plan.pairs import PairInputPlan, ShearPlan, Shifts
from tests.gateware.test_core import check_against_golden, sequences_for
from tests.models_for_tests import random_model

KNOWN = oscillations(MAX_REACH)
#: All that a pair can be: a shift of 0 and of 8, a digit of 2, no second digit, plus and minus, negated or not, leaks.
ALL = Oscillators([8, 0, 2, 5, 0, 1], [4, -1, 2, 4, 1, 2], [0, 0, 8, 7, 2, 3], [0, 0, 1, -1, 1, -1], [0, 1, 0, 1, 1, 0],
                  [0, 1, 4, 0, 12, 2])
PLAIN = Oscillators([3, 1, 2], [3, 1, 2], [0] * 3, [0] * 3, [0] * 3)
ONE = Oscillators([3], [3], [0], [0], [1])


def drawn(rng, pairs):
    return [KNOWN[index] for index in rng.integers(0, len(KNOWN), pairs)]


def test_amounts_are_those_that_there_are():
    shifts = Shifts.of([5, None, 2, 5])
    assert (shifts.amounts, shifts.places, shifts.bits) == ((2, 5), (1, 0, 0, 1), 1)
    assert Shifts.of([None, None]) == Shifts((0,), (0, 0)) and Shifts.of([7]).bits == 0


@pytest.mark.parametrize("recurrence, fields", [(ALL, 3 + 2 + 2 + 2 + 2 + 1), (PLAIN, 2 + 2), (ONE, 0)])
def test_a_pair_says_no_more_than_it_must(recurrence, fields):
    plan = ShearPlan(recurrence, 12)
    assert plan.field_bits == fields and all(0 <= row < 1 << fields for row in plan.table)
    assert plan.latency == 4 + plan.has_second + 2 * plan.has_leak


@pytest.mark.parametrize("recurrence, width", [
    (ALL, 6), (PLAIN, 9), (ONE, 4), (Oscillators.of(drawn(np.random.default_rng(2), 40)), 12)])
def test_rows_are_exact_for_the_extremes_of_a_state(recurrence, width):
    plan, rng = ShearPlan(recurrence, width), np.random.default_rng(1)
    most = 1 << width - 1
    states = np.concatenate([rng.choice([-most, most - 1], (6, recurrence.size)),
                             rng.integers(-most, most, (3, recurrence.size))])
    wanted = [row * sign for state in states for row, sign in zip(
        recurrence.apply(state).tolist(), np.repeat(1 - 2 * recurrence.negated, 2).tolist())]
    shears, seen = Shears(plan), []

    async def drive(ctx):
        words = [(x, y, odd, row) for state in states.tolist() for x, y, row in zip(state[::2], state[1::2], plan.table)
                 for odd in range(2)]
        for clock in range(len(words) + plan.latency):
            x, y, odd, row = words[min(clock, len(words) - 1)]
            ctx.set(shears.x, x)
            ctx.set(shears.y, y)
            ctx.set(shears.odd, odd)
            if plan.field_bits:
                ctx.set(shears.fields, row)
            await ctx.tick()
            seen.append(ctx.get(shears.o))

    simulator = Simulator(shears)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    assert seen[plan.latency - 1:][:len(wanted)] == wanted


@pytest.mark.parametrize("shape, lanes, clocks", [
    (dict(recurrence=PLAIN, size=6), 1, 6 + 8), (dict(recurrence=ALL, size=12), 1, 12 + 11),
    (dict(recurrence=ALL, size=12, inputs=3), 2, 3 * 6 + 11), (dict(recurrence=PLAIN, size=6, inputs=2), 1, 2 * 6 + 8)])
def test_the_clocks_of_a_step(shape, lanes, clocks):
    plan = Folded(1, lanes).plan(random_model(outputs=2, **shape))
    assert plan.timing.interval == clocks


def check(recurrence, architecture="folded:1", **shape):
    model = random_model(recurrence=recurrence, size=recurrence.size, outputs=2, seed=1, **{"state_width": 14} | shape)
    check_against_golden(model, architecture, sequences_for(model, [6, 1, 1, 5]))


@pytest.mark.parametrize("seed", range(8))
def test_random_pairs_equal_the_golden_model(seed):
    rng = np.random.default_rng(seed)
    pairs = int(rng.choice([1, 2, 4, 8]))
    lanes = int(rng.choice([lanes for lanes in (1, 2, 4) if pairs % lanes == 0]))
    check(Oscillators.of(drawn(rng, pairs), rng.integers(0, 13, pairs) if seed % 2 else None), str(Folded(1, lanes)),
          inputs=int(rng.integers(1, 4)), state_width=int(rng.integers(4, 25)), frac=int(rng.integers(-4, 5)), input_bits=5)


def keep_the_page(monkeypatch):
    """Reads and writes go to one page."""
    whole = OneWordCell._bank
    monkeypatch.setattr(OneWordCell, "_bank", lambda cell, m, name, read_row, write_row, *others: whole(
        cell, m, name, read_row[:-1], write_row[:-1], *others))


def lose_signs(monkeypatch):
    monkeypatch.setattr(PairInputPlan, "signs", property(lambda plan: np.ones(plan.layer.size, np.int64)))


def be_ready_too_soon(monkeypatch):
    whole = OneWordSchedule.tail
    monkeypatch.setattr(OneWordSchedule, "tail", property(lambda plan: whole.fget(plan) - 1))


def shift_all_alike(monkeypatch):
    whole = gateware._shift
    monkeypatch.setattr(gateware, "_shift", lambda value, shifts, place: whole(value, Shifts(shifts.amounts[:1], ()), place))


def forget_the_leak(monkeypatch):
    monkeypatch.setattr(Shears, "_leak", lambda shears, m, row, *others: gateware.late(m, row, 2))


@pytest.mark.parametrize("damage, shape", [
    (keep_the_page, dict(inputs=16)), (lose_signs, {}), (be_ready_too_soon, {}),
    (shift_all_alike, {}), (forget_the_leak, {})])
def test_a_fault_is_seen(damage, shape, monkeypatch):
    check(ALL, **shape)
    damage(monkeypatch)
    with pytest.raises(AssertionError):
        check(ALL, **shape)


def test_only_recurrences_with_pairs_are_sheared():
    assert Hadamard(4, 4, [1] * 4).pairs is None and len(ALL.pairs) == 6
