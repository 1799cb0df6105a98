# SPDX-License-Identifier: BSD-2-Clause
"""Frequencies of oscillators: what is chosen is what brute force finds, better than drawn; the layer uses its words."""

from dataclasses import replace

import numpy as np
import pytest

from hadam_hw.cache import Cache
from hadam_hw.errors import DataError
from hadam_hw.layer import InputFormat
from hadam_hw.oscillators import Oscillators, oscillations
from hadam_hw.train import draw, frequencies
from hadam_hw.train.draw import drawn_layer, pair_codes
from hadam_hw.train.fit_stages import fit_stages
from hadam_hw.train.frequencies import HIGHEST, LOWEST, RIDGE, chosen_oscillations, drawn_oscillations, last_state_kernel
from hadam_hw.train.settings import Drive, Kind, Settings, Wires
from hadam_hw.train.states import last_states
from hadam_hw.train.tasks import Sequences, Task

SETTINGS = Settings(task="tones", hidden=8, block=2, recurrence=Kind.OSCILLATORS, stages="12:4:8", u_bits=6, epochs=6, batch=20,
                    lr=1e-2)


@pytest.fixture(scope="module")
def task():
    """Four classes of 40 steps and two channels: a period each, in a quarter of the phases, and noise."""
    rng = np.random.default_rng(3)

    def draw_sequences(count):
        labels = rng.integers(0, 4, count)
        phases = rng.uniform(0, np.pi / 2, (count, 1))
        tones = np.sin(2 * np.pi * np.arange(40) / (3 + 2 * labels[:, None]) + phases)
        channels = np.stack([tones, np.roll(tones, 3, axis=1)], axis=2) * 100 + rng.uniform(-20, 20, (count, 40, 2))
        return Sequences(np.int64(128 + channels), labels)

    return Task("tones", draw_sequences(600), draw_sequences(100), draw_sequences(100), InputFormat(2, 8, False), 1 / 255,
                ("a", "b", "c", "d"), "drawn")


def _share(inputs, labels, pairs, drives):
    """The definition: ridge regression of the classes on the stepped last state, its pairs made equally loud."""
    recurrence = Oscillators.of(pairs)
    matrix, state = recurrence.matrix() * 2.0 ** -recurrence.shift(0), np.zeros((len(inputs), recurrence.size))
    codes = np.zeros((recurrence.size, inputs.shape[2]))
    codes[0::2] = drives
    for step in range(inputs.shape[1]):
        state = state @ matrix.T + inputs[:, step] @ codes.T
    state -= state.mean(0)
    state /= np.sqrt((state**2).mean(0).reshape(-1, 2).mean(1)).repeat(2)
    classes = np.eye(labels.max() + 1)[labels]
    classes -= classes.mean(0)
    products, targets = state.T @ state / len(state), state.T @ classes / len(state)
    weights = np.linalg.solve(products + RIDGE * np.eye(len(products)), targets)
    return (weights * targets).sum() / ((classes**2).sum() / len(state))


@pytest.mark.parametrize("columns", [1, 2])
def test_each_choice_is_the_one_that_brute_force_finds(task, columns):
    inputs, labels = task.train.inputs[..., :columns], task.train.labels
    rng = np.random.default_rng(1)
    drives = rng.normal(size=(3, columns)) if columns > 1 else np.ones((3, 1))
    chosen, shares = chosen_oscillations(inputs, labels, drives, rng)
    for count in range(1, 4):
        all_shares = [_share(inputs, labels, [*chosen[:count - 1], pair], drives[:count]) for pair in oscillations()]
        assert shares[count - 1] == pytest.approx(max(all_shares), rel=1e-6)
        assert _share(inputs, labels, chosen[:count], drives[:count]) == pytest.approx(max(all_shares), rel=1e-9)


def test_what_is_chosen_explains_more_than_what_is_drawn(task):
    drives = np.ones((4, 1))
    inputs, labels = task.train.inputs[..., :1], task.train.labels
    chosen, shares = chosen_oscillations(inputs, labels, drives, np.random.default_rng(0))
    drawn = [_share(inputs, labels, drawn_oscillations(4, np.random.default_rng(seed)), drives) for seed in range(30)]
    assert shares[-1] > 0.75 and shares[-1] >= max(drawn) and shares == sorted(shares)


def test_no_pair_is_like_another_as_long_as_there_are_others(task):
    inputs, known = task.train.inputs[..., :1], oscillations()[::24]
    chosen, _ = chosen_oscillations(inputs, task.train.labels, np.ones((16, 1)), np.random.default_rng(0), known)
    assert len(known) == 13 and len(set(chosen[:13])) == len(set(chosen)) == 13


