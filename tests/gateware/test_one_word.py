# SPDX-License-Identifier: BSD-2-Clause
"""``folded:1``: the order of its reads and its clocks; and faults that a step compared with the golden model would show."""

import numpy as np
import pytest

from hadam_hw.recurrence import Hadamard
from rtl_gen.gateware.folded import finish
from rtl_gen.gateware.folded.one_word import OneWordCell
from rtl_gen.plan.arch import Folded
from rtl_gen.plan.one_word import OneWordFolding, OneWordSchedule, fold_words
from tests.gateware.test_core import check_against_golden, sequences_for
from tests.models_for_tests import random_model


def folding(wires, lanes=1):
    return fold_words(Hadamard(len(wires), 1, np.ones(len(wires)), wires=wires), lanes)


@pytest.mark.parametrize("wires, lanes, offset", [
    (np.arange(8), 1, 0), (np.roll(np.arange(8), 1), 1, 7), (np.roll(np.arange(9), -4), 1, 4), ([1, 0], 1, 1),
    ([1, 2, 0, 4, 5, 3], 1, None), ([2, 3, 0, 1, 6, 7, 4, 5], 2, 2), ([1, 0, 2, 3], 2, None), ([0, 2, 1], 1, None)])
def test_a_ring_needs_no_table(wires, lanes, offset):
    plan = folding(wires, lanes)
    assert plan.offset == offset
    assert bool(plan.table) == (offset is None)
    rows = plan.rows
    if offset is None:
        order = [[entry >> lane * plan.row_bits & (1 << plan.row_bits) - 1 for lane in range(lanes)] for entry in plan.table]
        half = 1 << plan.row_bits
        assert order[half:half + rows] == [[row] * lanes for row in range(rows)]
    else:
        order = [[(plan.first_row + row) % rows] * lanes for row in range(rows)]
        assert order[-1][0] == plan.last_row
    assert [lane * rows + order[row][lane] for lane in range(lanes) for row in range(rows)] == list(wires)


def test_a_recurrence_says_which_banks_its_wires_keep():
    swapped = Hadamard(4, 1, np.ones(4), wires=[1, 0, 3, 2])
    assert swapped.keeps_banks([0, 0, 1, 1]) and not swapped.keeps_banks([0, 1, 0, 1])
    assert Hadamard(4, 1, np.ones(4)).keeps_banks([0, 1, 2, 3])


RING = dict(size=8, block=1, outputs=2, wires=np.roll(np.arange(8), 1), state_width=16)
#: Half of its words are wanted long after their rows were written; in a ring of the unit before each, a page would do.
FAR = RING | dict(size=16, wires=np.roll(np.arange(16), 8))
#: The multiples of codes of eight bits are deep, so that the input decides when the next step may begin.
DEEP = RING | dict(input_bits=8, inputs=2, input_signed=True)


def check(shape, architecture="folded:1"):
    model = random_model(seed=1, **shape)
    check_against_golden(model, architecture, sequences_for(model, [6, 1, 1, 5]))


def keep_the_page(monkeypatch):
    """Reads and writes go to one page."""
    whole = OneWordCell._bank
    monkeypatch.setattr(OneWordCell, "_bank", lambda cell, m, name, read_row, write_row, *others: whole(
        cell, m, name, read_row[:-1], write_row[:-1], *others))


def lose_signs(monkeypatch):
    monkeypatch.setattr(finish, "invert_if", lambda value, condition: value)


def begin_a_row_late(monkeypatch):
    whole = OneWordFolding.first_row
    monkeypatch.setattr(OneWordFolding, "first_row", property(lambda plan: (whole.fget(plan) + 1) % plan.rows))
    monkeypatch.setattr(OneWordFolding, "last_row", whole)


def be_ready_too_soon(monkeypatch):
    whole = OneWordSchedule.tail
    monkeypatch.setattr(OneWordSchedule, "tail", property(lambda plan: whole.fget(plan) - 1))


@pytest.mark.parametrize("damage, shape", [
    (keep_the_page, FAR), (lose_signs, RING), (begin_a_row_late, RING), (be_ready_too_soon, RING), (be_ready_too_soon, DEEP)])
def test_a_fault_is_seen(damage, shape, monkeypatch):
    check(shape)
    damage(monkeypatch)
    with pytest.raises(AssertionError):
        check(shape)


def test_deep_multiples_make_the_step_longer():
    one, deep = (Folded(1).plan(random_model(**shape)).cell.schedule for shape in (RING, DEEP))
    assert one.tail == one.product + 3 < deep.tail == deep.joined - 1
