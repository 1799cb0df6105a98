# SPDX-License-Identifier: BSD-2-Clause
"""Import of the reference's checkpoints, against modules whose state dicts have its documented names and its forward."""

import json
import sys

import numpy as np
import pytest
import torch
from torch.nn.utils import parametrize

from hadam_hw import golden
from hadam_hw.cli import run_cli
from hadam_hw.command import main
from hadam_hw.errors import ModelFileError, ToolMissingError
from hadam_hw.float_network import Calibration, convert
from hadam_hw.model_file import load_model
from hadam_hw.networks import load_network
from hadam_hw.readout import Pooling
from hadam_hw.train.tasks import load_task
from hadam_hw.verbs.check import check

torch.set_num_threads(1)  # matrices of 32 units are no work to share
NAMES = {
    "input_layer.parametrizations.weight.original", "recurrent_layer.sign_vector", "recurrent_layer.bias",
    "recurrent_layer.parametrizations.weight.original", "recurrent_layer.parametrizations.weight.0.sign_vector",
    "output_layer.parametrizations.weight.original", "output_layer.bias"}


class Codes(torch.nn.Module):
    """The paper's quantiser of a weight."""

    def __init__(self, bits):
        super().__init__()
        self.bits = bits

    def forward(self, weight):
        steps = 2.0 ** (self.bits - 1)
        top = weight.abs().max()
        return torch.clamp(torch.round(weight * steps / top), -steps, steps - 1 if self.bits > 1 else 1) * top / steps


