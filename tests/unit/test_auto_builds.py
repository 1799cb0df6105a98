# SPDX-License-Identifier: BSD-2-Clause
"""The choice against the committed builds of whole designs: shipped models on two boards."""

import pytest

import boards
from bench.auto import ASKED_WITHIN, BOARDS, judge, load_builds, models
from rtl_gen.estimate import estimate
from rtl_gen.plan.arch import parse_architecture


@pytest.fixture(scope="module")
def builds():
    """``"model board architecture MHz"`` to what it became."""
    return load_builds()


def test_whole_designs_are_estimated(builds):
    shipped = models()
    for key, row in builds.items():
        name, board, arch, _ = key.split()
        found = estimate(shipped[name], parse_architecture(arch), boards.get(board))
        assert abs(found.lc / row["lc"] - 1) <= 0.075 and found.ebr == row["ebr"], key
        assert found.cycles_per_step == row["cycles_per_step"]


def test_the_choice_is_the_best_of_what_was_built_and_nothing_else_could_be_better(builds):
    pairs = judge(builds)
    assert 20 <= len(pairs) <= len(models()) * len(BOARDS)
    for pair in pairs:
        assert pair["steps_per_second"] > 0 and pair["behind"] <= ASKED_WITHIN and pair["could_win"] == 0, pair


def test_a_choice_that_misses_its_clock_leaves_others_that_could_be_better(builds):
    missed = {key: row | {"fmax_mhz": [row["clock_mhz"] - 1]} for key, row in builds.items()}
    for pair in judge(missed):
        assert pair["behind"] > ASKED_WITHIN and (pair["could_win"] > 0 or pair["built"] == pair["fitting"]), pair
