# SPDX-License-Identifier: BSD-2-Clause
"""Oscillators: all ways to the product, exact determinant and trace, the frequencies, the file, what is refused."""

from fractions import Fraction

import numpy as np
import pytest

from hadam_hw import golden
from hadam_hw.errors import ModelError, ModelFileError
from hadam_hw.model_file import load_model, save_model
from hadam_hw.oscillators import MAX_REACH, Oscillation, Oscillators, oscillations
from hadam_hw.recurrence import Hadamard, Ternary
from rtl_gen.plan.adder_graph import recurrence_graph
from tests.models_for_tests import random_model

ALL = oscillations(18)


def drawn(pairs, seed, leaks=None):
    rng, known = np.random.default_rng(seed), oscillations()
    return Oscillators.of([known[index] for index in rng.integers(0, len(known), pairs)], leaks)


@pytest.mark.parametrize("pairs, leaks", [
    (1, None), (2, None), (7, None), (32, None), (3, [0, 1, 2]), (3, [1, 1, 1]), (4, [12, 3, 0, 0]), (6, [5] * 6)], ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_all_ways_to_the_product_agree(pairs, leaks, seed):
    recurrence = drawn(pairs, seed, leaks)
    state = np.random.default_rng(seed).integers(-2048, 2048, (20, 2 * pairs))
    wanted = np.empty_like(state)
    for p, pair in enumerate(recurrence.pairs):  # the definition, in exact fractions
        a, b = Fraction(2) ** -pair.shift, Fraction(2) ** -pair.first + pair.sign * Fraction(2) ** -pair.second
        sign = -1 if pair.negated else 1
        kept = 1 - (Fraction(1, 2 ** leaks[p]) if leaks and leaks[p] else 0)
        for row in range(len(state)):
            x, y = map(Fraction, state[row, 2 * p:2 * p + 2].tolist())
            x = x + a * y
            y = y - b * x
            wanted[row, 2 * p:2 * p + 2] = [_whole(value * sign * kept * 2 ** recurrence.shift(0)) for value in (x, y)]
    assert (recurrence.apply(state) == wanted).all()
    assert (state @ recurrence.matrix().T == wanted).all()
    assert (recurrence.products(np.float64)(state.astype(np.float64)) == wanted).all()
    block, columns, coefficients = recurrence.sparse()
    assert block == 1 and ((state[:, columns] * coefficients).sum(-1) == wanted).all()
    assert recurrence.gain == np.abs(recurrence.matrix()).sum(axis=1).max()
    graph = recurrence_graph(recurrence)
    assert (graph.evaluate(state) == wanted).all() and len(graph.adders) == recurrence.adders


def _whole(value):
    assert value.denominator == 1
    return int(value)


@pytest.mark.parametrize("recurrence", [
    Ternary([[0, 1, 0], [0, 0, 0], [-1, 1, 1]], 3, 2), Ternary([[0, 0], [0, 0]]), Hadamard(8, 4, [1, -1] * 4, 2),
    Hadamard(8, 1, [1] * 8, wires=np.roll(np.arange(8), 1))], ids=lambda recurrence: recurrence.words)
def test_sparse_rows_behind_the_transform_are_the_matrix(recurrence):
    block, columns, coefficients = recurrence.sparse()
    transform = Hadamard(recurrence.size, block, np.ones(recurrence.size)).matrix()
    assert ((transform[columns] * coefficients[..., None]).sum(1) == recurrence.matrix()).all()


def test_a_pair_has_determinant_1_and_neither_grows_nor_dies_in_10_000_steps():
    for seed in range(20):
        pair = oscillations()[np.random.default_rng(seed).integers(291)]
        matrix = Oscillators.of([pair]).matrix().astype(object)
        scale = 1 << pair.reach
        determinant = matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]
        trace = Fraction(int(matrix[0, 0] + matrix[1, 1]), scale)
        assert determinant == scale**2 and trace == Fraction(pair.trace) and abs(trace) < 2
        # Exact powers by doubling, numerators of 2**(reach * steps). A step keeps b x**2 + a y**2 + a b x y.
        power, exponent = matrix, 1
        while exponent < 10_000:
            power, exponent = power.dot(power), 2 * exponent
        a, b = Fraction(2) ** -pair.shift, (2 - abs(trace)) * 2**pair.shift
        start = (Fraction(3), Fraction(-2))
        end = [(Fraction(int(row[0])) * start[0] + Fraction(int(row[1])) * start[1]) / scale**exponent for row in power]

        def energy(x, y, a=a, b=b):
            return b * x * x + a * y * y + a * b * x * y

        assert energy(*end) == energy(*start) > 0


