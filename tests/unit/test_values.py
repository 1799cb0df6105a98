# SPDX-License-Identifier: BSD-2-Clause
"""Models whose outputs are values: what they are worth, their file, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hadam_hw import golden
from hadam_hw.__main__ import main
from hadam_hw.answer import Answer, Value
from hadam_hw.cli import run_cli
from hadam_hw.errors import DataError, ModelError, ModelFileError
from hadam_hw.form import form_of
from hadam_hw.labels import real_values
from hadam_hw.model import Model, TestVectors
from hadam_hw.model_file import load_model, model_bytes, save_model
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Hadamard
from rtl_gen.report.report import describe_model, score_key, score_words
from tests.models_for_tests import random_model

KPA, BARE = Value(0.25, "kPa"), Value(3)


def of_values(**shape):
    """A model of two outputs, which are values."""
    model = random_model(**{"size": 8, "block": 4, "outputs": 2} | shape)
    return model.with_readout(values=(KPA, BARE)[:model.outputs])


def noise(model, count=5, steps=4):
    return np.random.default_rng(2).integers(model.input.minimum, model.input.maximum, (count, steps, model.inputs))


def test_a_value_is_y_times_the_scale_of_its_phase_and_its_own():
    model = of_values(block=8, frac=2, emit=Pooling.EVERY)
    outputs = golden.run(model, noise(model)).outputs
    found = golden.answer(model, outputs, np.arange(1, 5))
    assert found.dtype == np.float64 and model.readout.answer is Answer.VALUES
    for t in range(4):
        unit = 2.0**-2 / (np.sqrt(2) if (t + 1) % 2 else 1)  # the first step has phase 1
        assert np.allclose(found[:, t], outputs[:, t] * unit * [0.25, 3], rtol=1e-12)
        assert (golden.answer(model, outputs[:, t], t + 1) == found[:, t]).all()


def test_weights_in_units_give_values_in_units():
    rng = np.random.default_rng(3)
    codes, scale = rng.integers(-8, 8, (1, 16)), 0.03
    model = Model.from_arrays(
        recurrence=Hadamard(16, 16, rng.choice([-1, 1], 16)), input_weight=rng.integers(-8, 8, (16, 1)), output_weight=codes,
        output_bias=[4.0], input_width=8, input_signed=False, state_width=24, state_frac=6, values=[Value(scale, "m")])
    run = golden.run(model, noise(model))
    state = np.maximum(run.states, 0) * 2.0**-6
    assert np.allclose(golden.answer(model, run.outputs, 4), scale * (state @ codes.T + 4.0))


def test_the_label_is_whether_the_first_value_is_positive():
    model = of_values()
    assert golden.label(model, [[1, -5], [0, 9], [-3, 9]]).tolist() == [1, 0, 0] and model.label_count == 2
    classes = model.with_readout(values=())
    assert golden.label(classes, [[1, -5], [0, 9]]).tolist() == golden.answer(classes, [[1, -5], [0, 9]], 1).tolist() == [0, 1]


def test_the_error_is_one_for_each_value():
    assert golden.rmse([[1, 2], [3, 2]], [[1, 0], [0, 0]]).tolist() == [np.sqrt(4.5), 2]


def test_scales_are_in_the_digest_and_units_are_not(tmp_path):
    model = of_values()
    other = model.with_readout(values=(replace(KPA, unit="bar"), BARE))
    assert model.digest == other.digest != model.with_readout(values=(replace(KPA, scale=0.5), BARE)).digest
    assert form_of(model).schema == 4 and form_of(model.with_readout(values=())).schema == 1
    save_model(model, tmp_path / "m.npz")
    found = load_model(tmp_path / "m.npz")
    assert found.readout.values == (KPA, BARE) and model_bytes(found) == model_bytes(model) != model_bytes(other)


def test_models_of_classes_say_nothing_of_values():
    assert "values" not in form_of(random_model(size=8, block=1, outputs=2)).header
    assert b'"units"' not in model_bytes(random_model(size=8, block=1, outputs=2))


@pytest.mark.parametrize("change, said", [
    (dict(values=[0.5, 1]), "contents do not match its digest"), (dict(values=["a", 1]), "Scale of a value must be a finite"),
    (dict(units=["kPa"]), "its header is malformed"), (dict(units=["kPa", 3]), "Unit of a value must be a text, not 3"),
    (dict(units=None), "its header is malformed"), (dict(values=[-1, 1]), "Scale of a value must be positive, not -1"),
])
def test_a_file_with_other_values_is_one_sentence(change, said, tmp_path):
    path = tmp_path / "m.npz"
    save_model(of_values(), path)
    arrays = dict(np.load(path))
    header = json.loads(arrays["header"].tobytes()) | change
    np.savez(path, **arrays | {"header": np.frombuffer(json.dumps(header).encode(), np.uint8)})
    with pytest.raises(ModelFileError, match=said):
        load_model(path)


@pytest.mark.parametrize("change, said", [
    (dict(values=(KPA,)), "Values must be 2, one an output, or none, not 1"),
    (dict(values=(KPA, 3)), "Values must be a sequence of Value"),
    (dict(classes=("a", "b")), "Classes must have no names where the outputs are values, not 2"),
])
def test_what_a_read_out_of_values_refuses(change, said):
    with pytest.raises(ModelError, match=said):
        of_values().with_readout(**change)


@pytest.mark.parametrize("make, said", [
    (lambda: Value(0), "Scale of a value must be positive, not 0"), (lambda: Value("1"), "Scale of a value must be a finite"),
    (lambda: Value(1, None), "Unit of a value must be a text, not None"),
    (lambda: of_values().class_count, "Model must answer with classes to have any, and this one answers with values"),
    (lambda: random_model(size=4, outputs=2).readout.measured([1, 2], 0), "Model must answer with values to measure any"),
])
def test_classes_and_values_are_not_mixed_up(make, said):
    with pytest.raises(ModelError, match=said):
        make()


def test_labels_of_vectors_are_values_in_units_of_y():
    model = of_values()
    inputs = noise(model)
    outputs = golden.run(model, inputs).outputs
    kept = model.replace(vectors=TestVectors(inputs, outputs, outputs + 3))
    assert kept.vectors.labels.shape == (5, 2)
    for labels, one, wanted in ((outputs[:, 0] * 0, model, r"\[k, 2\], the right values"),
                                (outputs, model.with_readout(values=()), r"\[k\], the right classes")):
        with pytest.raises(ModelError, match=f"Labels of test vectors must have shape {wanted}, not"):
            one.replace(vectors=TestVectors(inputs, outputs, labels))


def test_the_file_keeps_labels_that_are_values(tmp_path):
    model = of_values()
    inputs = noise(model)
    outputs = golden.run(model, inputs).outputs
    save_model(model.replace(vectors=TestVectors(inputs, outputs, outputs - 7)), tmp_path / "m.npz")
    assert (load_model(tmp_path / "m.npz").vectors.labels == outputs - 7).all()
    assert run_cli(main, ["check", str(tmp_path / "m.npz")]) == 0


def test_inspect_says_what_the_values_are(tmp_path, capsys):
    save_model(of_values(), tmp_path / "m.npz")
    assert run_cli(main, ["inspect", str(tmp_path / "m.npz")]) == 0
    assert "values                 0.25 kPa, 3\n" in capsys.readouterr().out
    assert run_cli(main, ["inspect", str(tmp_path / "m.npz"), "--json"]) == 0
    readout = json.loads(capsys.readouterr().out)["readout"]
    assert readout["answer"] == "values" and readout["values"] == [{"scale": 0.25, "unit": "kPa"}, {"scale": 3.0, "unit": ""}]


@pytest.mark.parametrize("given, outputs, found", [
    ([1, 2.5], 1, [[1], [2.5]]), (["1", " 2.5"], 1, [[1], [2.5]]), ([[1, 2]], 2, [[1, 2]])])
def test_labels_are_numbers(given, outputs, found):
    assert real_values(given, outputs, "x").tolist() == found


@pytest.mark.parametrize("given, outputs, said", [
    (["yes"], 1, "Labels of x must be numbers, since the model answers with values: "),
    ([np.nan], 1, r"Labels of x must be 1 finite number a sequence, the right values; give \[sequences, 1\] in a .npz"),
    ([1, 2], 2, "Labels of x must be 2 finite numbers a sequence")])
def test_labels_that_are_no_values_are_one_sentence(given, outputs, said):
    with pytest.raises(DataError, match=said):
        real_values(given, outputs, "x")


@pytest.mark.parametrize("model, scores, words", [
    (of_values(), (0.51234, 0.5), ("RMSE", "0.5123", "0.5")),
    (of_values(outputs=1).with_readout(values=()), (97.0, None), ("accuracy", "97.00 %", None)),
    (of_values().with_readout(values=(KPA, KPA)), (12.0, None), ("RMSE", "12 kPa", None))])
def test_a_report_says_errors_of_values_and_percent_of_classes(model, scores, words):
    key = score_key(model)
    report = {"model": describe_model(model), f"{key}_integer": scores[0], f"{key}_float": scores[1]}
    assert score_words(report) == words
