# SPDX-License-Identifier: BSD-2-Clause
"""Checkpoints as people have them: other networks, other wrappings, another format; against modules that compute the same."""

import json
import os

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn.utils import parametrize

from hadam_hw import golden
from hadam_hw.cli import run_cli
from hadam_hw.command import main
from hadam_hw.errors import DataError, ModelFileError
from hadam_hw.float_network import Calibration, convert
from hadam_hw.integer_rnn import scaled
from hadam_hw.layer import Activation
from hadam_hw.model_file import load_model
from hadam_hw.networks import Network, load_network
from hadam_hw.quantize import Coded
from hadam_hw.recurrence import Ternary
from hadam_hw.train.tasks import load_task
from hadam_hw.verbs.check import check
from tests.train.task_files import write_all
from tests.train.test_import import Codes, Signed, saved
from tests.train.test_import import Network as OneLayer

torch.set_num_threads(1)
F64 = torch.float64
SIZE, CLASSES, INPUTS = 16, 3, 2
RNG = np.random.default_rng(11)
X = RNG.integers(0, 256, (30, 12, INPUTS)) / 255
TOKENS = RNG.integers(0, 7, (30, 12))


class Signs(torch.nn.Module):
    """The second layer's input matrix: the signs of latent weights, over the square root of the units."""

    def __init__(self, original_weight):
        super().__init__()
        self.original_weight = original_weight

    def forward(self, weight):
        return torch.sign(self.original_weight) / len(weight) ** 0.5


class TwoLayers(OneLayer):
    """The reference's network of two layers: the second is one block, between signs on its input."""

    def __init__(self):
        super().__init__(INPUTS, SIZE, CLASSES, 4)
        self.input_layer_2 = torch.nn.Linear(SIZE, SIZE, bias=False, dtype=F64)
        self.input_layer_2.original_weight = torch.nn.Parameter(torch.randn(SIZE, SIZE, dtype=F64))
        parametrize.register_parametrization(self.input_layer_2, "weight", Signs(self.input_layer_2.original_weight))
        self.recurrent_layer_2 = torch.nn.Linear(SIZE, SIZE, dtype=F64)
        self.recurrent_layer_2.sign_vector = torch.nn.Parameter(torch.randn(1, SIZE, dtype=F64))
        parametrize.register_parametrization(self.recurrent_layer_2, "weight",
                                             Signed(self.recurrent_layer_2.sign_vector, SIZE, True))

    def forward(self, x):
        first = second = torch.zeros(len(x), SIZE, dtype=F64)
        for step in x.unbind(1):
            first = self.recurrent_layer(first) + self.input_layer(step)
            second = self.recurrent_layer_2(second) + self.input_layer_2(torch.relu(first))
        return self.output_layer(torch.relu(second))


class Embedded(OneLayer):
    """The reference's network with an embedding."""

    def __init__(self, words=7):
        super().__init__(INPUTS, SIZE, 1, SIZE)
        self.word_embedding = torch.nn.Embedding(words, INPUTS, padding_idx=0, dtype=F64)

    def forward(self, tokens):
        return super().forward(self.word_embedding(tokens))


class Qornn(torch.nn.Module):
    """QORNN's QSSM, or with ``inside`` its QRNN: V and U in full precision, W quantised when it is used."""

    def __init__(self, inside, bits):
        super().__init__()
        torch.manual_seed(5)
        self.inside = inside
        self.input_layer = torch.nn.Linear(INPUTS, SIZE, bias=False, dtype=F64)
        self.recurrent_layer = torch.nn.Linear(SIZE, SIZE, dtype=F64)
        torch.nn.init.orthogonal_(self.recurrent_layer.weight)
        parametrize.register_parametrization(self.recurrent_layer, "weight", Codes(bits))
        self.output_layer = torch.nn.Linear(SIZE, CLASSES, dtype=F64)

    def forward(self, x):
        state = torch.zeros(len(x), SIZE, dtype=F64)
        for step in x.unbind(1):
            state = self.recurrent_layer(state) + self.input_layer(step)
            state = torch.relu(state) if self.inside else state
        return self.output_layer(torch.relu(state))


