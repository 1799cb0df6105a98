# SPDX-License-Identifier: BSD-2-Clause
"""Adder graphs: the matrix they compute, and what they cost."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hadam_hw.recurrence import Hadamard, Ternary
from rtl_gen import adder_graph
from rtl_gen.adder_graph import Edge, fwht_graph, matrix_graph, recurrence_graph, signed_digits


def random_signs(size, seed=0):
    return np.random.default_rng(seed).choice(np.array([-1, 1], dtype=np.int8), size)


@given(st.integers(-(1 << 40), 1 << 40))
def test_signed_digits_sum_to_the_value_and_are_not_adjacent(value):
    digits = signed_digits(value)
    assert sum((-1 if negate else 1) << shift for shift, negate in digits) == value
    shifts = [shift for shift, _ in digits]
    assert all(b - a >= 2 for a, b in zip(shifts, shifts[1:]))


@pytest.mark.parametrize(("size", "block"), [(2, 2), (8, 8), (8, 2), (32, 8), (64, 64), (128, 64)])
def test_fwht_costs_n_log_block_adders(size, block):
    hadamard = Hadamard(size, block, random_signs(size))
    graph = fwht_graph(hadamard)
    assert np.array_equal(graph.matrix(), hadamard.matrix())
    assert len(graph.adders) == size * (block.bit_length() - 1)
    assert max(graph.levels) == block.bit_length() - 1


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 6), st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 8, 200]), st.booleans())
def test_any_matrix(rows, columns, seed, largest, positive):
    matrix = np.random.default_rng(seed).integers(-largest, largest + 1, (rows, columns))
    graph = matrix_graph(matrix, positive=positive)
    assert np.array_equal(graph.matrix(), matrix)
    if positive:
        assert not any(edge.negate for edge in graph.outputs if edge is not None)
    assert all(not adder.left.negate for adder in graph.adders)


def test_sharing_pays():
    matrix = np.random.default_rng(1).choice([-1, 1], (32, 32))
    assert len(matrix_graph(matrix).adders) < 32 * 31 / 2.5


def test_a_ternary_recurrence_with_a_scale():
    matrix = np.random.default_rng(2).integers(-1, 2, (12, 12)).astype(np.int8)
    recurrence = Ternary(matrix, multiplier=5, shift_bits=4)
    assert np.array_equal(recurrence_graph(recurrence).matrix(), 5 * matrix.astype(np.int64))


def test_node_bounds_are_reached():
    graph = matrix_graph(np.array([[3, -5], [7, 2]]))
    for low, high in [(-8, 7), (0, 255)]:
        corners = np.array([[a, b] for a in (low, high) for b in (low, high)])
        for edge in graph.outputs:
            negative, positive = graph.node_bounds[edge.node]
            plain = replace(graph, outputs=(Edge(edge.node),))
            values = plain.evaluate(corners)[:, 0]
            assert values.min() == negative * high + positive * low
            assert values.max() == negative * low + positive * high


def test_a_wrong_graph_is_never_born(monkeypatch):
    monkeypatch.setattr(adder_graph, "signed_digits", lambda value: [(0, False)] if value else [])
    with pytest.raises(AssertionError, match="does not compute"):
        matrix_graph(np.array([[2, -1]]))
