# SPDX-License-Identifier: BSD-2-Clause
"""The compiled last states are those of the golden definition: over kinds of layers, widths, roundings and saturations."""

import itertools

import numpy as np
import pytest

from hadam_hw import golden
from hadam_hw.errors import ModelError
from hadam_hw.fixed import FixedPoint, Rounding
from hadam_hw.layer import Activation, InputFormat, Layer, Phase
from hadam_hw.model import Model
from hadam_hw.oscillators import Oscillators, oscillations
from hadam_hw.readout import Pooling, exact_stage
from hadam_hw.recurrence import Hadamard
from hadam_hw.train import states
from hadam_hw.train.draw import drawn_wires
from hadam_hw.train.states import CHECKED, LANES, last_states
from tests.models_for_tests import random_model

OSCILLATORS = Oscillators.of(oscillations()[30:280:50], [0, 3, 0, 1, 5])


def _inputs(layer, count=LANES + 5, steps=23, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(layer.input.minimum, layer.input.maximum, (count, steps, layer.inputs), endpoint=True)


def _layer(block, rounding, frac, *, size=16, width=10, inputs=2, signed=True, leak=0, activation=Activation.LINEAR,
           wired=True):
    """A layer of random codes and biases; with ``wired`` its rows are permuted."""
    rng = np.random.default_rng([size, block, width])
    recurrence = Hadamard(size, block, rng.choice([-1, 1], size), leak, drawn_wires(size, block, rng) if wired else None)
    phases = tuple(Phase(rng.integers(-8, 8, (size, inputs)), 2 * p, rng.integers(-90, 91, size))
                   for p in range(recurrence.phases))
    return Layer(recurrence=recurrence, input=InputFormat(inputs, 8, signed), state=FixedPoint(width, frac), rounding=rounding,
                 phases=phases, activation=activation)


def _steps(layer, inputs):
    """(last states, saturations) by the definition, one step after the other."""
    state, saturations = np.zeros((len(inputs), layer.size), np.int64), 0
    for index in range(inputs.shape[1]):
        state, saturated = golden.step(layer, state, inputs[:, index], layer.phase_of(index))
        saturations += saturated.sum()
    return state, saturations


@pytest.mark.parametrize("block, rounding, frac", list(itertools.product((1, 2, 4, 8, 16), Rounding, (-3, 0, 2))))
def test_wires_blocks_and_roundings(block, rounding, frac):
    layer = _layer(block, rounding, frac)
    inputs = _inputs(layer)
    found, saturations = last_states(layer, inputs)
    expected, counted = _steps(layer, inputs)
    assert np.array_equal(found, expected) and saturations == counted
    assert found.std() > 1


@pytest.mark.parametrize("changes", [
    dict(width=3), dict(width=24), dict(width=32, frac=8), dict(inputs=1, signed=False), dict(leak=3),
    dict(leak=[0, 1, 2, 12] * 4),
    dict(activation=Activation.RELU), dict(wired=False)], ids=str)
@pytest.mark.parametrize("block", [1, 2, 4])
def test_widths_leaks_and_relu(block, changes):
    layer = _layer(block, Rounding.HALF_UP, **{"frac": -3} | changes)
    inputs = _inputs(layer)
    found, saturations = last_states(layer, inputs)
    expected, counted = _steps(layer, inputs)
    assert np.array_equal(found, expected) and saturations == counted


@pytest.mark.parametrize("block, width, steps, activation", [
    (4, 10, 23, Activation.LINEAR), (1, 6, 23, Activation.RELU), (16, 16, 600, Activation.LINEAR)])
def test_pools_are_those_of_the_golden_model(block, width, steps, activation):
    layer = _layer(block, Rounding.HALF_UP, 0 if width > 10 else -3, width=width, leak=3, activation=activation)
    inputs = _inputs(layer, LANES + 5 if steps < 100 else 4, steps)
    model = Model(layers=(layer,), readout=exact_stage(np.eye(16, dtype=int), 1, None, 0, 1, pooling=Pooling.SUM, pool_bits=10))
    run = golden.run(model, inputs)
    found, saturations = last_states(layer, inputs, summed=True)
    assert np.array_equal(found, run.outputs) and saturations == run.saturations.sum()
    assert found.min() >= 0 and (steps < 600 or found.max() > 1 << 16)


def test_saturations_were_met():
    assert last_states(_layer(4, Rounding.HALF_UP, 0, width=6), _inputs(_layer(4, Rounding.HALF_UP, 0, width=6)))[1] > 100


@pytest.mark.parametrize("given", [
    dict(ternary=True), dict(ternary=True, multiplier=5, shift_bits=4), dict(recurrence=OSCILLATORS),
    dict(recurrence=OSCILLATORS, state_width=7, rounding=Rounding.HALF_EVEN, frac=-4)], ids=str)
def test_other_recurrences(given):
    model = random_model(size=10, outputs=2, **given)
    inputs = _inputs(model)
    found, saturations = last_states(model.top, inputs)
    run = golden.run(model, inputs)
    assert np.array_equal(found, run.states) and saturations == run.saturations.sum() and found.std() > 1


def test_portions_are_put_together_and_reported(monkeypatch):
    monkeypatch.setattr(states, "PORTION", 7)
    layer, seen = _layer(4, Rounding.HALF_UP, -3), []
    inputs = _inputs(layer, 24)
    found, saturations = last_states(layer, inputs, progress=lambda *done: seen.append(done))
    expected, counted = _steps(layer, inputs)
    assert np.array_equal(found, expected) and saturations == counted
    assert seen == [(7, 24), (14, 24), (21, 24), (24, 24)]


def test_a_wrong_kernel_is_found(monkeypatch):
    layer = _layer(4, Rounding.HALF_UP, -3)
    compute = states._compiled

    def wrong(*given):
        found, saturations = compute(*given)
        found[-1, 5] += 1
        return found, saturations

    monkeypatch.setattr(states, "_compiled", wrong)
    with pytest.raises(ModelError, match="must be those of the golden definition"):
        last_states(layer, _inputs(layer, CHECKED))


def test_inputs_of_another_format_are_refused():
    layer = _layer(4, Rounding.HALF_UP, -3)
    with pytest.raises(ModelError, match="Inputs must lie between -128 and 127"):
        last_states(layer, np.full((2, 3, 2), 128))
