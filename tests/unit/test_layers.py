# SPDX-License-Identifier: BSD-2-Clause
"""Models of several layers: the definition, the fast run, the file, and what is refused."""

import io
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from hadam_hw import golden
from hadam_hw.errors import ModelError, ModelFileError
from hadam_hw.fixed import Rounding, round_shift
from hadam_hw.layer import Activation, InputFormat, Layer
from hadam_hw.model import Model, TestVectors
from hadam_hw.model_file import load_model, model_bytes, save_model
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Hadamard, Ternary
from tests.models_for_tests import random_model, random_stack

SHAPES = {
    "hadamard": dict(lower=dict(size=8, block=4, inputs=2), upper=dict(size=16, block=16, outputs=3)),
    "ternary": dict(lower=dict(size=5, ternary=True), upper=dict(size=9, ternary=True, multiplier=3, outputs=2)),
    "relu": dict(lower=dict(size=4, block=4, frac=-3), upper=dict(size=8, block=4, outputs=2, state_width=14),
                 activation=Activation.RELU, rounding=Rounding.HALF_EVEN),
}


def stack(name, seed):
    """Two layers of a shape, or three, the middle one of which is as the upper one of "hadamard"."""
    if name != "three":
        return random_stack(seed=seed, **SHAPES[name])
    top = random_model(size=4, block=1, wires=True, outputs=2, inputs=16, input_width=11, input_bits=1, seed=seed)
    return top.above(*random_stack(seed=seed, **SHAPES["hadamard"]).layers)


def inputs_of(model, *shape):
    return np.random.default_rng(1).integers(model.input.minimum, model.input.maximum + 1, (*shape, model.inputs))


def by_hand(layer, inputs):
    """The states of one layer, unit by unit in Python's integers."""
    phase, states, state = layer.phases[0], [], [0] * layer.size
    matrix = layer.recurrence.matrix().tolist()
    for x in inputs:
        pre = [(sum(r * z for r, z in zip(row, state)) << layer.state_shift(0))
               + (sum(c * v for c, v in zip(codes, x)) << layer.input_shift(0)) + bias
               for row, codes, bias in zip(matrix, phase.input_codes.tolist(), phase.bias.tolist())]
        rounded = round_shift(pre, layer.output_shift(0), layer.rounding).tolist()
        least = 0 if layer.activation is Activation.RELU else layer.state.minimum
        state = [max(least, min(layer.state.maximum, value)) for value in rounded]
        states.append(state)
    return states


@pytest.mark.parametrize("name", [*SHAPES, "three"])
def test_a_layer_takes_the_rectified_states_of_the_one_below_it(name):
    model = stack(name, 3)
    inputs = inputs_of(model, 6)
    taken = inputs.tolist()
    for layer in model.layers:
        states = by_hand(layer, taken)
        taken = [[max(z, 0) for z in state] for state in states]
    trace = golden.trace(model, inputs)
    assert trace.states.tolist() == states
    assert trace.outputs.tolist() == [model.readout(np.array(state), 0).tolist() for state in states]
    assert np.abs(trace.states).max() > 3


@pytest.mark.parametrize("emit", list(Pooling))
@pytest.mark.parametrize("name", [*SHAPES, "three"])
def test_run_equals_trace(name, emit):
    model = stack(name, 4).with_readout(pooling=emit, pool_bits=2 if emit is Pooling.SUM else 0)
    inputs = inputs_of(model, 4, 7)
    run = golden.run(model, inputs)
    for k, sequence in enumerate(inputs):
        trace = golden.trace(model, sequence)
        assert np.array_equal(run.outputs[k], trace.outputs if emit is Pooling.EVERY else trace.outputs[-1])
        assert np.array_equal(run.states[k], trace.states[-1])
        assert run.saturations[k] == trace.saturations.sum()


def from_arrays():
    """Two layers as in docs/numerics.md."""
    rng = np.random.default_rng(0)
    lower = Layer.from_arrays(
        recurrence=Hadamard(16, 4, rng.choice([-1, 1], 16)), input_weight=rng.integers(-8, 8, (16, 1)), input_width=4,
        input_signed=True, state_width=16, state_frac=6)
    upper = Model.from_arrays(
        recurrence=Ternary(rng.integers(-1, 2, (8, 8)), 3, 4), input_weight=rng.choice([-1, 1], (8, 16)), input_bits=1,
        input_width=15, input_signed=False, output_weight=rng.integers(-8, 8, (2, 8)), state_width=28, state_frac=6,
        classes=("left", "right"))
    return upper.above(lower)


