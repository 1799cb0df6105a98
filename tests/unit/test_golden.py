# SPDX-License-Identifier: BSD-2-Clause
"""The golden model against a definition in fractions, and the fast run against the plain one."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from hadam_hw import golden
from hadam_hw.errors import ModelError
from hadam_hw.fixed import Rounding
from hadam_hw.form import form_of
from hadam_hw.layer import Activation
from hadam_hw.model import Model
from hadam_hw.model_file import load_model, model_bytes
from hadam_hw.readout import Dense, Pooling, Requantization
from hadam_hw.recurrence import Hadamard
from tests.models_for_tests import random_model
from tests.unit.test_fixed import exact

SHIPPED = sorted((Path(__file__).resolve().parents[2] / "models").glob("*.npz"))
SHAPES = {
    "even": dict(size=8, block=4), "odd": dict(size=8, block=8), "full": dict(size=16, block=16, frac=2),
    "ternary": dict(size=9, ternary=True, multiplier=3, shift_bits=4), "vector": dict(size=8, inputs=3, input_signed=True),
    "integer": dict(size=9, entries=(-8, 7), shift_bits=5), "integer-wide": dict(size=5, entries=(-128, 127), multiplier=3,
                                                                                shift_bits=10, frac=-2),
    "saturating": dict(size=8, block=4, state_width=5, frac=-3, input_width=4), "wide": dict(size=8, state_width=24, frac=8),
    "relu": dict(size=8, block=4, activation=Activation.RELU),
    "relu-odd": dict(size=8, block=8, activation=Activation.RELU, frac=2),
    "leak": dict(size=8, block=4, leak=2, frac=-1), "leak-odd": dict(size=8, block=8, leak=12),
    "leaks": dict(size=8, block=4, leak=[0, 1, 2, 3, 4, 5, 6, 7], frac=-1),
    "leaks-odd": dict(size=8, block=8, leak=[2, 5, 12, 1, 0, 3, 3, 2], wires=True),
    "wires": dict(size=8, block=4, wires=True), "wires-leak-odd": dict(size=8, block=2, wires=True, leak=3),
    "blocks-of-1": dict(size=6, block=1), "wires-alone": dict(size=6, block=1, wires=True, leak=1, frac=2),
    "hidden": dict(size=8, block=4, hidden=((5, 4, 9, 4),)), "hidden-odd": dict(size=8, block=8, hidden=((5, 4, 8, 3),)),
    "hidden-three": dict(size=8, block=4, wires=True, hidden=((6, 8, 10, 6), (9, 1, 0, 8), (4, 2, 5, 1))),
    "hidden-wide": dict(size=8, state_width=24, frac=8, hidden=((5, 8, 19, 8),)),
}


def by_fractions(model, inputs):
    """States and outputs in real numbers of exact fractions, from the contract's words."""
    states, outputs, pool = [], [], [0] * model.top.size
    current = [[0] * layer.size for layer in model.layers]
    for index, x in enumerate(inputs.tolist()):
        p = model.phase_of(index)
        for k, layer in enumerate(model.layers):
            current[k] = step_by_fractions(layer, current[k], x, p)
            x = [max(z, 0) for z in current[k]]
        pool = [min(total + z, 2 ** (model.top.state.width - 1 + model.readout.pool_bits) - 1) for total, z in zip(pool, x)]
        states.append(current[-1])
        outputs.append(readout_by_fractions(model.readout, pool if model.pooling is Pooling.SUM else current[-1], p))
    return states, outputs


def step_by_fractions(layer, state, x, p):
    """The new state of one layer."""
    phase, shift, f, new = layer.phases[p], layer.recurrence.shift(p), layer.state.frac, []
    fine, matrix = max(f + shift, phase.input_frac), layer.recurrence.matrix().tolist()
    for unit in range(layer.size):
        value = sum(r * z for r, z in zip(matrix[unit], state)) * Fraction(2) ** (-f - shift)
        value += sum(int(c) * v for c, v in zip(phase.input_codes[unit], x)) * Fraction(2) ** -phase.input_frac
        value += int(phase.bias[unit]) * Fraction(2) ** -fine
        pre = value * 2**fine if fine >= 0 else value / 2**-fine
        assert pre.denominator == 1
        rounded = exact(int(pre), fine - f, layer.rounding)
        least = 0 if layer.activation is Activation.RELU else layer.state.minimum
        new.append(max(least, min(layer.state.maximum, rounded)))
    return new