class Rnn(torch.nn.Module):
    """torch's own RNN and a Linear; its recurrent weights are ``levels`` steps of 0.05."""

    def __init__(self, levels=None, bias=True):
        super().__init__()
        torch.manual_seed(6)
        self.rnn = torch.nn.RNN(INPUTS, SIZE, nonlinearity="relu", batch_first=True, bias=bias, dtype=F64)
        self.head = torch.nn.Linear(SIZE, CLASSES, bias=bias, dtype=F64)
        if levels is not None:
            with torch.no_grad():
                self.rnn.weight_hh_l0[:] = 0.05 * levels[torch.randint(len(levels), (SIZE, SIZE))]

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


BINARY, TERNARY, THREE_BITS = torch.tensor([-1, 1]), torch.tensor([-1, 0, 1]), torch.arange(-3, 4)
CASES = {
    "two layers": (TwoLayers, X, {"block": 4}),
    "embedding": (Embedded, TOKENS, {}),
    "binary rnn": (lambda: Rnn(BINARY), X, {"network": Network.TORCH_RNN}),
    "ternary rnn without biases": (lambda: Rnn(TERNARY, bias=False), X, {"network": Network.TORCH_RNN}),
    "rnn of three bits": (lambda: Rnn(THREE_BITS), X, {"network": Network.TORCH_RNN}),
    "rnn, quantised here": (Rnn, X, {"network": Network.TORCH_RNN, "recurrent_bits": 8}),
    "ternary qssm": (lambda: Qornn(False, 1), X, {"network": Network.QSSM, "recurrent_bits": 1}),
    "qssm of five bits": (lambda: Qornn(False, 5), X, {"network": Network.QSSM, "recurrent_bits": 5}),
    "qrnn of five bits": (lambda: Qornn(True, 5), X, {"network": Network.QRNN, "recurrent_bits": 5})}


def calibration(inputs):
    return Calibration.of_tokens(inputs) if inputs.ndim == 2 else Calibration.of_real(inputs)


@pytest.mark.parametrize("name", CASES)
def test_the_network_computes_what_its_module_does_and_its_integers_agree(name, tmp_path):
    make, inputs, options = CASES[name]
    module = make()
    network = load_network(saved(module, tmp_path / "r.pth"), **options)
    expected = module(torch.from_numpy(inputs)).detach().numpy()
    assert np.allclose(network.forward(inputs), expected, rtol=1e-9, atol=1e-12)
    middle = np.median(expected, axis=0)  # so that all classes occur
    network.output_bias[:] -= middle
    found = calibration(inputs)
    model, agreement = convert(network, found, state_width=16, table_bits=12)
    # an integer of the top state, in the network's units
    unit = found.scale if network.table is None else np.abs(network.table).max() / 2**11
    for layer in network.layers:
        unit *= 1.0 if layer.input is None else layer.input.coded.scale
    for layer in model.layers[:-1]:
        unit *= 2.0**-layer.state.frac
    ours = golden.float_run(model, found.inputs) * unit * network.output.coded.scale
    wanted = expected - middle
    assert (np.abs(ours - wanted).max(axis=0) < 0.06 * np.ptp(wanted, axis=0)).all() and np.ptp(wanted, axis=0).min() > 1e-3
    assert len(set(golden.classify(wanted))) == max(2, wanted.shape[1])
    assert agreement.floating > 85 and agreement.integer > 85 and check(model) > 0
    assert len(model.layers) == len(network.layers)


def test_other_signs_between_the_layers_would_be_seen(tmp_path):
    module = TwoLayers()
    path = saved(module, tmp_path / "r.pth")
    ours = load_network(path, block=4).forward(X)
    with torch.no_grad():
        module.input_layer_2.original_weight *= -1
    assert np.abs(module(torch.from_numpy(X)).detach().numpy() - ours).max() > 0.05