def test_fine_states_follow_the_real_recurrences():
    model = from_arrays()
    inputs = inputs_of(model, 3, 9)
    # the upper layer counts in the lower one's integers
    run = golden.run(model, inputs).outputs * model.readout.scales[0]
    exact = golden.float_run(model, inputs)
    assert np.abs(exact).max() > 1000 and np.abs(run - exact).max() < 0.01 * np.abs(exact).max()


def test_a_saved_stack_comes_back(tmp_path):
    model = from_arrays()
    inputs = inputs_of(model, 2, 5)
    model = model.replace(vectors=TestVectors(inputs, golden.run(model, inputs).outputs, [0, 1]))
    path = tmp_path / "stack.npz"
    save_model(model, path)
    again = load_model(path)
    assert again.digest == model.digest and model_bytes(again) == path.read_bytes() and again.classes == ("left", "right")
    assert len(again.layers) == 2
    bits = 16 + 16 * 4 + 16 + 8 * 8 * 2 + 8 * 16 + 8 + 16 * 4 + 2
    assert model.model_bytes == -(-bits // 8)


def with_bottom(model, **changes):
    """``model`` with other fields of its first layer."""
    return model.replace(layers=(replace(model.layers[0], **changes), *model.layers[1:]))


def test_every_part_of_the_lower_layer_is_in_the_digest():
    model = from_arrays()
    layer = model.layers[0]
    changed = [dict(rounding=Rounding.FLOOR), dict(activation=Activation.RELU),
               dict(phases=(replace(layer.phases[0], bias=layer.phases[0].bias + 1),)),
               dict(recurrence=Hadamard(16, 4, -layer.recurrence.signs)), dict(input=InputFormat(1, 5, True))]
    assert len({model.digest, *(with_bottom(model, **changes).digest for changes in changed)}) == 1 + len(changed)


@pytest.mark.parametrize("missing", ["lower_recurrent", "lower_bias_0", "lower_input_codes_0"])
def test_a_stack_that_lacks_something_is_refused(missing, tmp_path):
    with np.load(io.BytesIO(model_bytes(from_arrays()))) as archive:
        contents = {name: array for name, array in archive.items() if name != missing}
    path = tmp_path / "stack.npz"
    np.savez(path, **contents)
    with pytest.raises(ModelFileError, match=missing.removeprefix("lower_")):
        load_model(path)


@pytest.mark.parametrize("change, message", [
    (dict(lower=dict(size=8, block=8)), "Layer 0's recurrence must have one phase, not two: .* take blocks of 1, 4, 16, 64"),
    (dict(upper=dict(size=8, block=2, outputs=1)), "Layer 1's recurrence must have one phase, not two"),
])
def test_odd_blocks_are_refused(change, message):
    with pytest.raises(ModelError, match=message):
        random_stack(**dict(lower=dict(size=8, block=4), upper=dict(size=8, block=4, outputs=1)) | change)


def test_what_does_not_fit_together_is_refused():
    lower, = from_arrays().layers[:1]
    wide = random_model(size=8, block=4, outputs=1, inputs=16, input_width=15, input_bits=2)
    for upper, message in [
            (wide, "Layer 1's input matrix must hold only -1, 0 and 1"),
            (wide.with_top(input=InputFormat(16, 16, False)), "16 rectified states below it, unsigned of 15 bits"),
            (random_model(size=8, block=4, outputs=1, inputs=3, input_bits=1), "not 3 unsigned of 8")]:
        with pytest.raises(ModelError, match=message):
            upper.above(lower)
    with pytest.raises(ModelError, match="Layers must be a sequence of Layer"):
        from_arrays().above(random_model(size=16, block=4, outputs=1))


@pytest.mark.parametrize("module, old, new", [
    ("model", "QuantizedModel", "hadam_hw.model.Model"), ("stack", "StackedModel", r"hadam_hw.model.Model\(layers="),
    ("model", "Emit", "hadam_hw.readout.Pooling")])
def test_an_old_name_says_the_new_one(module, old, new):
    with pytest.raises(ImportError, match=f"hadam_hw.{module}.{old} is {new}.* now; see CHANGELOG.md") as caught:
        getattr(import_module(f"hadam_hw.{module}"), old)
    assert "\n" not in str(caught.value)
