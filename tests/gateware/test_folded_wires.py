# SPDX-License-Identifier: BSD-2-Clause
"""Wires behind folded butterflies: where the last pass writes; and faults that are seen."""

import numpy as np
import pytest
from amaranth.hdl import Const

from hadam_hw.recurrence import Hadamard
from rtl_gen.gateware.folded.cell import FoldedCell
from rtl_gen.plan.arch import Folded
from rtl_gen.plan.folded import FoldedInputPlan, FoldedPlan
from rtl_gen.plan.folding import Folding, fold
from sim.random_models import banks_of, wires_within
from tests.gateware.test_core import check_against_golden, sequences_for
from tests.models_for_tests import random_model

SHAPES = [(8, 4, 2, 1), (16, 4, 4, 1), (16, 8, 4, 2), (24, 8, 8, 1), (64, 32, 8, 2), (48, 2, 2, 4)]


def recurrence(size, block, radix, lanes):
    rng = np.random.default_rng(size)
    return Hadamard(size, block, rng.choice([-1, 1], size), wires=wires_within(rng, banks_of(size, block, radix, lanes)))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_last_pass_writes_each_word_to_the_row_of_the_unit_that_takes_it(shape):
    wired, (_, _, radix, lanes) = recurrence(*shape), shape
    folding = fold(wired, Folded(radix, lanes))
    last, width, taken = len(folding.passes) - 1, folding.row_bits, []
    for lane in range(lanes):
        for butterfly in range(folding.rows):
            for bank in range(radix):
                unit = folding.finished(lane, butterfly, bank)
                taken.append(lane * folding.units + unit)
                assert wired.wires[taken[-1]] == lane * folding.units + folding.unit(last, butterfly, bank)
                row = folding.table[butterfly] >> (lane * radix + bank) * width & (1 << width) - 1
                assert (folding.bank(unit), folding.row(unit)) == (bank, row)
    assert sorted(taken) == list(range(wired.size))


def test_identity_wires_are_folded_in_place():
    folding = fold(Hadamard(16, 4, np.ones(16), wires=np.arange(16)), Folded(2))
    assert folding.takers is None and folding.memory_rows == folding.rows
    assert folding.table == ()


def keep_the_page(monkeypatch):
    monkeypatch.setattr(FoldedCell, "_pages", lambda *_: (Const(0, 1), Const(0, 1)))


def write_a_row_on(monkeypatch):
    whole = Folding.table
    monkeypatch.setattr(Folding, "table", property(lambda plan: (*whole.fget(plan)[1:], whole.fget(plan)[0])))


def take_the_constants_of_the_next_words(monkeypatch):
    source = FoldedPlan.source.func
    monkeypatch.setattr(FoldedPlan, "source", property(lambda plan: FoldedInputPlan(
        plan.layer, (*source(plan).groups[2:], *source(plan).groups[:2]))))


@pytest.mark.parametrize("damage", [keep_the_page, write_a_row_on, take_the_constants_of_the_next_words])
@pytest.mark.parametrize("block", [2, 4])
def test_a_fault_is_seen(damage, block, monkeypatch):
    model = random_model(size=32, block=block, outputs=2, seed=1, wires=recurrence(32, block, 2, 1).wires)
    sequences = sequences_for(model, [5, 1, 2])
    check_against_golden(model, "folded:2", sequences)
    damage(monkeypatch)
    with pytest.raises(AssertionError):
        check_against_golden(model, "folded:2", sequences)