def test_the_rounded_state_stays_between_bounds_for_10_000_steps():
    recurrence = drawn(64, 3)
    state, half, sizes = np.tile([1000, 0], 64), 1 << recurrence.shift(0) - 1, []
    for _ in range(10_000):
        state = recurrence.apply(state) + half >> recurrence.shift(0)
        sizes.append(np.abs(state).max())
    assert max(sizes) < 4000 and np.abs(state).reshape(64, 2).max(axis=1).min() > 300


def test_there_are_397_frequencies_and_each_is_the_cheapest_of_its_kind():
    assert len(ALL) == 397 and len(oscillations()) == 291
    assert (np.diff([pair.frequency for pair in ALL]) > 0).all()
    assert max(pair.reach for pair in oscillations()) == MAX_REACH
    quarter = next(pair for pair in ALL if pair.trace == 0)
    assert quarter == Oscillation(0, -1) and quarter.frequency == pytest.approx(np.pi / 2)
    by_trace = {pair.trace: pair for pair in ALL}
    assert by_trace[2 - 2.0**-5] == Oscillation(2, 3)  # not (3, 2), of the same reach
    assert by_trace[2 - 0.75 / 4] == Oscillation(1, 1, 3, -1)  # 3/16 is 1/4 (1/2 + 1/4) too, of the same reach


def test_what_a_pair_is_can_be_asked_back():
    pairs = [Oscillation(3, 3), Oscillation(0, -1, 2, -1, True), Oscillation(8, 3)]
    recurrence = Oscillators.of(pairs, [0, 4, 2])
    assert recurrence.pairs == tuple(pairs) and recurrence.size == 6 and recurrence.shift(0) == 11 + 4
    assert recurrence.words == "3 oscillators, shifts of up to 11, leaks of up to 4"
    assert (recurrence.bits, drawn(3, 0).bits) == (57, 45)
    assert recurrence.frequencies.tolist() == [pair.frequency for pair in pairs]


GOOD = dict(shifts=[3, 1], first=[3, 1], second=[0, 3], second_signs=[0, 1], negated=[0, 1])


@pytest.mark.parametrize("changes, words", [
    (dict(shifts=[9, 1]), "Shifts must lie between 0 and 8, not between 1 and 9"),
    (dict(shifts=[]), "Shifts must be a vector of 1 to 2048 pairs"), (dict(shifts=[[3, 1]]), "not of shape"),
    (dict(shifts=[3.0, 1.0]), "Shifts must hold integers"), (dict(first=[3]), "First digits must be one a pair"),
    (dict(first=[-2, 1]), "First digits must lie between -1 and 9"),
    (dict(second=[0, 11]), "Second digits must lie between 0 and 10"),
    (dict(second=[4, 3]), "Second digit must be smaller"), (dict(second=[0, 1]), "Second digit must be smaller"),
    (dict(second_signs=[0, 2]), "Signs of second digits must lie between -1 and 1"),
    (dict(negated=[0, -1]), "Negations must lie between 0 and 1"),
    (dict(shifts=[8, 1], first=[5, 1]), "must reach 12 bits at most, i \\+ max\\(j, k\\), not 13"),
    (dict(leaks=[1]), "Leaks must be one a pair"), (dict(leaks=[0, 13]), "Leaks must lie between 0 and 12")], ids=str)
def test_what_is_no_pair_is_refused(changes, words):
    with pytest.raises(ModelError, match=words):
        Oscillators(**GOOD | changes)


def test_no_leak_at_all_is_none():
    assert Oscillators(**GOOD, leaks=[0, 0]).leaks is None


@pytest.mark.parametrize("leaks", [None, [3, 0, 1, 5]])
def test_the_file_gives_it_back(tmp_path, leaks):
    model = random_model(size=8, recurrence=drawn(4, 1, leaks), outputs=3)
    save_model(model, tmp_path / "m.npz")
    loaded = load_model(tmp_path / "m.npz")
    assert loaded.digest == model.digest and loaded.top.recurrence.pairs == model.top.recurrence.pairs
    inputs = np.random.default_rng(0).integers(0, 256, (3, 20, 1))
    assert (golden.run(loaded, inputs).outputs == golden.trace(model, inputs[0]).outputs[-1]).all(axis=1)[0]


def test_a_damaged_file_is_one_sentence(tmp_path):
    model = random_model(size=8, recurrence=drawn(4, 1), outputs=3)
    save_model(model, tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as archive:
        arrays = dict(archive)
    np.savez(tmp_path / "lacks.npz", **{name: array for name, array in arrays.items() if name != "layer0_first"})
    with pytest.raises(ModelFileError, match="it lacks 'layer0_first'"):
        load_model(tmp_path / "lacks.npz")
    arrays["layer0_shifts"] = arrays["layer0_shifts"] + 20
    np.savez(tmp_path / "range.npz", **arrays)
    with pytest.raises(ModelFileError, match="Shifts must lie between 0 and 8"):
        load_model(tmp_path / "range.npz")
