# SPDX-License-Identifier: BSD-2-Clause
"""Kept states: computed once, and again as soon as layer or inputs are others."""

import numpy as np
import pytest

from hadam_hw.cache import Cache
from hadam_hw.fixed import FixedPoint, Rounding
from hadam_hw.layer import Activation, InputFormat, Layer, Phase
from hadam_hw.recurrence import Hadamard
from hadam_hw.train import state_cache
from hadam_hw.train.state_cache import kept_states
from hadam_hw.train.states import last_states

SIGNS = np.array([1, -1, 1, 1, -1, 1, -1, 1])
CODES = np.arange(-4, 4)[:, None]
INPUTS = np.random.default_rng(0).integers(0, 256, (6, 11, 1)).astype(np.uint8)


def layer(**changes):
    arguments = dict(block=4, signs=SIGNS, wires=None, codes=CODES, bias=np.zeros(8, int), width=10, frac=-1,
                     rounding=Rounding.HALF_UP, activation=Activation.LINEAR) | changes
    return Layer(recurrence=Hadamard(8, arguments["block"], arguments["signs"], wires=arguments["wires"]),
                 input=InputFormat(1, 8, False), state=FixedPoint(arguments["width"], arguments["frac"]),
                 rounding=arguments["rounding"], activation=arguments["activation"],
                 phases=(Phase(arguments["codes"], 0, arguments["bias"]),))


@pytest.fixture
def computed(monkeypatch):
    """The calls of the kernel."""
    calls = []

    def counted(*given, **options):
        calls.append(given)
        return last_states(*given, **options)

    monkeypatch.setattr(state_cache, "last_states", counted)
    return calls


def test_the_second_time_they_are_read(tmp_path, computed):
    first = kept_states(layer(), INPUTS, Cache(tmp_path))
    again = kept_states(layer(), INPUTS.copy(), Cache(tmp_path))
    expected = last_states(layer(), INPUTS)
    assert len(computed) == 1 and first[0].dtype == np.int16
    for found in (first, again):
        assert np.array_equal(found[0], expected[0]) and found[1] == expected[1]


def test_pools_are_kept_beside_states(tmp_path, computed):
    kept = [kept_states(layer(), INPUTS, Cache(tmp_path), summed=summed)[0] for summed in (False, True, True)]
    assert len(computed) == 2 and np.array_equal(kept[0], last_states(layer(), INPUTS)[0])
    assert all(np.array_equal(pools, last_states(layer(), INPUTS, summed=True)[0]) for pools in kept[1:])


@pytest.mark.parametrize("changes", [
    dict(signs=-SIGNS), dict(wires=np.roll(np.arange(8), 1)), dict(block=1), dict(codes=-CODES), dict(bias=np.arange(8)),
    dict(width=9), dict(width=20), dict(frac=0), dict(rounding=Rounding.FLOOR), dict(activation=Activation.RELU)], ids=str)
def test_another_layer_is_computed(changes, tmp_path, computed):
    kept_states(layer(), INPUTS, Cache(tmp_path))
    found, _ = kept_states(layer(**changes), INPUTS, Cache(tmp_path))
    assert len(computed) == 2 and np.array_equal(found, last_states(layer(**changes), INPUTS)[0])


@pytest.mark.parametrize("inputs", [INPUTS[::-1], INPUTS[:5], INPUTS.reshape(6, 11, 1)[:, ::-1], INPUTS ^ 1])
def test_other_inputs_are_computed(inputs, tmp_path, computed):
    kept_states(layer(), INPUTS, Cache(tmp_path))
    found, _ = kept_states(layer(), inputs, Cache(tmp_path))
    assert len(computed) == 2 and np.array_equal(found, last_states(layer(), inputs)[0])