def readout_by_fractions(readout, vector, p):
    """``Y`` of a state or a pool: relu first, but not where hidden stages follow a state."""
    if readout.pooling is Pooling.SUM or len(readout.stages) == 1:
        vector = [max(value, 0) for value in vector]
    for k, stage in enumerate(readout.stages):
        bias = stage.biases[0 if k else p].tolist()
        vector = [sum(c * value for c, value in zip(row, vector)) + b * 2**stage.bias_shift
                  for row, b in zip(stage.codes.tolist(), bias)]
        if k < len(readout.stages) - 1:
            s, width = stage.requantization.shift, stage.requantization.width
            vector = [min(exact(max(value, 0), s, Rounding.HALF_UP), 2**width - 1) for value in vector]
    return vector


def inputs_of(model, *shape):
    return np.random.default_rng(1).integers(model.input.minimum, model.input.maximum + 1, (*shape, model.inputs))


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("name", SHAPES)
def test_trace_is_the_contract(name, rounding):
    model = random_model(outputs=3, rounding=rounding, seed=2, **SHAPES[name])
    inputs = inputs_of(model, 7)
    trace = golden.trace(model, inputs)
    states, outputs = by_fractions(model, inputs)
    assert trace.states.tolist() == states and trace.outputs.tolist() == outputs
    if name == "saturating":
        assert trace.saturations.sum() > 3


@pytest.mark.parametrize("name, emit", [
    (name, emit) for name, shape in SHAPES.items() for emit in Pooling
    if emit is not Pooling.SUM or random_model(outputs=1, **shape).top.recurrence.phases == 1])
def test_run_equals_trace(name, emit):
    model = random_model(outputs=3, emit=emit, rounding=Rounding.HALF_EVEN, seed=2, **SHAPES[name])
    inputs = inputs_of(model, 5, 9)
    run = golden.run(model, inputs)
    for k, sequence in enumerate(inputs):
        trace = golden.trace(model, sequence)
        assert np.array_equal(run.outputs[k], trace.outputs if emit is Pooling.EVERY else trace.outputs[-1])
        assert np.array_equal(run.states[k], trace.states[-1])
        assert run.saturations[k] == trace.saturations.sum()


@pytest.mark.parametrize("pooling", list(Pooling))
@pytest.mark.parametrize("depth", [2, 3, 8])
def test_many_layers_are_the_contract(depth, pooling):
    """Of every kind of recurrence in turn, below two stages."""
    kinds = [dict(size=8, block=4), dict(size=6, ternary=True, multiplier=3, shift_bits=4), dict(size=8, block=1, wires=True)]
    model = random_model(outputs=1, seed=5, state_width=9, inputs=2, input_width=4, **kinds[0])
    for k in range(1, depth):
        last = dict(outputs=3, emit=pooling, hidden=((5, 4, 7, 4),)) if k == depth - 1 else dict(outputs=1)
        above = random_model(seed=5 + k, state_width=9, inputs=model.top.size, input_width=8, input_bits=1, bias_range=30,
                             **kinds[k % 3], **last)
        model = above.above(*model.layers)
    inputs = inputs_of(model, 3, 6)
    run = golden.run(model, inputs)
    for k, sequence in enumerate(inputs):
        trace = golden.trace(model, sequence)
        states, outputs = by_fractions(model, sequence)
        assert trace.states.tolist() == states and trace.outputs.tolist() == outputs
        assert run.outputs[k].tolist() == (outputs if pooling is Pooling.EVERY else outputs[-1])
        assert run.states[k].tolist() == states[-1] and run.saturations[k] == trace.saturations.sum()
    assert len(np.unique(run.outputs)) > 4


