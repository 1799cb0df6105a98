# SPDX-License-Identifier: BSD-2-Clause
"""Adder graphs: the matrix they compute, and what they cost."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hadam_hw.errors import ArchitectureError
from hadam_hw.model_file import load_model
from hadam_hw.recurrence import Hadamard, Ternary
from rtl_gen.plan import adder_graph
from rtl_gen.plan.adder_graph import AdderGraph, Edge, matrix_graph, recurrence_graph, signed_digits
from rtl_gen.plan.alignment import input_products
from rtl_gen.plan.sharing import reference_rows, share_sums
from tests.models_for_tests import random_model

MODELS = Path(__file__).parents[2] / "models"


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
    graph = recurrence_graph(hadamard)
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


@pytest.mark.parametrize("levels, most", [([-1, 1], 836), ([-1, 0, 1], 1155)], ids=["binary", "ternary"])
def test_random_matrices_of_64_units_share_as_much_as_the_best_known(levels, most):
    graphs = [matrix_graph(np.random.default_rng(draw).choice(levels, (64, 64))) for draw in range(5)]
    assert sum(len(graph.adders) for graph in graphs) / 5 <= most
    assert max(max(graph.levels) for graph in graphs) <= 9


def test_a_hadamard_matrix_that_is_not_said_to_be_one_costs_the_same():
    hadamard = Hadamard(64, 64, random_signs(64))
    assert len(recurrence_graph(Ternary(hadamard.matrix())).adders) == len(recurrence_graph(hadamard).adders) == 384


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 8), st.integers(1, 6), st.integers(0, 2**32 - 1), st.booleans())
def test_rows_with_the_same_zeros(rows, columns, seed, positive):
    rng = np.random.default_rng(seed)
    matrix = rng.choice([-1, 1], (rows, columns)) * rng.choice([0, 1, 1], (3, columns))[rng.integers(0, 3, rows)]
    references = reference_rows(matrix)
    assert all(np.array_equal(matrix[row] != 0, matrix[reference] != 0) for row, reference in enumerate(references))
    assert np.array_equal(matrix_graph(matrix, positive=positive).matrix(), matrix)


def test_what_is_shared_is_the_matrix():
    matrix = np.random.default_rng(4).integers(-1, 2, (90, 24))
    shared = share_sums(matrix)
    terms = list(np.eye(24, dtype=np.int64))
    for first, second, subtract in shared.sums:
        terms.append(terms[first] - terms[second] if subtract else terms[first] + terms[second])
    assert len(terms) > 96 and np.array_equal(shared.rows.astype(np.int64) @ np.array(terms), matrix)
    counts = np.abs(shared.rows.T.astype(np.int64)) @ np.abs(shared.rows) + np.abs(shared.rows.T.astype(np.int64) @ shared.rows)
    assert (counts // 2 - np.diag(np.diag(counts // 2))).max() == 1  # no pair is left that two rows share


@pytest.mark.parametrize("name, adders", [("har-h128-b64", 417), ("copy-h128-b64", 521), ("pmnist-h128-b64-v6-u8", 15)])
def test_shipped_input_matrices_cost_what_they_did(name, adders):
    assert len(input_products(load_model(MODELS / f"{name}.npz").top).graph.adders) == adders


@pytest.mark.parametrize("largest, sums", [(7, "FEW_PAIRS"), (1, "TERNARY_WORK")])
def test_large_matrices_are_shared_by_groups_of_columns(largest, sums, monkeypatch):
    matrix = np.random.default_rng(1).integers(-largest, largest + 1, (12, 30))
    whole = matrix_graph(matrix)
    monkeypatch.setattr(adder_graph, sums, 1000)
    monkeypatch.setattr(adder_graph, "GROUP_PAIRS", 1000)
    monkeypatch.setattr(adder_graph, "GROUP_WORK", 100_000)
    monkeypatch.setattr(adder_graph, "COLUMNS", 7)
    grouped = matrix_graph(matrix)
    assert np.array_equal(grouped.matrix(), matrix)
    for edge, row in zip(grouped.outputs, matrix):
        node = (-row if edge.negate else row) >> edge.shift
        assert grouped.node_bounds[edge.node] == (np.minimum(node, 0).sum(), np.maximum(node, 0).sum())
    assert len(whole.adders) < len(grouped.adders) < adder_graph.count_digits(matrix) - len(matrix)


def test_an_input_of_many_elements_does_not_take_minutes():
    matrix = np.random.default_rng(0).integers(-8, 8, (64, 128))
    begin = time.process_time()
    graph = matrix_graph(matrix)
    assert time.process_time() - begin < 15  # 40 s where all pairs are counted; 2 s are usual
    assert len(graph.adders) < 0.8 * matrix.size


def test_an_input_of_too_many_elements_is_refused_at_once():
    model = random_model(size=128, block=4, inputs=2048, outputs=2)
    with pytest.raises(ArchitectureError, match="at most 131,072 signed digits .* use 'folded:R'"):
        input_products(model.top)


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_nothing_costs_nothing(rows):
    graph = matrix_graph(np.zeros((rows, 2), dtype=np.int64))
    assert graph == AdderGraph(2, (), (None,) * rows)
    assert graph.evaluate(np.ones((5, 2), dtype=np.int64)).shape == (5, rows)


def test_counts_above_a_byte():
    graph = matrix_graph(np.ones((300, 4), dtype=np.int64))
    assert len(graph.adders) == 3


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
