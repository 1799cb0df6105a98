# SPDX-License-Identifier: BSD-2-Clause
"""Recurrences of small integers: their bits, what becomes of those that are ternary, their adder graphs."""

import time
from dataclasses import replace

import numpy as np
import pytest

from hadam_hw.errors import ArchitectureError
from hadam_hw.form import form_of
from hadam_hw.recurrence import Hadamard, Integer, Ternary
from rtl_gen.plan.adder_graph import MAX_DIGITS, recurrence_graph
from tests.models_for_tests import random_model


@pytest.mark.parametrize("entries, bits, words", [
    ([[1, -1], [-1, 1]], 1, "binary, times 3 / 2**1"), ([[1, 0], [-1, 1]], 2, "ternary, times 3 / 2**1"),
    ([[0, 0], [0, 0]], 2, "ternary, times 3 / 2**1"), ([[1, -2], [1, 1]], 2, "integers of 2 bits, times 3 / 2**1"),
    ([[2, 0], [1, 1]], 3, "integers of 3 bits, times 3 / 2**1"), ([[7, 0], [-8, 1]], 4, "integers of 4 bits, times 3 / 2**1"),
    ([[127, 0], [-128, 1]], 8, "integers of 8 bits, times 3 / 2**1")], ids=str)
def test_bits_are_those_of_the_widest_entry(entries, bits, words):
    for kind in (np.int8, np.int64, float):
        recurrence = Integer(np.array(entries, dtype=kind), 3, 1)
        assert recurrence.bits == 4 * bits and recurrence.words == words and recurrence.shift(0) == 1
        assert (recurrence.matrix() == 3 * np.array(entries)).all()
        assert recurrence.gain == np.abs(3 * np.array(entries)).sum(axis=1).max()


def test_integers_of_minus_1_to_1_are_written_as_a_ternary_matrix():
    plain = random_model(size=6, ternary=True, multiplier=5, outputs=2)
    same = plain.with_top(recurrence=Integer(plain.top.recurrence.entries, 5, 3))
    assert form_of(same).schema == 1 and same.digest == plain.digest and same.top.recurrence.kind == "ternary"


def test_the_least_integer_is_not_taken_for_a_ternary_one():
    recurrence = Integer(np.array([[-128]], dtype=np.int8))
    assert (recurrence.kind, recurrence.schema, recurrence.entry_bits) == ("integer", 4, 8)


def test_a_changed_copy_is_asked_again():
    recurrence = Integer([[2, 1], [0, 1]])
    assert replace(recurrence, entries=[[1, 1], [0, 1]]).kind == "ternary" and recurrence.kind == "integer"


@pytest.mark.parametrize("least, most", [(-2, 1), (-8, 7), (-128, 127)])
def test_the_graph_shares_what_rows_have_in_common(least, most):
    matrix = np.random.default_rng(0).integers(least, most, (16, 16), endpoint=True)
    alone = recurrence_graph(Integer(matrix))
    assert (alone.matrix() == matrix).all() and recurrence_graph(Integer(matrix, 2, 3)).adders == alone.adders
    digits = sum(bin(abs(int(value)) ^ 3 * abs(int(value))).count("1") for value in matrix.flat)
    assert len(alone.adders) < digits - len(matrix)


def test_a_common_factor_is_shared_out():
    matrix = np.random.default_rng(0).integers(-1, 2, (12, 12))
    assert len(recurrence_graph(Integer(6 * matrix)).adders) <= len(recurrence_graph(Ternary(matrix)).adders) + 12


@pytest.mark.parametrize("size", [1024, 2048])
def test_a_matrix_whose_sharing_would_take_minutes_is_refused_at_once(size):
    recurrence = Integer(np.full((size, size), 3) - 8 * np.eye(size, dtype=int))
    began = time.process_time()
    with pytest.raises(ArchitectureError, match=f"at most {MAX_DIGITS:,} signed digits where each is an adder, not .*; use"):
        recurrence_graph(recurrence)
    assert time.process_time() - began < 2


def test_a_large_matrix_with_structure_is_not_refused():
    assert recurrence_graph(Hadamard(1024, 64, np.ones(1024))).inputs == 1024