@pytest.mark.parametrize("pooling", [Pooling.LAST, Pooling.SUM])
def test_float_run_follows_wide_words_through_wires_and_stages(pooling):
    """Two layers whose words are fine and never saturate, below stages whose activations neither saturate."""
    rng = np.random.default_rng(4)
    lower = random_model(size=8, block=4, wires=True, outputs=1, input_width=4, state_width=16, frac=3, bias_range=5, seed=7)
    upper = random_model(size=8, block=1, wires=True, outputs=1, inputs=8, input_width=15, input_bits=1, leak=1, seed=8,
                         state_width=30, frac=4, bias_range=5)
    shift, pool_bits = (13, 4) if pooling is Pooling.SUM else (12, 0)
    hidden = Dense(codes=rng.integers(-8, 8, (6, 8)), bits=4, biases=(rng.integers(-9, 9, 6),), bias_shift=7,
                   requantization=Requantization(shift, 8))
    last = Dense(codes=rng.integers(-8, 8, (3, 6)), bits=4, biases=(rng.integers(-9, 9, 3),))
    model = upper.above(lower.top).with_readout(stages=(hidden, last), pooling=pooling, pool_bits=pool_bits)
    inputs = inputs_of(model, 20, 12)
    run, wanted = golden.run(model, inputs), golden.float_run(model, inputs)
    activations = model.with_readout(stages=(hidden, Dense(codes=np.eye(6, dtype=np.int64), bits=4, biases=([0] * 6,))))
    assert not run.saturations.any() and 100 < golden.run(activations, inputs).outputs.max() < 255
    unit = 2.0 ** (shift - upper.top.state.frac)  # of an activation, and so of Y
    # six activations, each wrong by half a unit and by a little from the states, times codes of up to 8
    assert np.abs(run.outputs * unit - wanted).max() < 30 * unit < 0.1 * np.abs(wanted).max()


@pytest.mark.parametrize("activation", list(Activation))
@pytest.mark.parametrize("block", [4, 8])
def test_a_fine_state_follows_the_real_recurrence_through_both_phases(block, activation):
    model = Model.from_arrays(
        recurrence=Hadamard(8, block, np.random.default_rng(1).choice([-1, 1], 8)), activation=activation,
        input_weight=np.random.default_rng(2).integers(-8, 8, (8, 1)), output_weight=np.eye(8, dtype=np.int64),
        input_width=4, input_signed=True, state_width=28, state_frac=16, input_frac=20, bias=np.linspace(-3, 3, 8))
    for steps in (6, 7):
        inputs = inputs_of(model, 1, steps)
        scale = model.readout.scales[model.phase_of(steps - 1)]
        state = golden.run(model, inputs).outputs[0] * scale
        assert np.abs(state - golden.float_run(model, inputs)[0]).max() < 0.01
        assert np.abs(state).max() > 10


def test_the_lowest_index_among_the_largest():
    assert golden.classify(np.array([[1, 5, 5], [2, 2, 1]])).tolist() == [1, 0]


def test_a_single_output_has_two_classes_by_its_sign():
    assert golden.classify(np.array([[-3], [0], [1]])).tolist() == [0, 0, 1]
    assert golden.classify(np.array([[[-1.5], [0.5]]])).tolist() == [[0, 1]]
    assert int(golden.classify(np.array([7]))) == 1


@pytest.mark.parametrize("outputs, count", [(1, 2), (2, 2), (3, 3)])
def test_a_model_has_names_for_each_class_or_none(outputs, count):
    model = random_model(size=4, outputs=outputs)
    names = tuple("abc"[:count])
    assert model.class_count == count and model.with_readout(classes=names).classes == names
    with pytest.raises(ModelError, match=f"Classes must be {count} names or none, not {count - 1}"):
        model.with_readout(classes=names[1:])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_models_carry_their_exact_answers(path):
    model = load_model(path)
    outputs = golden.run(model, model.vectors.inputs).outputs
    last = outputs[:, -1] if model.pooling is Pooling.EVERY else outputs
    assert len(last) >= 4 and np.array_equal(last, model.vectors.outputs)
    assert (golden.classify(last) == model.vectors.labels).mean() > 1 / model.class_count  # better than chance
    scores = model.provenance  # of a drawn layer whose read-out was made in integers there is no other score
    made_of_integers = len(model.readout.stages) > 1 or "ridge" in scores.notes
    assert scores.float_score is None and made_of_integers or abs(scores.integer_score - scores.float_score) <= 0.5


def test_models_of_several_tasks_are_shipped():
    assert len({load_model(path).provenance.task for path in SHIPPED}) >= 4