def test_hundreds_of_pairs_of_few_numbers_add_nothing_and_break_nothing(task):
    drives = np.ones((60, 1))
    _, shares = chosen_oscillations(task.train.inputs[:, :10, :1], task.train.labels, drives, np.random.default_rng(0))
    assert len(shares) == 60 and shares[-1] <= 1 and np.diff(shares).min() >= -1e-9


@pytest.mark.parametrize("inputs, labels", [
    (np.full((9, 5, 1), 7), np.arange(9) % 2), (np.arange(45).reshape(9, 5, 1), np.zeros(9, int))])
def test_silent_inputs_and_one_class_are_no_trap(inputs, labels):
    chosen, shares = chosen_oscillations(inputs, labels, np.ones((2, 1)), np.random.default_rng(0))
    assert len(chosen) == 2 and shares == [0, 0]


def test_the_kernel_is_the_last_state():
    known, drive = oscillations()[::40], np.array([2.0, -1.0])
    inputs = np.random.default_rng(0).normal(size=(7, 2))
    recurrence = Oscillators.of(known)
    matrix, state = recurrence.matrix() * 2.0 ** -recurrence.shift(0), np.zeros(recurrence.size)
    for x in inputs:
        state = matrix @ state
        state[0::2] += drive @ x
    assert np.allclose(inputs.ravel() @ last_state_kernel(known, drive, 7), state)


def test_drawn_frequencies_are_log_uniform():
    found = np.array([pair.frequency for pair in drawn_oscillations(2000, np.random.default_rng(0))])
    assert found.min() == oscillations()[0].frequency and HIGHEST - 0.1 < found.max() < HIGHEST + 0.1
    middle = np.sqrt(LOWEST * HIGHEST)
    assert 0.45 < (found < middle).mean() < 0.55


def test_pairs_are_made_equally_loud_by_codes():
    one = pair_codes(np.ones((4, 1)), np.array([800, 350, 20, 0]), 4, Drive.ONE)
    assert one[:, 0].tolist() == [1, 0, 2, 0, 4, 0, 4, 0]
    assert pair_codes(np.ones((2, 1)), np.array([800, 20]), 1, Drive.ONE)[:, 0].tolist() == [1, 0, 1, 0]
    drives = np.array([[0.6, -0.8], [1.0, 0.0]])
    mixed = pair_codes(drives, np.array([900, 225]), 4, Drive.ALL)
    assert mixed[1::2].tolist() == [[0, 0], [0, 0]] and mixed[2, 0] == 7 and (mixed[0] == [1, -2]).all()
    assert pair_codes(drives, np.array([900, 1]), 2, Drive.ALL)[0].any()  # quantised to nothing, its largest number is kept


@pytest.mark.parametrize("changes", [dict(), dict(drive=Drive.ONE), dict(leak=3), dict(v_bits=1)], ids=str)
def test_a_drawn_layer_saturates_nearly_never_and_uses_its_words(task, changes):
    layer = drawn_layer(replace(SETTINGS, **changes), task.format, task.train.inputs, task.train.labels)
    states, saturations = last_states(layer, task.train.inputs)
    assert layer.recurrence.kind == "oscillators" and saturations == 0 and np.abs(states).max() > layer.state.maximum >> 2
    assert layer.phases[0].input_codes[0::2].any(axis=1).all() and not layer.phases[0].input_codes[1::2].any()


def test_long_sequences_and_no_labels_are_drawn(task, monkeypatch):
    chosen = drawn_layer(SETTINGS, task.format, task.train.inputs, task.train.labels).recurrence.pairs
    drawn = drawn_layer(SETTINGS, task.format, task.train.inputs).recurrence.pairs
    monkeypatch.setattr(draw, "LONGEST", 79)
    assert drawn_layer(SETTINGS, task.format, task.train.inputs, task.train.labels).recurrence.pairs == drawn != chosen
    monkeypatch.setattr(frequencies, "oscillations", lambda: oscillations()[:1])
    assert len(set(drawn_layer(SETTINGS, task.format, task.train.inputs).recurrence.pairs)) == 1


def test_stages_behind_oscillators_learn(task, tmp_path):
    fitted = fit_stages(task, SETTINGS, tmp_path / "c", Cache(tmp_path / "states"))
    assert fitted.validation_score > 95 and fitted.layer.recurrence.kind == "oscillators"


@pytest.mark.parametrize("changes, words", [
    (dict(stages=""), "readout must be sum or every for oscillators where V is trained"),
    (dict(block=4), "block must be 2 for oscillators"),
    (dict(wires=Wires.DRAWN), "wires none, not 2 and drawn"), (dict(hidden=7), "hidden must be even for oscillators")])
def test_settings_that_contradict_each_other(changes, words):
    with pytest.raises(DataError, match=words):
        replace(SETTINGS, **changes).check()
