# SPDX-License-Identifier: BSD-2-Clause
"""The baselines: their equations and gradients against stepping, their bytes, their training on a tiny task, their command."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from hadam_hw.cli import run_cli
from hadam_hw.errors import DataError, UsageError
from hadam_hw.model import InputFormat
from hadam_hw.train.baselines.__main__ import main
from hadam_hw.train.baselines.fit import Budget, train
from hadam_hw.train.baselines.networks import KINDS, FastGrnn, Gru, Lstm, Orthogonal, OrthogonalSum, width_for_bytes
from hadam_hw.train.export import float_score
from hadam_hw.train.tasks import Sequences, Task, load_task

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def task():
    """Two classes of 10 steps in two channels: which half is loud."""
    rng = np.random.default_rng(8)

    def draw(count):
        labels = rng.integers(0, 2, count)
        inputs = rng.integers(-20, 20, (count, 10, 2)).astype(np.int8)
        for sequence, label in zip(inputs, labels):
            sequence[5 * label:5 * label + 5] += 60
        return Sequences(inputs, labels)

    return Task("halves", draw(200), draw(60), draw(60), InputFormat(2, 8, True), 1 / 40, ("a", "b"), "drawn")


def _doubles(kind, inputs, width, classes):
    torch.manual_seed(2)
    network = KINDS[kind](inputs, width, classes).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return network, torch.randn(4, 7, inputs, dtype=torch.float64, requires_grad=True)


def _compare(network, x, one, other):
    toward = torch.randn_like(one.detach())
    torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)
    wanted = [x, *(parameter for name, parameter in network.named_parameters() if not name.startswith("output"))]
    gradients = [torch.autograd.grad((value * toward).sum(), wanted) for value in (one, other)]
    for fast, stepped in zip(*gradients):
        torch.testing.assert_close(fast, stepped, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize(("inputs", "width"), [(1, 1), (3, 6)])
def test_fastgrnn_compiled_is_stepped_with_its_gradients(inputs, width):
    network, x = _doubles("fastgrnn", inputs, width, 2)
    _compare(network, x, network.features(x), network.stepped_features(x))


@pytest.mark.parametrize(("inputs", "width"), [(1, 6), (3, 5)])
def test_the_orthogonal_kernel_is_stepping(inputs, width):
    network, x = _doubles("orthogonal", inputs, width, 2)
    matrix = network.matrix()
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(width, dtype=torch.float64), rtol=0, atol=1e-12)
    state = torch.zeros(4, width, dtype=torch.float64)
    for step in x.unbind(1):
        state = state @ matrix.T + step @ network.input_weight.T + network.bias
    _compare(network, x, network.features(x), torch.relu(state))


@pytest.mark.parametrize("leak", [0, 2])
def test_the_sum_of_states_is_stepping(leak):
    network, x = _doubles("orthogonal-sum", 2, 5, 3)
    network.leak = leak
    matrix, state, total = network.matrix(), torch.zeros(4, 5, dtype=torch.float64), 0
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(5, dtype=torch.float64) * (1 if leak == 0 else 0.75**2))
    for step in x.unbind(1):
        state = state @ matrix.T + step @ network.input_weight.T + network.bias
        total = total + torch.relu(state)
    _compare(network, x, network.features(x), total / x.shape[1])


def test_bytes_are_those_of_the_weights():
    for kind, cls, spare in (("lstm", Lstm, 4 * 7), ("gru", Gru, 2 * 7), ("fastgrnn", FastGrnn, 0),
                             ("orthogonal", Orthogonal, 0), ("orthogonal-sum", OrthogonalSum, 0)):
        network = KINDS[kind](3, 7, 5)
        assert type(network) is cls
        held = sum(parameter.numel() for parameter in network.parameters())
        assert network.model_bytes == 4 * (held - spare), kind  # PyTorch's gates have a second bias that adds nothing


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_width_is_the_greatest_with_so_many_bytes(kind):
    for limit in (400, 3000, 20_000):
        width = width_for_bytes(kind, 9, 6, limit)
        assert KINDS[kind].bytes_of(9, width, 6) <= limit < KINDS[kind].bytes_of(9, width + 1, 6)
    least = KINDS[kind].bytes_of(9, 1, 6)
    assert width_for_bytes(kind, 9, 6, least) == 1
    with pytest.raises(UsageError, match=f"at least {least} for a {kind}"):
        width_for_bytes(kind, 9, 6, least - 1)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_learns_and_says_what_it_did(kind, task):
    budget = Budget(epochs=6, batch=20, lrs=(1e-4, 3e-2), seed=1)
    seen = []
    record = train(task, kind, 6, budget, lambda lr, epoch, loss, score: seen.append((lr, epoch, score)))
    assert record["test"] > 80
    assert [entry[:2] for entry in seen] == [(lr, epoch) for lr in budget.lrs for epoch in range(1, 7)]
    best = max(seen, key=lambda entry: entry[2])
    assert record["validation"] == best[2] and record["lr"] == best[0]
    again = train(task, kind, 6, budget)
    assert {**record, "seconds": 0} == {**again, "seconds": 0}


def test_the_noise_is_as_strong_as_the_budget_says(task, monkeypatch):
    seen, build = [], KINDS["orthogonal"]

    def observed(*arguments):
        network = build(*arguments)
        network.register_forward_pre_hook(lambda module, given: seen.append(given[0]) if module.training else None)
        return network

    monkeypatch.setitem(KINDS, "orthogonal", observed)
    monkeypatch.setattr("hadam_hw.train.baselines.fit.float_score", lambda *_: (1.0, 1.0))
    silent = replace(task, train=Sequences(np.zeros_like(task.train.inputs), task.train.labels))
    train(silent, "orthogonal", 4, Budget(epochs=1, lrs=(1e-3,), noise=0.3))
    assert abs(torch.cat(seen).std().item() - 0.3) < 0.02


def test_only_validation_chooses_and_the_test_set_is_seen_once(task, monkeypatch):
    looked = []
    monkeypatch.setattr("hadam_hw.train.baselines.fit.float_score",
                        lambda network, task, sequences: looked.append(sequences) or float_score(network, task, sequences))
    train(task, "orthogonal", 4, Budget(epochs=2, lrs=(1e-3, 1e-2)))
    assert looked == [task.validation] * 4 + [task.test]


def test_the_network_of_the_best_epoch_is_kept(task, monkeypatch):
    seen, fakes = [], iter([50.0, 70.0, 60.0, 65.0, 1.0])

    def fake(network, task, sequences):
        seen.append([parameter.detach().clone() for parameter in network.parameters()])
        return next(fakes), 0.0

    monkeypatch.setattr("hadam_hw.train.baselines.fit.float_score", fake)
    record = train(task, "orthogonal", 4, Budget(epochs=4, batch=50, lrs=(1e-2,)))
    assert record["validation"] == 70 and record["test"] == 1
    assert all(torch.equal(tested, best) for tested, best in zip(seen[4], seen[1]))
    assert not any(torch.equal(tested, last) for tested, last in zip(seen[4], seen[3]))


@pytest.mark.parametrize("change", [{"format": None, "vocabulary": 9}, {"every_step": True}])
def test_tokens_and_labels_at_every_step_are_refused(change, task):
    with pytest.raises(DataError, match="must have vector inputs and one label"):
        train(replace(task, **change), "gru", 2, Budget(epochs=1))


def test_the_command(pictures, capsys):
    arguments = ["--task", "smnist", "--kind", "orthogonal", "--data", str(pictures), "--epochs", "1", "--lr", "0.01"]
    assert run_cli(main, [*arguments, "--bytes", "500", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["bytes"] <= 500 and record["width"] == width_for_bytes("orthogonal", 1, 10, 500) and record["lrs"] == [0.01]
    assert record["task"] == load_task("smnist", pictures).name
    assert run_cli(main, [*arguments, "--width", "3"]) == 0
    assert "orthogonal of 3 units" in capsys.readouterr().out


@pytest.mark.parametrize(("more", "words"), [
    (["--bytes", "10"], "at least"), ([], "--bytes --width is required"), (["--width", "0"], "must be a whole number"),
    (["--width", "3", "--kind", "transformer"], "invalid choice"),
    (["--width", "3", "--task", "nothing"], "Task must be one of"),
    (["--width", "3", "--task", "copy:9:2"], "must have vector inputs")])
def test_bad_input_is_one_line(more, words, pictures, capsys):
    assert run_cli(main, ["--task", "smnist", "--kind", "gru", "--data", str(pictures), *more]) == 1
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