def test_the_activation_is_where_the_network_has_it(tmp_path):
    path = saved(Qornn(True, 4), tmp_path / "r.pth")
    inside, outside = (load_network(path, kind, recurrent_bits=4) for kind in (Network.QRNN, Network.QSSM))
    assert [found.layers[0].activation for found in (inside, outside)] == [Activation.RELU, Activation.LINEAR]
    assert np.abs(inside.forward(X) - outside.forward(X)).max() > 0.01


def test_binary_and_ternary_weights_are_taken_exactly(tmp_path):
    module = Rnn(TERNARY)
    recurrence = load_network(saved(module, tmp_path / "r.pth"), Network.TORCH_RNN).layers[0].recurrence
    assert recurrence.kind == Ternary.kind
    assert np.array_equal(recurrence.entries, np.rint(module.rnn.weight_hh_l0.detach().numpy() / 0.05))
    assert recurrence.multiplier * 2.0**-recurrence.shift_bits == pytest.approx(0.05, rel=0.004)


def test_a_scale_is_met_within_half_a_step_of_eight_bits():
    codes = np.eye(3, dtype=np.int8)
    for scale in np.random.default_rng(0).uniform(1e-4, 100, 200):
        found = scaled(Coded(codes, scale, 2))
        assert found.multiplier * 2.0**-found.shift_bits == pytest.approx(scale, rel=1 / 255)
    assert (scaled(Coded(codes, 0.25, 2)).multiplier, scaled(Coded(codes, 0.25, 2)).shift_bits) == (1, 2)
    assert scaled(Coded(codes, 300.0, 2)) is None and scaled(Coded(codes, 2.0**-40, 2)) is None


@pytest.mark.parametrize("bits", range(1, 9))
def test_weights_that_were_quantised_before_keep_their_codes(bits):
    rng = np.random.default_rng(bits)
    top = 1 if bits == 1 else (1 << (bits - 1)) - 1
    for least in (-top, -top - (bits > 1)):
        codes = rng.integers(least, top, (12, 12), endpoint=True)
        codes[0, :2] = least, least + 1
        for kind in (np.float16, np.float32, np.float64):
            found = Coded.on_grid((codes * 0.0371).astype(kind), bits)
            assert np.array_equal(found.codes * round(found.scale / 0.0371), codes) and found.bits <= bits
    assert Coded.on_grid(rng.normal(size=(12, 12)), bits) is None


def _prefixed(prefix):
    return lambda state: {prefix + name: value for name, value in state.items()}


WRAPPINGS = {
    "DataParallel": _prefixed("module."), "compiled": _prefixed("_orig_mod."), "both": _prefixed("module._orig_mod."),
    "a part compiled": lambda state: {name.replace("recurrent_layer.", "recurrent_layer._orig_mod."): value
                                      for name, value in state.items()},
    "state_dict": lambda state: {"state_dict": state, "epoch": 3, "optimizer": {"lr": 0.1, "state": [1, 2]}},
    "model_state_dict": lambda state: {"model_state_dict": state, "loss": torch.tensor(0.5)},
    "Lightning": lambda state: {"state_dict": _prefixed("model.")(state), "global_step": 7},
    "half precision": lambda state: {name: value.to(torch.bfloat16) for name, value in state.items()}}


@pytest.mark.parametrize("name", WRAPPINGS)
def test_what_is_put_around_a_state_dict_is_taken_off(name, tmp_path):
    state = OneLayer(INPUTS, SIZE, CLASSES, SIZE).state_dict()
    torch.save(WRAPPINGS[name](state), tmp_path / "r.pth")
    torch.save({key: value.to(torch.bfloat16) for key, value in state.items()} if name == "half precision" else state,
               tmp_path / "plain.pth")
    assert np.array_equal(load_network(tmp_path / "r.pth").forward(X), load_network(tmp_path / "plain.pth").forward(X))


