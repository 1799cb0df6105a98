# SPDX-License-Identifier: BSD-2-Clause
"""Training end to end on a tiny task: it learns, resumes to the same numbers, and Ctrl-C keeps the best."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from hadam_hw import golden
from hadam_hw.errors import DataError
from hadam_hw.layer import Activation, InputFormat
from hadam_hw.readout import Pooling
from hadam_hw.train.export import finish, to_model
from hadam_hw.train.fit import fit, network_of
from hadam_hw.train.scores import integers, percent
from hadam_hw.train.settings import Kind, Settings, Signs
from hadam_hw.train.tasks import Sequences, Task

SETTINGS = Settings(task="steps", hidden=16, block=8, epochs=4, batch=20, lr=2e-2)


@pytest.fixture(scope="module")
def task():
    """Three classes of 12 steps: which third of the sequence is loud."""
    rng = np.random.default_rng(5)

    def draw(count):
        labels = rng.integers(0, 3, count)
        inputs = rng.integers(0, 40, (count, 12, 1))
        for sequence, label in zip(inputs, labels, strict=True):
            sequence[4 * label:4 * label + 4] += 180
        return Sequences(inputs.astype(np.int64), labels)

    return Task("steps", draw(400), draw(100), draw(100), InputFormat(1, 8, False), 1 / 255, ("a", "b", "c"), "drawn")


def _same(one, other):
    return all(np.array_equal(one.parameters[name], other.parameters[name]) for name in one.parameters)


def test_it_learns_and_a_killed_run_resumes_to_the_same_numbers(task, tmp_path):
    whole = fit(task, SETTINGS, tmp_path / "whole")
    assert whole.validation_score > 80 and whole.epochs == 4

    def killed(epoch):
        if epoch.epoch == 2:
            raise SystemError("the machine went away")

    with pytest.raises(SystemError):
        fit(task, SETTINGS, tmp_path / "killed", on_epoch=killed)
    seen = []
    resumed = fit(task, SETTINGS, tmp_path / "killed", on_epoch=lambda epoch: seen.append(epoch.epoch))
    assert seen == [3, 4]
    assert resumed.validation_score == whole.validation_score and _same(resumed, whole)


def test_a_checkpoint_of_other_settings_is_ignored(task, tmp_path):
    fit(task, replace(SETTINGS, epochs=1), tmp_path / "c")
    seen = []
    fit(task, replace(SETTINGS, epochs=1, seed=9), tmp_path / "c", on_epoch=lambda epoch: seen.append(epoch.epoch))
    assert seen == [1]


def test_ctrl_c_keeps_the_best(task, tmp_path):
    steps = iter(range(10**6))

    def interrupt():
        if next(steps) == 30:  # in the second epoch of 20 steps
            raise KeyboardInterrupt

    cut = fit(task, SETTINGS, tmp_path / "cut", on_step=interrupt)
    assert cut.interrupted and cut.epochs == 1
    with pytest.raises(KeyboardInterrupt):  # nothing to keep yet
        fit(task, SETTINGS, tmp_path / "none", on_step=lambda: (_ for _ in ()).throw(KeyboardInterrupt))


@pytest.mark.parametrize("changes, least", [
    (dict(readout=Pooling.SUM, block=4), 80),
    (dict(readout=Pooling.SUM, block=4, leak=2, shift=1, noise=0.05, dropout=0.1), 60),
    (dict(readout=Pooling.SUM, block=4, leaks="2-5"), 60), (dict(readout=Pooling.SUM, block=4, layers=2, leaks="0-3"), 60),
    (dict(activation=Activation.RELU), 60), (dict(state_bits=8, state_in_loop=True, u_bits=6), 80),
    (dict(signs=Signs.FLIPS), 80),
    (dict(signs=Signs.ADAM, sign_lr=1e-3), 60), (dict(v_bits=1, u_bits=1), 50),
    (dict(layers=2, block=4), 60), (dict(layers=3, block=4, hidden=32, readout=Pooling.SUM, leak=1), 60),
    (dict(layers=2, block=4, readout=Pooling.SUM, leak=1, state_in_loop=True), 60),
    (dict(readout=Pooling.SUM, block=4, leak=2, stages="12:4:8", decay=0.01), 80),
    (dict(readout=Pooling.SUM, block=4, layers=2, leak=1, stages="12:4:8", clip=1.0, lr=1e-2, batch=10), 60),
    (dict(readout=Pooling.SUM, block=4, leak=2, stages="12:3:6,8:4:8", dropout=0.1, clip=1.0), 80),
    (dict(readout=Pooling.SUM, block=4, leaks="1-3", stages="12:4:8"), 80),
    (dict(readout=Pooling.SUM, recurrence=Kind.OSCILLATORS, block=2, leaks="1-3", stages="12:4:8"), 80),
    (dict(readout=Pooling.SUM, recurrence=Kind.OSCILLATORS, block=2, leak=1, layers=2, lr=1e-2), 60)], ids=str)
def test_every_kind_learns_and_what_is_best_are_its_integers(task, changes, least, tmp_path):
    settings = replace(SETTINGS, epochs=6, **changes)
    epochs = []
    fitted = fit(task, settings, tmp_path / "c", on_epoch=epochs.append)
    model = finish(network_of(task, settings), task, settings, fitted, "")
    assert fitted.validation_score == max(epoch.validation_integer for epoch in epochs) >= least
    assert percent(golden.run(model, task.validation.inputs).outputs, task.validation.labels) == fitted.validation_score
    assert model.provenance.integer_score == percent(golden.run(model, task.test.inputs).outputs, task.test.labels)
    assert abs(model.provenance.integer_score - model.provenance.float_score) <= 3
    if settings.signs is Signs.FLIPS:
        assert sum(epoch.flips for epoch in epochs)


def test_a_clipped_gradient_is_no_longer_than_its_limit(task, tmp_path, monkeypatch):
    norms = []
    step = torch.optim.AdamW.step

    def observed(self):
        gradients = [value.grad.flatten() for group in self.param_groups for value in group["params"]]
        norms.append(torch.cat(gradients).norm().item())
        return step(self)

    monkeypatch.setattr(torch.optim.AdamW, "step", observed)
    fit(task, replace(SETTINGS, epochs=1), tmp_path / "free")
    assert max(norms) > 1.01 * min(norms)
    limit = sorted(norms)[len(norms) // 2]
    norms.clear()
    fit(task, replace(SETTINGS, epochs=1, clip=limit), tmp_path / "clipped")
    assert 0.99 * limit < max(norms) <= 1.0001 * limit


@pytest.mark.parametrize("layers", [1, 2])
def test_tokens_learn_through_a_table(layers, tmp_path):
    rng = np.random.default_rng(7)

    def draw(count):
        """Which of the tokens 1 and 2 there are more of, among others and behind padding."""
        inputs = rng.integers(1, 9, (count, 11, 1)).astype(np.int32)
        inputs[:, :3] = 0
        more = (inputs == 1).sum(axis=(1, 2)) - (inputs == 2).sum(axis=(1, 2))
        return Sequences(inputs[more != 0], (more > 0)[more != 0].astype(np.int64))

    task = Task("count", draw(600), draw(200), draw(200), None, 1.0, ("fewer", "more"), "drawn", vocabulary=9)
    settings = replace(SETTINGS, block=4, readout=Pooling.SUM, leak=1, epochs=8, v_bits=6, layers=layers)
    model = finish(network_of(task, settings), task, settings, fit(task, settings, tmp_path / "c"), "")
    assert model.table.shape == (9, 16) and len(model.layers) == layers and model.provenance.integer_score > 85
    outputs = golden.run(model, integers(task, task.test.inputs)).outputs
    assert model.provenance.integer_score == percent(outputs, task.test.labels)
    assert (golden.run(model, model.vectors.inputs).outputs == model.vectors.outputs).all()
    with pytest.raises(DataError, match="stretch must be 0 where inputs are tokens, not 0.1"):
        fit(task, replace(settings, stretch=0.1), tmp_path / "d")


def test_the_integers_decide_and_float_only_among_equals(task, tmp_path, monkeypatch):
    seen, scores = [], iter([(90.0, 50.0), (60.0, 70.0), (95.0, 65.0), (61.0, 70.0)])

    def validate(network, *_):
        seen.append(network.output_weight.detach().clone().numpy())
        return next(scores)

    monkeypatch.setattr("hadam_hw.train.fit._validate", validate)
    kept = fit(task, SETTINGS, tmp_path / "c")
    assert kept.validation_score == 70 and np.array_equal(kept.parameters["output_weight"], seen[3])
    assert not np.array_equal(seen[1], seen[3])


def test_stages_of_every_step_learn(tmp_path):
    rng = np.random.default_rng(7)

    def draw(count):
        """Whether the input of each step is far from 0: no line can tell that, and stages take signed states."""
        inputs = rng.integers(-9, 10, (count, 6, 1)).astype(np.int8)
        return Sequences(inputs, (np.abs(inputs[..., 0].astype(np.int64)) > 5).astype(np.int64))

    task = Task("large", draw(600), draw(200), draw(200), InputFormat(1, 8, True), 1 / 9, ("small", "large"), "drawn",
                every_step=True)
    settings = replace(SETTINGS, block=4, readout=Pooling.EVERY, leak=1, stages="12:4:8", epochs=8, u_bits=6)
    network = network_of(task, settings)
    fitted = fit(task, settings, tmp_path / "c")
    model = finish(network, task, settings, fitted, "")
    assert model.readout.stages[0].requantization.width == 8 and not model.readout.rectified
    outputs = golden.run(model, task.test.inputs).outputs
    assert model.provenance.integer_score == percent(outputs, task.test.labels) > 30


@pytest.mark.parametrize("readout", [Pooling.SUM, Pooling.EVERY])
def test_the_forward_pass_of_trained_stages_is_that_of_the_integers(task, readout):
    """But for the rounding of states, which the network does not have."""
    network = network_of(task, replace(SETTINGS, block=4, readout=readout, leak=2, stages="12:4:8", state_bits=20))
    settings, inputs = network.settings, task.test.inputs
    with torch.no_grad():
        network.layers[0].input_weight *= 3.7  # codes stay, and so must all that follows
        network.eval()
        found = network(torch.from_numpy(inputs.astype(np.float32)) * task.scale).numpy()
        unit = network.stages.log_scale.exp().item()
    model = to_model(network, task, settings)
    expected = golden.run(model, inputs).outputs * unit
    assert np.abs(found - expected).max() < 0.02 * np.abs(expected).max()