def test_a_leak_is_one_less_a_power_of_two():
    signs = np.array([1, -1, -1, 1])
    leaky, whole = Hadamard(4, 4, signs, 3), Hadamard(4, 4, signs)
    assert np.array_equal(leaky.matrix(), 7 * whole.matrix()) and leaky.shift(0) == whole.shift(0) + 3
    state = np.array([5, -2, 100, 7])
    assert np.array_equal(leaky.apply(state), leaky.matrix() @ state) and leaky.gain == 28


def test_leaks_of_units_are_those_of_the_whole_shrunk_by_one_less_a_power_of_two():
    signs, leaks = np.array([1, -1, -1, 1]), [0, 1, 2, 5]
    leaky, whole = Hadamard(4, 4, signs, leaks), Hadamard(4, 4, signs)
    shrunk = [[1 - 2.0**-leak if leak else 1] for leak in leaks]
    assert (leaky.matrix() / 2**leaky.shift(0) == shrunk * (whole.matrix() / 2)).all()


def test_equal_leaks_are_one():
    plain = random_model(size=4, block=4, leak=3, outputs=2)
    for leaks in ([3] * 4, (3, 3, 3, 3), np.full(4, 3, np.uint8), np.array(3)):
        model = plain.with_top(recurrence=replace(plain.top.recurrence, leak=leaks))
        assert model.top.recurrence.leak == 3 and model_bytes(model) == model_bytes(plain) and form_of(model).schema == 3


def test_leaks_of_units_count_in_bits():
    assert Hadamard(4, 4, [1, 1, 1, 1], [5, 0, 1, 2]).bits == 4 * (1 + 3)
    assert Hadamard(4, 4, [1, 1, 1, 1], 5).bits == 4


@pytest.mark.parametrize("leak", [-1, 13])
def test_a_leak_out_of_range_is_refused(leak):
    with pytest.raises(ModelError, match="Leak must be between 0 and 12"):
        Hadamard(4, 4, [1, 1, 1, 1], leak)


def test_a_pool_saturates_at_its_end():
    model = random_model(size=8, block=4, outputs=3, emit=Pooling.SUM, pool_bits=1, frac=3, seed=3)
    sequence, = inputs_of(model, 1, 30)
    trace = golden.trace(model, sequence)
    pool = np.minimum(np.maximum(trace.states, 0).cumsum(axis=0), 2**12 - 1)  # 11 bits of a rectified state and one more
    assert (pool[-1] == 2**12 - 1).any() and (pool[-1] < 2**12 - 1).any()
    assert np.array_equal(trace.outputs, model.readout(pool, 0))


@pytest.mark.parametrize(("shape", "message"), [
    (dict(block=8, pool_bits=3), "one phase for emit = sum, as with blocks of 1, 4, 16, 64, 256 or 1024"),
    (dict(block=4, pool_bits=0), "between 1 and 16 extra bits, not 0"), (dict(block=4, pool_bits=17), "not 17")])
def test_a_pool_that_cannot_be_is_refused(shape, message):
    with pytest.raises(ModelError, match=message):
        random_model(size=8, outputs=2, emit=Pooling.SUM, **shape)


def test_tokens_are_rows_of_the_table():
    table = np.random.default_rng(0).integers(-8, 8, (11, 2))
    model = random_model(size=8, block=4, outputs=3, inputs=2, input_width=4, input_signed=True).replace(table=table)
    tokens = np.random.default_rng(1).integers(0, 11, (4, 6))
    run = golden.run(model, tokens)
    assert np.array_equal(run.outputs, golden.run(model, table[tokens]).outputs)
    assert np.array_equal(golden.float_run(model, tokens), golden.float_run(model, table[tokens]))
    assert model.model_bits == model.replace(table=None).model_bits + 11 * 2 * 4
    with pytest.raises(ModelError, match="Tokens must be between 0 and 10, not between 0 and 11"):
        golden.run(model, np.array([[0, 11]]))
    with pytest.raises(ModelError, match="Table must be rows of 2 integers between -8 and 7"):
        model.replace(table=table + 1)
    with pytest.raises(ModelError, match="must have a table to take tokens"):
        model.replace(table=None).embed(tokens)