class Signed(torch.nn.Module):
    """The recurrent matrix, whatever weight is stored."""

    def __init__(self, sign_vector, block, outputs):
        super().__init__()
        self.sign_vector, self.block, self.outputs = sign_vector, block, outputs

    def forward(self, weight):
        hadamard = torch.ones(1, 1, dtype=torch.float64)
        while len(hadamard) < self.block:
            hadamard = torch.kron(hadamard, torch.tensor([[1, 1], [1, -1]], dtype=torch.float64)) / 2**0.5
        whole = torch.block_diag(*[hadamard] * (len(weight) // self.block))
        signs = torch.diag(torch.sign(self.sign_vector.reshape(-1)))
        return signs @ whole if self.outputs else whole @ signs


class Network(torch.nn.Module):
    """One layer as the reference has it; ``outputs`` False puts the signs on the inputs of the transform."""

    def __init__(self, inputs, size, classes, block, bits=4, outputs=True):
        super().__init__()
        torch.manual_seed(3)
        self.input_layer = torch.nn.Linear(inputs, size, bias=False, dtype=torch.float64)
        self.recurrent_layer = torch.nn.Linear(size, size, dtype=torch.float64)
        self.output_layer = torch.nn.Linear(size, classes, dtype=torch.float64)
        self.recurrent_layer.sign_vector = torch.nn.Parameter(torch.randn(1, size, dtype=torch.float64))
        parametrize.register_parametrization(self.input_layer, "weight", Codes(bits))
        parametrize.register_parametrization(self.output_layer, "weight", Codes(bits))
        parametrize.register_parametrization(self.recurrent_layer, "weight",
                                             Signed(self.recurrent_layer.sign_vector, block, outputs))

    def forward(self, x, every=False):
        state = torch.zeros(len(x), self.recurrent_layer.bias.numel(), dtype=torch.float64)
        outputs = []
        for step in x.unbind(1):
            state = self.recurrent_layer(state) + self.input_layer(step)
            outputs.append(self.output_layer(torch.relu(state)))
        return torch.stack(outputs, 1) if every else outputs[-1]


def saved(network, path):
    """Its state dict in a file."""
    torch.save(network.state_dict(), path)
    return path


def inputs_of(network, count=40, steps=20):
    """Inputs on the grid of 8 bits, 0 to 1."""
    shape = (count, steps, network.input_layer.in_features)
    return np.random.default_rng(4).integers(0, 256, shape) / 255


CASES = [(1, 16, 3, 16, 4), (1, 32, 10, 32, 4), (3, 24, 4, 8, 4), (2, 16, 3, 16, 1), (1, 16, 2, 4, 8)]


@pytest.mark.parametrize(("inputs", "size", "classes", "block", "bits"), CASES)
def test_outputs_are_the_references(inputs, size, classes, block, bits, tmp_path):
    network = Network(inputs, size, classes, block, bits)
    assert set(network.state_dict()) == NAMES
    found = load_network(saved(network, tmp_path / "r.pth"), block=block, bits=bits)
    x = inputs_of(network)
    expected = network(torch.from_numpy(x)).detach().numpy()
    assert np.allclose(found.forward(x), expected, rtol=1e-9, atol=1e-12)
    every = network(torch.from_numpy(x), every=True).detach().numpy()
    assert np.allclose(found.forward(x, every=True), every, rtol=1e-9, atol=1e-12)
    # the model's codes with an unrounded state, back in the reference's units; its biases are rounded to a fine grid
    calibration = Calibration.of_real(x)
    model, agreement = convert(found, calibration, state_width=22)
    unit = found.layers[0].input.coded.scale * found.output.coded.scale / 255
    assert np.allclose(golden.float_run(model, calibration.inputs) * unit, expected, rtol=1e-3, atol=1e-3)
    assert agreement.floating == 100 and agreement.integer == 100
    assert check(model) == 32


def test_signs_on_the_inputs_would_fail(tmp_path):
    there, here = (Network(1, 32, 10, 32, outputs=outputs) for outputs in (False, True))
    assert all(torch.equal(value, there.state_dict()[name]) for name, value in here.state_dict().items())
    x = inputs_of(here)
    ours = load_network(saved(here, tmp_path / "r.pth")).forward(x)
    assert np.allclose(ours, here(torch.from_numpy(x)).detach().numpy(), rtol=1e-9, atol=1e-12)
    other = there(torch.from_numpy(x)).detach().numpy()
    assert np.abs(ours - other).mean() > 0.1


def test_another_block_or_other_bits_give_other_outputs(tmp_path):
    network = Network(1, 32, 10, 32)
    path, x = saved(network, tmp_path / "r.pth"), inputs_of(network)
    expected = network(torch.from_numpy(x)).detach().numpy()
    for block, bits in ((16, 4), (32, 3)):
        assert np.abs(load_network(path, block=block, bits=bits).forward(x) - expected).max() > 0.01


def test_the_command_and_its_file(tmp_path, capsys):
    network = Network(2, 32, 5, 8)
    path = saved(network, tmp_path / "r.pth")
    np.save(tmp_path / "x.npy", (inputs_of(network) - 0.5).astype(np.float32))
    arguments = ["import", str(path), "--calibration", str(tmp_path / "x.npy"), "--block", "8",
                 "--out", str(tmp_path / "m.npz")]
    assert run_cli(main, [*arguments, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    model = load_model(tmp_path / "m.npz")
    assert facts["digest"] == model.digest and model.input.signed and facts["sequences"] == 40
    assert (facts["network"], facts["recurrence"]) == ("HadamRNN of the reference code", "Hadamard, blocks of 8")
    assert facts["float_agreement"] > 95 and facts["integer_agreement"] > 90
    assert np.array_equal(model.top.recurrence.signs, np.sign(network.recurrent_layer.sign_vector.detach().numpy()[0]))
    assert "r.pth" in model.provenance.notes and check(model) == 32
    assert run_cli(main, arguments) == 0 and "as integers" in capsys.readouterr().out


def test_a_task_calibrates_and_names_the_classes(pictures, tmp_path, capsys):
    path = saved(Network(1, 16, 10, 16), tmp_path / "r.pth")
    arguments = ["import", str(path), "--task", "smnist", "--data", str(pictures), "--out", str(tmp_path / "m.npz")]
    assert run_cli(main, [*arguments, "--json"]) == 0
    facts, model = json.loads(capsys.readouterr().out), load_model(tmp_path / "m.npz")
    train = load_task("smnist", pictures).train
    classes = load_network(path).forward(train.inputs[:256] / 255).argmax(1)
    assert facts["reference_score"] == 100 * (classes == train.labels[:256]).mean()
    assert run_cli(main, arguments) == 0 and "the network itself is right on" in capsys.readouterr().out
    assert model.classes == tuple("0123456789") and model.provenance.task == "smnist" and model.input.width == 8
    assert set(model.vectors.labels.tolist()) <= {0, 1, 2, 3}


def test_a_checkpoint_of_another_number_of_classes_than_the_tasks_is_refused(pictures, tmp_path, capsys):
    path = saved(Network(1, 16, 3, 16), tmp_path / "r.pth")
    arguments = ["import", str(path), "--task", "smnist", "--data", str(pictures), "--out", str(tmp_path / "m.npz")]
    assert run_cli(main, arguments) == 1
    error = capsys.readouterr().err
    assert "of task smnist must be a whole number from 0 to 2, not 3" in error and error.count("\n") == 1


def test_every_step_is_read_out_where_the_task_says_so(tmp_path):
    path = saved(Network(10, 16, 9, 16), tmp_path / "r.pth")
    assert run_cli(main, ["import", str(path), "--task", "copy:8:2", "--out", str(tmp_path / "m.npz")]) == 0
    model = load_model(tmp_path / "m.npz")
    assert model.pooling is Pooling.EVERY and model.input.width == 1 and check(model) == 32


def test_a_single_output_is_a_class_by_its_sign(tmp_path):
    network = Network(1, 16, 1, 16)
    x = inputs_of(network)
    middle = load_network(saved(network, tmp_path / "r.pth"))
    middle.output_bias[:] -= np.median(middle.forward(x))
    model, agreement = convert(middle, Calibration.of_real(x), state_width=16)
    assert set(model.vectors.labels.tolist()) == {0, 1} and agreement.floating > 95
    run = golden.run(model, Calibration.of_real(x).inputs)
    assert agreement.integer == 100 * (golden.classify(run.outputs) == (middle.forward(x)[:, 0] > 0)).mean() > 95


def test_a_sign_of_0_is_refused_unless_told_which(tmp_path):
    network = Network(1, 16, 3, 16)
    with torch.no_grad():
        network.recurrent_layer.sign_vector[0, 5] = 0
    path = saved(network, tmp_path / "r.pth")
    with pytest.raises(ModelFileError, match="unit 5.* --zero-sign plus or minus"):
        load_network(path)
    assert [load_network(path, zero_sign=sign).layers[0].recurrence.signs[5] for sign in (1, -1)] == [1, -1]


def test_an_output_layer_in_full_precision_is_taken_too(tmp_path):
    network = Network(1, 16, 3, 16)
    parametrize.remove_parametrizations(network.output_layer, "weight", leave_parametrized=False)
    x = inputs_of(network)
    ours = load_network(saved(network, tmp_path / "r.pth")).forward(x)
    assert np.allclose(ours, network(torch.from_numpy(x)).detach().numpy(), rtol=1e-9, atol=1e-12)


def _broken(state, change):
    state = dict(state)
    change(state)
    return state


@pytest.mark.parametrize(("change", "words"), [
    (lambda s: s.pop("recurrent_layer.bias"), "must hold recurrent_layer.bias"),
    (lambda s: s.update({"word_embedding.weight": torch.ones(3, 2)}),
     r"hold word_embedding.weight of shape \[words, 1\], not \[3, 2\]"),
    (lambda s: s.update({"recurrent_layer_2.bias": torch.ones(16)}), "holds recurrent_layer_2.bias, which no"),
    (lambda s: s.update({"recurrent_layer_2.sign_vector": torch.ones(1, 16)}), "must hold input_layer_2.original_weight, and"),
    (lambda s: s.update({"extra": torch.ones(3)}), "holds extra"),
    (lambda s: s.update({"output_layer.bias": torch.ones(4)}), r"hold output_layer.bias of shape \[3\], not \[4\]"),
    (lambda s: s.update({"output_layer.bias": torch.tensor([1, float("nan"), 2])}), "output_layer.bias .* finite floats"),
    (lambda s: s.update({"recurrent_layer.bias": torch.ones(16, dtype=torch.int64)}), "finite floats"),
    (lambda s: s.update({"recurrent_layer.sign_vector": torch.ones(1, 16)}), "the same signs twice"),
    (lambda s: s.update({"input_layer.parametrizations.weight.original": torch.tensor(1.0)}),
     r"of shape \[16, inputs\], not \[\]"),
    (lambda s: s.update({"input_layer.parametrizations.weight.original": torch.ones(16)}),
     r"of shape \[16, inputs\], not \[16\]"),
    (lambda s: s.update({"output_layer.bias": torch.tensor(1.0)}), r"of shape \[3\], not \[\]"),
    (lambda s: s.clear(), "must hold a state dict"),
    (lambda s: s.update({"epoch": 3}), "must hold a state dict")])
def test_another_state_dict_is_one_sentence(change, words, tmp_path):
    torch.save(_broken(Network(1, 16, 3, 16).state_dict(), change), tmp_path / "r.pth")
    with pytest.raises(ModelFileError, match=words) as caught:
        load_network(tmp_path / "r.pth")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_checkpoint_is_one_line(tmp_path, capsys):
    whole = saved(Network(1, 16, 3, 16), tmp_path / "whole.pth").read_bytes()
    torch.save(Codes(4), tmp_path / "module.pth")  # a pickled object: code, not weights
    contents = {"cut": whole[:500], "empty": b"", "text": b"weights\n" * 9, "archive": b"PK\x03\x04" + bytes(40),
                "module": (tmp_path / "module.pth").read_bytes(), "bytes": bytes(range(256)) * 9}
    np.save(tmp_path / "x.npy", inputs_of(Network(1, 16, 3, 16)))
    for name, content in contents.items():
        path = tmp_path / f"{name}.pth"
        path.write_bytes(content)
        assert run_cli(main, ["import", str(path), "--calibration", str(tmp_path / "x.npy"),
                              "--out", str(tmp_path / "m.npz")]) == 1, name
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and f"{name}.pth cannot be read as weights alone" in said and len(said) < 400
    assert not (tmp_path / "m.npz").exists()


@pytest.mark.parametrize(("more", "words"), [
    (["--calibration", "missing.npy"], "No such file"), (["--calibration", "r.pth"], "written by numpy.save"),
    (["--calibration", "many.npz"], "not an archive"), (["--calibration", "flat.npy"], "must be finite numbers"),
    (["--calibration", "wide.npy"], "1 elements a step, not 2"), (["--calibration", "x.npy", "--block", "6"], "Block must be"),
    (["--calibration", "x.npy", "--out", "none/m.npz"], "create it first"), (["--task", "sst2"], "is missing"),
    ([], "one of the arguments --task --calibration is required"), (["--task", "mnist"], "Task must be one of")])
def test_bad_input_is_one_line(more, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    saved(Network(1, 16, 3, 16), tmp_path / "r.pth")
    np.savez("many.npz", a=np.ones(3))
    np.save("flat.npy", np.ones(3))
    np.save("wide.npy", np.ones((4, 5, 2)))
    np.save("x.npy", np.ones((4, 5, 1)))
    assert run_cli(main, ["import", "r.pth", "--out", "m.npz", "--data", ".", *more]) == 1
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert not (tmp_path / "m.npz").exists()


def test_without_torch_it_is_a_missing_tool(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "r.pth").write_bytes(b"PK")
    with pytest.raises(ToolMissingError, match="pip install"):
        load_network(tmp_path / "r.pth")