@pytest.mark.parametrize("kind", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_safetensors_hold_the_same(kind, tmp_path):
    state = {name: value.detach().to(kind).contiguous().clone()
             for name, value in OneLayer(INPUTS, SIZE, CLASSES, SIZE).state_dict().items()}
    torch.save(state, tmp_path / "r.pth")
    save_file(_prefixed("module.")(state), tmp_path / "r.safetensors", metadata={"format": "pt"})
    one, other = (load_network(tmp_path / name).forward(X) for name in ("r.pth", "r.safetensors"))
    assert np.array_equal(one, other)


def test_damaged_safetensors_are_one_sentence(tmp_path):
    save_file({"a.b": torch.ones(3), "a.c": torch.ones(2, 2)}, tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    rng, path = np.random.default_rng(2), tmp_path / "r.safetensors"
    for k in range(300):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 1 + k % 3):
            data[place] = rng.integers(256)
        path.write_bytes(data if k % 2 else data[:rng.integers(len(data))])
        with pytest.raises(ModelFileError) as caught:
            load_network(path)
        assert "\n" not in str(caught.value)
    header = json.dumps({"a": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(ModelFileError, match="Tensor a of checkpoint .* must hold finite floats"):
        load_network(path)


def _state(make, **changes):
    state = {name: value.detach().clone() for name, value in make().state_dict().items()}
    return {name: value for name, value in (state | changes).items() if value is not None}


@pytest.mark.parametrize(("state", "options", "words"), [
    (lambda: _state(Rnn), {}, "ReLU or tanh; say --network rnn-relu"),
    (lambda: _state(Rnn), {"network": Network.TORCH_RNN}, "binary, ternary or k-bit .* --recurrent-bits"),
    (lambda: _state(lambda: Qornn(False, 4)), {}, "--network qssm if its recurrence is linear, --network qrnn"),
    (lambda: _state(lambda: Qornn(False, 4)), {"network": Network.QSSM}, "to how many bits; say --recurrent-bits"),
    (lambda: _state(lambda: Qornn(False, 4)), {"network": Network.HADAM_RNN}, "must hold recurrent_layer.sign_vector, and"),
    (lambda: _state(Rnn), {"network": Network.QRNN, "recurrent_bits": 4}, "must hold recurrent_layer.weight.* QRNN of QORNN"),
    (lambda: {"weights": torch.ones(3)}, {}, "must be of a HadamRNN, a torch.nn.RNN, a QSSM or a QRNN"),
    (lambda: _state(lambda: Rnn(BINARY), **{"rnn.weight_ih_l0": torch.ones(SIZE)}), {"network": Network.TORCH_RNN},
     r"rnn.weight_ih_l0 of shape \[16, inputs\], not \[16\]"),
    (lambda: _state(lambda: Rnn(BINARY), **{"rnn.weight_hh_l1": torch.ones(SIZE, SIZE)}), {"network": Network.TORCH_RNN},
     "rnn.weight_hh_l1, and only a torch.nn.RNN of one layer"),
    (lambda: _state(lambda: Rnn(BINARY), **{"rnn.weight_hh_l0": torch.ones(SIZE, 4)}), {"network": Network.TORCH_RNN},
     r"rnn.weight_hh_l0 of shape \[units, units\], not \[16, 4\]"),
    (lambda: _state(lambda: Rnn(BINARY), **{"rnn.weight_hh_l0": 900 * torch.eye(SIZE)}), {"network": Network.TORCH_RNN},
     "steps between 2..-30 and 255, not of 900"),
    (lambda: _state(lambda: Rnn(BINARY), **{"norm.weight": torch.ones(SIZE)}), {"network": Network.TORCH_RNN},
     "one Linear beside its torch.nn.RNN, not 2"),
    (lambda: _state(lambda: Rnn(BINARY), **{"head.weight": None}), {"network": Network.TORCH_RNN}, "one Linear .* not 0"),
    (lambda: _state(lambda: Rnn(BINARY), extra=torch.ones(1)), {"network": Network.TORCH_RNN}, "holds extra, which no torch"),
    (lambda: _state(lambda: Rnn(BINARY)), {"network": Network.TORCH_RNN, "block": 4}, "has no --block"),
    (lambda: _state(TwoLayers), {"recurrent_bits": 4}, "has no --recurrent-bits"),
    (lambda: _state(TwoLayers, **{"_orig_mod.output_layer.bias": torch.ones(3)}), {}, "with and without _orig_mod"),
    (lambda: {"x": torch.ones(3).to_sparse()}, {}, "must hold finite floats"),
    (lambda: {"x": torch.ones(3, dtype=torch.complex64)}, {}, "must hold finite floats")])
def test_what_the_file_does_not_tell_must_be_said_and_what_cannot_be_is_one_sentence(state, options, words, tmp_path):
    torch.save(state(), tmp_path / "r.pth")
    with pytest.raises(ModelFileError, match=words) as caught:
        load_network(tmp_path / "r.pth", **options)
    assert "\n" not in str(caught.value)


def test_inputs_of_another_kind_are_refused(tmp_path):
    embedded, plain = load_network(saved(Embedded(), tmp_path / "a.pth")), load_network(saved(TwoLayers(), tmp_path / "b.pth"))
    for network, inputs, words in ((embedded, X, "must be tokens"), (plain, TOKENS, "must be vectors"),
                                   (embedded, TOKENS + 3, "below the 7 words .* not 9"),
                                   (plain, X[..., :1], "2 elements a step")):
        with pytest.raises(DataError, match=words):
            convert(network, calibration(inputs))
    for tokens in (TOKENS - 3, TOKENS / 1.0, X):
        with pytest.raises(DataError, match="must be tokens, whole numbers from 0 on"):
            Calibration.of_tokens(tokens)


def test_a_pipe_is_no_checkpoint(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="must be a file of at most"):
        load_network(tmp_path / "pipe")


def test_the_command_says_the_agreement_of_each(tmp_path, capsys):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "tokens.npy", TOKENS)
    for make, inputs, options in ((TwoLayers, "x", ["--block", "4"]), (Embedded, "tokens", ["--input-bits", "10"]),
                                  (lambda: Rnn(TERNARY), "x", ["--network", "rnn-relu"]),
                                  (lambda: Qornn(True, 4), "x", ["--network", "qrnn", "--recurrent-bits", "4"])):
        path = saved(make(), tmp_path / "r.pth")
        assert run_cli(main, ["import", str(path), "--calibration", str(tmp_path / f"{inputs}.npy"), *options, "--json",
                              "--state-bits", "16", "--out", str(tmp_path / "m.npz")]) == 0
        facts, model = json.loads(capsys.readouterr().out), load_model(tmp_path / "m.npz")
        assert facts["digest"] == model.digest and facts["float_agreement"] > 80 and facts["integer_agreement"] > 80
        assert (model.table is None) == (inputs == "x") and check(model) > 0


def test_a_task_of_tokens_calibrates_an_embedding(tmp_path, capsys):
    write_all(tmp_path)
    path = saved(Embedded(10_000), tmp_path / "r.pth")
    assert run_cli(main, ["import", str(path), "--task", "imdb", "--data", str(tmp_path), "--state-bits", "16", "--json",
                          "--out", str(tmp_path / "m.npz")]) == 0
    facts, model = json.loads(capsys.readouterr().out), load_model(tmp_path / "m.npz")
    train = load_task("imdb", tmp_path).train
    said = golden.classify(load_network(path).forward(train.inputs[..., 0]))
    assert facts["reference_score"] == 100 * (said == train.labels).mean()
    assert model.classes == ("bad", "good") and model.table.shape == (10_000, SIZE) and check(model) == 4
