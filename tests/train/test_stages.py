# SPDX-License-Identifier: BSD-2-Clause
"""Stages behind a drawn layer: their forward pass is the exported read-out, they learn, and a killed training goes on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from hadam_hw import golden
from hadam_hw.cache import Cache
from hadam_hw.errors import ArchitectureError, DataError
from hadam_hw.fixed import Rounding
from hadam_hw.model import InputFormat
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Hadamard
from hadam_hw.train.draw import drawn_codes, drawn_layer, drawn_wires
from hadam_hw.train.fit_stages import fit_stages
from hadam_hw.train.scores import percent
from hadam_hw.train.settings import Drive, Kind, Settings, Signs, Wires
from hadam_hw.train.stage_export import finish_stages
from hadam_hw.train.stages import Stages
from hadam_hw.train.states import last_states
from hadam_hw.train.tasks import Sequences, Task
from hadam_hw.train.tasks.task import Pictures
from rtl_gen.plan.arch import Folded
from rtl_gen.plan.folding import fold

SETTINGS = Settings(task="steps", hidden=16, block=1, wires=Wires.DRAWN, stages="12:4:8", u_bits=6, epochs=4, batch=20, lr=1e-2)


def _draw(rng, count):
    labels = rng.integers(0, 3, count)
    inputs = rng.integers(0, 40, (count, 12, 1))
    for sequence, label in zip(inputs, labels, strict=True):
        sequence[4 * label:4 * label + 4] += 180
    return Sequences(inputs.astype(np.uint8), labels)


@pytest.fixture(scope="module")
def task():
    """Three classes of 12 steps: which third of the sequence is loud."""
    rng = np.random.default_rng(5)
    parts = [_draw(rng, count) for count in (400, 100, 100)]
    return Task("steps", *parts, InputFormat(1, 8, False), 1 / 255, ("a", "b", "c"), "drawn")


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "states")


@pytest.mark.parametrize("size", [2, 3, 16, 128])
@pytest.mark.parametrize("seed", range(3))
def test_drawn_wires_of_blocks_of_one_are_one_cycle(size, seed):
    wires = drawn_wires(size, 1, np.random.default_rng(seed))
    unit, seen = 0, set()
    while unit not in seen:
        seen.add(unit)
        unit = wires[unit]
    assert unit == 0 and len(seen) == size


@pytest.mark.parametrize("size, block, radix", [(64, 4, 4), (64, 2, 2), (128, 64, 8), (24, 8, 8)])
def test_drawn_wires_keep_the_banks_of_a_folded_core(size, block, radix):
    """Any permutation does not, and a folded core says so."""
    signs = np.random.default_rng(1).choice([-1, 1], size)
    wires = [drawn_wires(size, block, np.random.default_rng(5), keep_banks=kept) for kept in (True, False)]
    fold(Hadamard(size, block, signs, wires=wires[0]), Folded(radix))
    assert sorted(wires[0]) == list(range(size)) and (wires[0] != np.arange(size)).any()
    with pytest.raises(ArchitectureError, match="keep every word in its bank"):
        fold(Hadamard(size, block, signs, wires=wires[1]), Folded(radix))


def test_other_drawn_wires_are_permutations():
    wires = [drawn_wires(64, 4, np.random.default_rng(seed)) for seed in range(2)]
    assert all((np.sort(each) == np.arange(64)).all() for each in wires) and not np.array_equal(*wires)


def test_a_ring_driven_at_one_unit_keeps_sums_of_inputs(task):
    settings = replace(SETTINGS, hidden=5, wires=Wires.RING, drive=Drive.ONE)
    layer = drawn_layer(settings, task.format, task.train.inputs)
    states, _ = last_states(layer, task.train.inputs)
    x = task.train.inputs[:, :, 0].astype(np.int64)  # 12 steps: unit k holds those that came k steps before the end, and 5 more
    assert np.array_equal(states, np.stack([x[:, 11 - k::-5].sum(axis=1) for k in range(5)], axis=1))


def test_drawn_codes():
    rng = np.random.default_rng(0)
    for bits, low, high in ((1, -1, 1), (3, -4, 3), (4, -8, 7)):
        codes = drawn_codes(500, 2, bits, Drive.ALL, rng)
        assert codes.shape == (500, 2) and codes.min() == low and codes.max() == high
    one = drawn_codes(8, 3, 4, Drive.ONE, rng)
    assert (one.sum(axis=0) == 1).all() and (one.sum(axis=1) <= 1).all() and one.min() == 0


@pytest.mark.parametrize("block", [1, 4, 16])
@pytest.mark.parametrize("drive", Drive)
def test_a_drawn_layer_saturates_nearly_never_and_uses_its_words(task, block, drive):
    layer = drawn_layer(replace(SETTINGS, block=block, drive=drive), task.format, task.train.inputs)
    states, saturations = last_states(layer, task.train.inputs)
    finest = layer.state.frac == 0 and not layer.recurrence.shift(0)  # no bit is ever dropped
    assert saturations == 0 and (finest or np.abs(states).max() > (layer.state.maximum >> 2))
    assert drawn_layer(replace(SETTINGS, block=block, seed=1), task.format, task.train.inputs).recurrence.signs.tolist() \
        != layer.recurrence.signs.tolist()


@pytest.mark.parametrize("hidden, bits, magnitude", [
    ("7:4:8", 6, 2000), ("7:1:1", 1, 2000), ("7:8:8,5:3:4", 4, 100), ("5:2:3", 8, 3), ("9:4:6", 5, 30000)])
def test_the_forward_pass_is_the_exported_readout(hidden, bits, magnitude):
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    states = (rng.normal(0.3, 0.4, (400, 11)) * magnitude).astype(np.int64)
    sample = torch.from_numpy(states.astype(np.float32))
    stages = Stages(sample, replace(SETTINGS, stages=hidden).hidden_stages, 3, bits, generator)
    first = stages.readout(pooling=Pooling.LAST)
    optimiser = torch.optim.AdamW(stages.groups(0.1), lr=0.05)
    for _ in range(20):
        readout = stages.readout(pooling=Pooling.LAST)
        assert np.array_equal(stages.sums(sample).detach().numpy(), readout(states, 0))
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(stages(sample), torch.from_numpy(rng.integers(0, 3, 400))).backward()
        assert all(value.grad.abs().sum() > 0 for value in stages.parameters())
        optimiser.step()
        stages.settle()
    assert not np.array_equal(readout.stages[0].codes, first.stages[0].codes)


@pytest.mark.parametrize("finer", [3, -2])
def test_states_with_other_fractions_take_other_shifts(finer):
    states = (np.random.default_rng(0).normal(0.3, 0.4, (400, 11)) * 500).astype(np.int64) << 3
    sample = torch.from_numpy(states.astype(np.float32))
    stages = Stages(sample, replace(SETTINGS, stages="7:4:8").hidden_stages, 3, 4, torch.Generator().manual_seed(0))
    here, there = (stages.readout(k, pooling=Pooling.LAST) for k in (0, finer))
    moved = states << finer if finer > 0 else states >> -finer
    assert np.array_equal(here(states, 0), there(moved, 0))
    assert there.stages[0].requantization.shift == here.stages[0].requantization.shift + finer


@pytest.mark.parametrize("changes, least", [
    (dict(), 90), (dict(block=4), 80), (dict(leak=2, rounding=Rounding.FLOOR), 60), (dict(drive=Drive.ONE, dropout=0.1), 90),
    (dict(readout=Pooling.SUM, drive=Drive.ALL, wires=Wires.NONE, block=4, leak=2), 80),
    (dict(wires=Wires.NONE, block=16, decay=0.05, stages="12:3:6,8:4:8"), 60), (dict(stages="24:1:4", v_bits=1), 60)], ids=str)
def test_it_learns_and_what_is_best_are_its_integers(task, cache, changes, least, tmp_path):
    settings, epochs = replace(SETTINGS, epochs=8, **changes), []
    fitted = fit_stages(task, settings, tmp_path / "c", cache, on_epoch=epochs.append)
    states = _defined_vectors(fitted.layer, task.validation.inputs, settings.readout is Pooling.SUM)
    assert fitted.validation_score == max(epoch.validation_integer for epoch in epochs) >= least
    assert percent(fitted.readout(states, 0), task.validation.labels) == fitted.validation_score
    assert fitted.readout.classes == ("a", "b", "c")


def _defined_vectors(layer, inputs, summed):
    state, pool = np.zeros((2, len(inputs), layer.size), np.int64)
    for index in range(inputs.shape[1]):
        state, _ = golden.step(layer, state, inputs[:, index].astype(np.int64), layer.phase_of(index))
        pool += np.maximum(state, 0)
    return pool if summed else state


def _codes(fitted):
    return [(stage.codes.tolist(), stage.biases[0].tolist()) for stage in fitted.readout.stages]


def test_a_killed_training_goes_on_to_the_same_integers(task, cache, tmp_path):
    settings = replace(SETTINGS, dropout=0.2)
    whole = fit_stages(task, settings, tmp_path / "whole", cache)

    def killed(epoch):
        if epoch.epoch == 2:
            raise SystemError("the machine went away")

    with pytest.raises(SystemError):
        fit_stages(task, settings, tmp_path / "killed", cache, on_epoch=killed)
    seen = []
    resumed = fit_stages(task, settings, tmp_path / "killed", cache, on_epoch=lambda epoch: seen.append(epoch.epoch))
    assert seen == [3, 4] and _codes(resumed) == _codes(whole) and resumed.validation_score == whole.validation_score
    fit_stages(task, replace(settings, seed=3), tmp_path / "killed", cache, on_epoch=lambda epoch: seen.append(epoch.epoch))
    assert seen == [3, 4, 1, 2, 3, 4]


def test_ctrl_c_keeps_the_best(task, cache, tmp_path):
    steps = iter(range(10**6))

    def interrupt():
        if next(steps) == 30:  # in the second epoch of 20 steps
            raise KeyboardInterrupt

    cut = fit_stages(task, SETTINGS, tmp_path / "cut", cache, on_step=interrupt)
    assert cut.interrupted and cut.epochs == 1
    with pytest.raises(KeyboardInterrupt):  # nothing to keep yet
        fit_stages(task, SETTINGS, tmp_path / "none", cache, on_step=lambda: (_ for _ in ()).throw(KeyboardInterrupt))


@pytest.mark.parametrize("changes", [dict(shift=1), dict(warp=0.1), dict(shift=1, warp=0.1)])
def test_moved_and_warped_copies_take_turns_and_their_states_are_kept(changes, task, cache, tmp_path):
    sequences = task.train
    moved = Pictures(sequences.inputs, sequences.labels, rows=3, order=np.arange(12))
    task, settings, seen = replace(task, train=moved), replace(SETTINGS, copies=3, **changes), []
    fit_stages(task, settings, tmp_path / "a", cache, on_states=lambda done, total: seen.append(done))
    assert seen == [400] * 3  # of each copy once; copy 0 comes twice
    fit_stages(task, settings, tmp_path / "b", cache, on_states=lambda done, total: seen.append(done))
    assert seen == [400] * 3


@pytest.mark.parametrize("changes, words", [
    (dict(readout=Pooling.EVERY, drive=Drive.ALL), "readout must be last or sum where the recurrence is drawn, not every"),
    (dict(readout=Pooling.SUM), "wires must be left alone where V is trained"),
    (dict(noise=0.1), "noise must be left alone where the recurrence is drawn"),
    (dict(signs=Signs.SEARCHED), "signs must be fixed"),
    (dict(copies=4), "copies must be 1, or more with a shift"), (dict(copies=0, shift=1), "copies must be between 1"),
    (dict(block=8), "block must be 1, 4, 16, 64 ... where stages are given, not 8"),
    (dict(wires=Wires.RING, block=4), "wires must be drawn, any or none for blocks of 4"),
    (dict(stages=","), "at least"), (dict(stages="12:4"), "stages must be units:code bits:activation bits"),
    (dict(stages="12:4:x"), "not '12:4:x'"), (dict(stages=""), "wires must be left alone where V is trained"),
    (dict(stages="", wires=Wires.NONE, decay=0.1), "decay must be left alone without stages"),
    (dict(stages="", wires=Wires.NONE, block=2, recurrence=Kind.OSCILLATORS), "readout must be sum or every for oscillators"),
    (dict(folds=1), "folds must be 0, or 2 or more, not 1"), (dict(until=5), "until must be 0, or without folds an epoch of 4"),
    (dict(until=2, folds=2), "until must be 0, or without folds an epoch of 4, not 2")])
def test_settings_that_contradict_each_other(changes, words, task, cache, tmp_path):
    with pytest.raises(DataError, match=words):
        fit_stages(task, replace(SETTINGS, **changes), tmp_path / "c", cache)


@pytest.mark.parametrize("changes", [dict(vocabulary=9), dict(every_step=True)], ids=str)
def test_tasks_of_other_kinds_are_refused(changes, task, cache, tmp_path):
    with pytest.raises(DataError, match="Task steps must have vectors and a label a sequence where stages are given"):
        fit_stages(replace(task, **changes), SETTINGS, tmp_path / "c", cache)


def test_the_model_has_the_integers_of_the_training(task, cache, tmp_path):
    fitted = fit_stages(task, replace(SETTINGS, epochs=1), tmp_path / "c", cache)
    model = finish_stages(task, SETTINGS, fitted, cache, "a command")
    expected = fitted.readout(last_states(fitted.layer, task.test.inputs)[0], 0)
    assert np.array_equal(golden.run(model, task.test.inputs).outputs, expected) and model.classes == ("a", "b", "c")
    assert model.provenance.integer_score == 100 * (golden.classify(expected) == task.test.labels).mean()


@pytest.mark.parametrize("block", [2, 8])
def test_a_drawn_layer_of_two_phases_keeps_the_states_of_real_numbers(block, task):
    settings = replace(SETTINGS, block=block, wires=Wires.NONE, stages="", drive=Drive.ALL, state_bits=16)
    layer = drawn_layer(settings, task.format, task.train.inputs)
    assert len(layer.phases) == 2
    weight, exact = layer.recurrence.matrix() / block**0.5, np.zeros((100, settings.hidden))
    for step in range(12):
        exact = exact @ weight.T + task.test.inputs[:, step] @ layer.phases[0].input_codes.T
    states = last_states(layer, task.test.inputs)[0] * 2.0**-layer.state.frac
    assert np.abs(states - exact).max() < 0.01 * np.abs(exact).max()
