# SPDX-License-Identifier: BSD-2-Clause
"""Random cores of random models, a seed each; and the same sweep finds faults that were there once."""

from itertools import count, islice

import pytest
from amaranth.hdl import Shape

from hadam_hw.readout import Pooling
from rtl_gen.gateware.folded import elements
from rtl_gen.gateware.serial import cell as serial_cell
from rtl_gen.plan import networks
from rtl_gen.plan.adder_graph import recurrence_graph
from rtl_gen.plan.arch import Folded, Serial
from sim.core_check import check_seed
from sim.random_models import random_case

#: `python -m bench sweep` does the others.
CORES, TOGETHER = 144, 12


@pytest.mark.parametrize("first", range(0, CORES, TOGETHER))
def test_random_cores_equal_the_golden_model(first):
    assert [failure for seed in range(first, first + TOGETHER) if (failure := check_seed(seed))] == []


def test_a_seed_is_a_case():
    one, same, other = (random_case(seed) for seed in (5, 5, 6))
    assert (one.describe(), one.model.digest) == (same.describe(), same.model.digest)
    assert one.describe() != other.describe()


def cases(suspected):
    """Seeds whose model and architecture are ``suspected`` to meet a fault."""
    return (seed for seed in count() if suspected(random_case(seed)))


def serial(case):
    return isinstance(case.plan.architecture, Serial) and case.plan.architecture.digit


def test_the_sweep_finds_signs_that_a_short_slice_loses(monkeypatch):
    def narrow(case):
        return serial(case) and case.model.input.signed and case.model.input.width < serial(case) // 2

    seeds = list(islice(cases(narrow), 4))
    assert [check_seed(seed) for seed in seeds] == [None] * 4
    monkeypatch.setattr(serial_cell, "shift_register", lambda source, shift, digit: Shape(source.width + shift, source.signed))
    assert any(check_seed(seed) for seed in seeds)


def test_the_sweep_finds_states_that_are_handed_over_as_they_are(monkeypatch):
    def folded_stack(case):
        return isinstance(case.plan.architecture, Folded) and len(case.model.layers) > 1

    seeds = list(islice(cases(folded_stack), 4))
    assert [check_seed(seed) for seed in seeds] == [None] * 4
    monkeypatch.setattr(elements, "relu", lambda word: word)
    assert any(check_seed(seed) for seed in seeds)


def longest_edge(graph, digit):
    """What was taken for :func:`rtl_gen.plan.networks.longest_shift` once."""
    edges = [edge for adder in graph.adders for edge in (adder.left, adder.right)] + list(filter(None, graph.outputs))
    return max((-(-edge.shift // digit) for edge in edges), default=0)


def test_the_sweep_finds_words_that_follow_too_soon(monkeypatch):
    def close(case):
        if not serial(case) or len(case.model.layers) > 1 or case.model.pooling is not Pooling.LAST or case.paused:
            return False
        cell = case.plan.cell
        plan = cell.schedule
        graphs = recurrence_graph(case.model.top.recurrence), cell.products.graph
        wrong = 1 + max(longest_edge(graph, cell.digit) for graph in graphs)
        return plan.gap == plan.interval - plan.digits > wrong + 1

    seeds = list(islice(cases(close), 9))
    assert [check_seed(seed) for seed in seeds] == [None] * 9
    monkeypatch.setattr(networks, "longest_shift", longest_edge)
    assert any(check_seed(seed) for seed in seeds)
