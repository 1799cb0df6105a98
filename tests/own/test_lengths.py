# SPDX-License-Identifier: BSD-2-Clause
"""Sequences of several lengths in one batch: each has the integers that the golden model has of it alone."""

from itertools import product

import numpy as np
import pytest

from hadam_hw import golden
from hadam_hw.errors import DataError
from hadam_hw.fixed import Rounding
from hadam_hw.layer import InputFormat
from hadam_hw.lengths import BATCH, batches, padded, rests_at_zero
from hadam_hw.predict import scores_of
from hadam_hw.readout import Pooling
from hadam_hw.train import states
from hadam_hw.train.draw import drawn_layer
from hadam_hw.train.own.pools import pools
from hadam_hw.train.settings import Fit, Kind, Settings
from tests.models_for_tests import random_model


def drawn(rng, kind, rounding):
    """(a drawn layer of two inputs, sequences of 1 to 40 steps)."""
    sequences = [rng.integers(-128, 128, (int(rng.integers(1, 40)), 2)) for _ in range(30)]
    settings = Settings(task="own", hidden=16, block=2 if kind is Kind.OSCILLATORS else 4, recurrence=kind, fit=Fit.RIDGE,
                        leak=int(rng.integers(1, 5)), rounding=rounding, seed=int(rng.integers(100)))
    return drawn_layer(settings, InputFormat(2, 8, True), padded(sequences)), sequences


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("kind", list(Kind))
def test_pools_are_those_at_each_sequences_own_length(kind, compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(states, "state_kernel", None)
    rng = np.random.default_rng([7, compiled])
    for pooling, rounding in product((Pooling.SUM, Pooling.LAST), Rounding):
        layer, sequences = drawn(rng, kind, rounding)
        found, saturated = pools(layer, pooling, sequences)
        state_of = [_defined(layer, codes) for codes in sequences]
        wanted = [summed if pooling is Pooling.SUM else np.maximum(last, 0) for last, summed, _ in state_of]
        assert np.array_equal(found, wanted)
        assert saturated == sum(events for _, _, events in state_of)


def _defined(layer, codes):
    """(last state, sum of the rectified states, saturations) by the definition."""
    state, summed, saturated = np.zeros(layer.size, np.int64), np.zeros(layer.size, np.int64), 0
    for x in codes:
        state, events = golden.step(layer, state, x.astype(np.int64), 0)
        summed, saturated = summed + np.maximum(state, 0), saturated + int(events)
    return state, summed, saturated


@pytest.mark.parametrize("block", [4, 8])
def test_scores_of_any_model_are_those_at_each_sequences_own_length(block):
    rng = np.random.default_rng(block)
    model = random_model(size=16, block=block, inputs=2, outputs=3, input_width=8, input_signed=True, seed=block)
    assert not rests_at_zero(model.layers)  # it has biases, or two phases
    sequences = [rng.integers(-128, 128, (int(rng.integers(1, 12)), 2)) for _ in range(20)]
    wanted = [golden.run(model, codes[None]).outputs[0] for codes in sequences]
    assert np.array_equal(scores_of(model, sequences), wanted)
    with pytest.raises(DataError, match="must have no biases"):
        pools(model.top, Pooling.LAST, sequences)


def test_batches_hold_each_sequence_once_and_little_padding():
    lengths = np.random.default_rng(1).integers(1, 3000, 3 * BATCH)
    found = list(batches(lengths))
    assert sorted(np.concatenate(found)) == list(range(len(lengths)))
    assert all(len(one) <= BATCH and lengths[one].max() <= 1.25 * lengths[one].min() for one in found)
    assert all(len(set(lengths[one])) == 1 for one in batches(lengths, longer=1))


def test_padding_stands_in_front():
    together = padded([np.array([[1], [2], [300]]), np.array([[-5]])])
    assert together[..., 0].tolist() == [[1, 2, 300], [0, 0, -5]]
    assert padded([np.array([[-128]]), np.array([[127]])]).dtype == np.int8
