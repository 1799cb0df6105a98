# SPDX-License-Identifier: BSD-2-Clause
"""The torch module against its definition, stepped cell by cell, in every form that it has."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from hadam_hw.errors import ModelError
from hadam_hw.layer import Activation
from hadam_hw.quantize import quantize_codes
from hadam_hw.readout import Pooling
from hadam_hw.train.last_state import dense_recurrence
from hadam_hw.train.network import HadamRNN, Quantise
from hadam_hw.train.scan import Read
from hadam_hw.train.settings import Kind, Settings, Signs

PLAIN = Settings(task="any", hidden=16, block=8, v_init=0.5, seed=3)
FORMS = {
    "last": {}, "leak": dict(leak=2), "full": dict(block=16), "small-blocks": dict(block=2), "sum": dict(readout=Pooling.SUM),
    "every": dict(readout=Pooling.EVERY), "relu": dict(activation=Activation.RELU), "two-layers": dict(layers=2),
    "two-layers-sum": dict(layers=2, readout=Pooling.SUM, leak=1), "adam": dict(signs=Signs.ADAM),
    "leaks": dict(readout=Pooling.SUM, leaks="0-4"), "two-layers-leaks": dict(readout=Pooling.SUM, leaks="2-5", layers=2),
    "three-layers": dict(layers=3), "four-relu-layers-every": dict(
        layers=4, activation=Activation.RELU, readout=Pooling.EVERY, block=4),
    "tokens": dict(readout=Pooling.SUM), "tokens-two-layers": dict(layers=2), "tokens-last": {},
}


def definition(network, x, settings):
    """Logits by one dense product a step."""
    for k, layer in enumerate(network.layers):
        matrix, weight = dense_recurrence(layer.gains(), settings.block), layer.weight(True)
        drive = weight[x] if network.vocabulary and not k else x @ weight.t()
        state, reached = torch.zeros(len(x), settings.hidden), []
        for t in range(x.shape[1]):
            state = state @ matrix.t() + drive[:, t] + layer.bias
            state = torch.relu(state) if settings.activation is Activation.RELU else state
            reached.append(state)
        x = torch.relu(torch.stack(reached, 1))
    read = {Pooling.LAST: x[:, -1], Pooling.EVERY: x, Pooling.SUM: x.mean(1)}[settings.readout]
    return read @ Quantise.apply(network.output_weight, settings.u_bits).t() + network.output_bias


@pytest.mark.parametrize("form", FORMS)
def test_outputs_and_gradients_are_those_of_stepping(form):
    settings = replace(PLAIN, **FORMS[form])
    vocabulary = 7 if form.startswith("tokens") else 0
    network = HadamRNN(2, 3, settings, vocabulary).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for layer in network.layers:
            layer.bias += 0.3 * torch.randn(layer.bias.shape, generator=generator)
    x = torch.randint(0, 7, (4, 9), generator=generator) if vocabulary else torch.randn(4, 9, 2, generator=generator)
    toward = torch.randn(network(x).shape, generator=generator)
    gradients = []
    for logits in (network(x), definition(network, x, settings)):
        gradients.append((logits, torch.autograd.grad((logits * toward).sum(), list(network.parameters()))))
    (fast, fast_gradients), (slow, slow_gradients) = gradients
    torch.testing.assert_close(fast, slow, rtol=1e-4, atol=1e-5)
    for (name, _), one, other in zip(network.named_parameters(), fast_gradients, slow_gradients, strict=True):
        scale = other.abs().max().item()
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4 * scale, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("bits", range(1, 9))
def test_the_codes_in_the_loop_are_those_of_the_model(bits):
    weight = torch.randn(5, 7, generator=torch.Generator().manual_seed(bits))
    codes, scale = quantize_codes(weight.numpy(), bits)
    assert np.array_equal(Quantise.apply(weight, bits).numpy(), (codes * scale).astype(np.float32))


def test_nine_layers_are_refused():
    with pytest.raises(ModelError, match="Layers must be between 1 and 8, not 9"):
        HadamRNN(1, 2, replace(PLAIN, layers=9))


def test_an_offset_is_one_number_a_channel_while_training():
    network = HadamRNN(3, 2, replace(PLAIN, offset=0.25, noise=0.0))
    seen, x = [], torch.randn(400, 7, 3)
    network.layers[0].read = lambda x, *_, **__: seen.append(x) or torch.zeros(len(x), PLAIN.hidden)
    torch.manual_seed(0)
    network(x)
    added = seen[0] - x
    assert (added - added[:, :1]).abs().max() < 1e-5 and abs(added.std().item() - 0.25) < 0.02
    assert abs(torch.corrcoef(added[:, 0].t())[0, 1]) < 0.2
    network.eval()
    network(x)
    assert torch.equal(seen[1], x)


def test_tokens_cannot_be_offset():
    with pytest.raises(ModelError, match="Offset must be 0 where inputs are tokens, not 0.1"):
        HadamRNN(16, 2, replace(PLAIN, offset=0.1), vocabulary=9)


@pytest.mark.parametrize("changes, leaks", [
    (dict(recurrence=Kind.OSCILLATORS, block=2, leaks="2-5"), range(2, 6)),
    (dict(recurrence=Kind.OSCILLATORS, block=2, leak=3), (3,)), (dict(block=4, leaks="1-3"), range(1, 4))], ids=str)
def test_oscillators_and_leaks_a_unit_step_as_their_recurrence_says(changes, leaks):
    settings = Settings("any", 16, **{"readout": Pooling.SUM} | changes)
    network = HadamRNN(3, 4, settings)
    layer, = network.layers
    recurrence = layer.recurrence()
    assert set(np.unique(recurrence.leaks)) == set(leaks)
    x = torch.randn(5, 9, 3, generator=torch.Generator().manual_seed(0))
    matrix, state, total = recurrence.dense() * 2.0**-recurrence.shift(0), np.zeros((5, 16)), 0
    weight, bias = (value.detach().numpy().astype(float) for value in (layer.input_weight, layer.bias))
    for step in range(9):
        state = state @ matrix.T + x[:, step].numpy() @ weight.T + bias
        total = total + np.maximum(state, 0)
    found = layer.read(x, False, Read.MEAN).detach().numpy()
    np.testing.assert_allclose(found, total / 9, rtol=1e-4, atol=1e-5)
    assert HadamRNN(3, 4, settings).layers[0].recurrence().arrays().keys() == recurrence.arrays().keys()
    other = HadamRNN(3, 4, replace(settings, seed=1))
    assert not np.array_equal(other.layers[0].recurrence().dense(), recurrence.dense())
