# SPDX-License-Identifier: BSD-2-Clause
"""Hadamard recurrences with wires, and blocks of one: the matrix, the fast ways to it, the adders."""

import numpy as np
import pytest

from hadam_hw.errors import ModelError
from hadam_hw.recurrence import Hadamard
from rtl_gen.plan.adder_graph import recurrence_graph


def drawn(size, block, seed, leak=0):
    rng = np.random.default_rng(seed)
    return Hadamard(size, block, rng.choice([-1, 1], size), leak, wires=rng.permutation(size))


@pytest.mark.parametrize("size, block, leak", [
    (8, 1, 0), (8, 1, 3), (12, 4, 0), (16, 2, 1), (32, 8, 2), (64, 64, 0), (8, 1, range(8)), (8, 4, [0, 1] * 4),
    (16, 16, [3, 5] * 8), (16, 2, [12, 0, 2, 1] * 4), (4, 2, [7, 0, 0, 0])])
def test_all_ways_to_the_product_agree(size, block, leak):
    recurrence = drawn(size, block, size + block, leak)
    state = np.random.default_rng(0).integers(-2048, 2048, (50, size))
    sylvester = np.ones((1, 1), dtype=int)
    while len(sylvester) < block:
        sylvester = np.kron(sylvester, [[1, 1], [1, -1]])
    kernel = np.kron(np.eye(size // block, dtype=int), sylvester)
    leaks, most = np.broadcast_to(leak, size), np.max(leak)
    factors = [2**most - 2 ** (most - leak) if leak else 2**most for leak in leaks.tolist()]
    wanted = np.array(factors) * recurrence.signs * (state @ kernel.T)[:, recurrence.wires]
    assert (recurrence.apply(state) == wanted).all()
    assert (state @ recurrence.matrix().T == wanted).all()
    assert (recurrence.products(np.float64)(state.astype(np.float64)) == wanted).all()
    assert recurrence.gain == np.abs(recurrence.matrix()).sum(axis=1).max()
    graph = recurrence_graph(recurrence)
    assert (graph.evaluate(state) == wanted).all()
    assert len(graph.adders) == size * (block.bit_length() - 1) + np.count_nonzero(leaks > 1)
    assert recurrence.shift(0) == most + block.bit_length() // 2


def test_it_is_orthogonal():
    matrix = drawn(32, 4, 5).matrix()
    assert (matrix @ matrix.T == 4 * np.eye(32)).all()


def test_blocks_of_one_have_no_adder_and_no_shift():
    recurrence = drawn(16, 1, 1)
    assert (recurrence.phases, recurrence.shift(0)) == (1, 0)
    assert not recurrence_graph(recurrence).adders


def test_identity_wires_are_the_recurrence_without_wires():
    plain = Hadamard(16, 4, np.ones(16))
    assert (plain.matrix() == Hadamard(16, 4, np.ones(16), wires=np.arange(16)).matrix()).all()


@pytest.mark.parametrize("wires", [[0, 1, 2, 2], [1, 2, 3, 4], [0, 1, 2], [0.0, 1.0, 2.0, 3.0], [[0, 1, 2, 3]]])
def test_wires_that_are_no_permutation_are_refused(wires):
    with pytest.raises(ModelError, match="Wires must "):
        Hadamard(4, 4, [1, 1, 1, 1], wires=wires)


def test_the_matrix_is_made_once():
    recurrence = drawn(16, 4, 2)
    assert recurrence.matrix() is recurrence.matrix()
