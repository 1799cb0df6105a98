# SPDX-License-Identifier: BSD-2-Clause
"""Adder graphs equal their matrices for every input: over the integers as data, bit by bit as the gateware made of them."""

from dataclasses import replace

import numpy as np
import pytest
import z3

from hadam_hw.recurrence import Hadamard
from rtl_gen.gateware.serial.network import SerialNetwork
from rtl_gen.gateware.word_network import ParallelNetwork
from rtl_gen.plan.adder_graph import matrix_graph, recurrence_graph
from rtl_gen.plan.networks import SerialNetworkPlan, WordNetworkPlan
from tests.formal.smt import Proof, refute


def hadamard(size, block, seed=0):
    return Hadamard(size, block, np.random.default_rng(seed).choice([-1, 1], size))


def random_matrix(size, levels, seed=0):
    return np.random.default_rng(seed).choice(levels, (size, size))


CASES = {
    "fwht-8": lambda: (recurrence_graph(hadamard(8, 8)), hadamard(8, 8).matrix()),
    "fwht-16-in-blocks": lambda: (recurrence_graph(hadamard(16, 4)), hadamard(16, 4).matrix()),
    "fwht-32": lambda: (recurrence_graph(hadamard(32, 32)), hadamard(32, 32).matrix()),
    "cse-ternary-8": lambda: (matrix_graph(m := random_matrix(8, [-1, 0, 1])), m),
    "cse-binary-16": lambda: (matrix_graph(m := random_matrix(16, [-1, 1])), m),
    "cse-codes-8": lambda: (matrix_graph(m := random_matrix(8, range(-8, 8)), positive=True), m),
}


def wrong_sign(graph, number):
    """The graph with adder ``number`` subtracting where it added, or the other way round."""
    adders = list(graph.adders)
    right = adders[number].right
    adders[number] = replace(adders[number], right=replace(right, negate=not right.negate))
    return replace(graph, adders=tuple(adders))


def over_integers(graph, matrix):
    """What refutes that ``graph`` computes ``matrix @ x`` for every integer vector ``x``."""
    x = z3.Ints([f"x{i}" for i in range(graph.inputs)])
    values = list(x)

    def value(edge):
        scaled = values[edge.node] * 2**edge.shift
        return -scaled if edge.negate else scaled

    for adder in graph.adders:
        values.append(value(adder.left) + value(adder.right))
    return refute(*((z3.IntVal(0) if edge is None else value(edge)) == z3.Sum([int(c) * v for c, v in zip(row, x)])
                    for edge, row in zip(graph.outputs, matrix)))


@pytest.mark.parametrize("case", CASES)
def test_a_graph_is_its_matrix_over_all_integers(case):
    graph, matrix = CASES[case]()
    assert over_integers(graph, matrix) is None


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_sign_is_found(case):
    graph, matrix = CASES[case]()
    for number in (0, len(graph.adders) - 1):
        assert over_integers(wrong_sign(graph, number), matrix) is not None


def signed_field(word, index, width, wide):
    """Field ``index`` of ``width`` bits, sign-extended to ``wide`` bits."""
    return z3.SignExt(wide - width, z3.Extract((index + 1) * width - 1, index * width, word))


def products(matrix, x):
    return [z3.Sum([int(c) * v for c, v in zip(row, x)]) for row in matrix]


def parallel_differs(graph, matrix, low, high):
    """What refutes that the parallel network of ``graph`` computes ``matrix @ x`` for every input in its range."""
    network = ParallelNetwork(WordNetworkPlan(graph, low, high))
    proof = Proof(network, network.plan.latency + 1)
    width = network.i.shape().elem_shape.width
    out = network.o.shape().elem_shape.width
    given, got = proof.wire("i", 0), proof.wire("o", network.plan.latency)
    wide = out + 2
    x = [signed_field(given, k, width, wide) for k in range(graph.inputs)]
    claims = [signed_field(got, k, out, wide) == (-want if negate else want)
              for k, (want, negate) in enumerate(zip(products(matrix, x), network.negated))]
    return proof.counterexample(*claims)


@pytest.mark.parametrize("matrix", [hadamard(4, 4).matrix(), random_matrix(4, range(-4, 4), 3)], ids=["hadamard", "codes"])
def test_the_parallel_network_is_its_matrix_for_every_input(matrix):
    graph = matrix_graph(matrix)
    assert parallel_differs(graph, matrix, -4, 3) is None
    assert parallel_differs(wrong_sign(graph, len(graph.adders) - 1), matrix, -4, 3) is not None


#: Sums of shifted sums.
SHIFTED_TWICE = np.array([[45, 1], [91, 0], [-88, 2]])


def serial_differs(graph, matrix, digit, width, missing=0):
    """What refutes that the serial network of ``graph`` computes ``matrix @ x`` for every word of ``width`` bits.

    Whatever the registers hold, the word follows the network's gap, ``missing`` clocks shorter and with zeros in all but its
    first clock. Its sign is repeated up to the width of the results; what comes out later is not asked.
    """
    network = SerialNetwork(SerialNetworkPlan(graph, digit))
    growth = int(np.abs(matrix).sum(axis=1).max()).bit_length()
    digits = -(-(width + growth) // digit)
    settle = network.plan.gap - missing
    proof = Proof(network, settle + digits + network.plan.latency)
    wide = digits * digit
    x = [z3.BitVec(f"x{k}", width) for k in range(graph.inputs)]
    claims, setting = [], []
    for clock in range(proof.clocks):
        inside = settle <= clock < settle + digits
        setting.append(proof.wire("clear", clock) != inside)
        if not clock:
            continue
        word = proof.wire("i", clock)
        for j in range(digit):
            for k, value in enumerate(x):
                place = (clock - settle) * digit + j
                bit = z3.Extract(min(place, width - 1), min(place, width - 1), value) if inside else z3.BitVecVal(0, 1)
                setting.append(z3.Extract(j * graph.inputs + k, j * graph.inputs + k, word) == bit)
    wanted = products(matrix, [z3.SignExt(wide - width, value) for value in x])
    rows = len(matrix)
    for place in range(wide):
        word = proof.wire("o", settle + network.plan.latency + place // digit)
        for k, (want, negate) in enumerate(zip(wanted, network.negated)):
            at = place % digit * rows + k
            claims.append(z3.Extract(at, at, word) == z3.Extract(place, place, -want if negate else want))
    return proof.counterexample(z3.Implies(z3.And(*setting), z3.And(*claims)))


@pytest.mark.parametrize("matrix, digit", [(hadamard(4, 4).matrix(), 1), (random_matrix(4, [-1, 0, 1], 3), 1),
                                           (random_matrix(3, range(-4, 4), 3), 2)], ids=["hadamard", "ternary", "codes-2"])
def test_the_serial_network_is_its_matrix_for_every_word(matrix, digit):
    graph = matrix_graph(matrix)
    assert serial_differs(graph, matrix, digit, 3) is None
    assert serial_differs(wrong_sign(graph, len(graph.adders) - 1), matrix, digit, 3) is not None


@pytest.mark.parametrize("digit", [1, 2, 3])
def test_the_gap_of_a_serial_network_is_enough(digit):
    graph = matrix_graph(SHIFTED_TWICE)
    assert serial_differs(graph, SHIFTED_TWICE, digit, 3) is None


@pytest.mark.parametrize("digit", [1, 2])
def test_the_gap_of_a_serial_network_is_not_a_clock_too_long(digit):
    graph = matrix_graph(SHIFTED_TWICE)
    assert serial_differs(graph, SHIFTED_TWICE, digit, 3, missing=1) is not None
