# SPDX-License-Identifier: BSD-2-Clause
"""From Python: arrays in, classes out; the estimator is one for scikit-learn."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

import hadam_hw
from hadam_hw import golden
from hadam_hw.errors import DataError
from hadam_hw.train.own.calibrate import calibrated_scale
from tests.own.made import sines

QUICK = {"hidden": 16, "leak": 3, "recurrence": "hadamard", "readout": "sum"}


def test_lists_of_arrays_of_any_lengths(tmp_path):
    X, y, groups = sines()
    model = hadam_hw.fit(X, y, groups, channels=["acc_x", "acc_y"], units=["g", "g"], rate_hz=50, fit="ridge", **QUICK)
    found = model.predict(X)
    assert (found == np.array(y)).mean() > 0.9
    outputs = np.stack([golden.run(model, model.input.encode(one)[None]).outputs[0] for one in X])
    assert [model.classes[k] for k in golden.classify(outputs)] == found.tolist()
    chances = model.predict_proba(X)
    assert np.allclose(chances.sum(axis=1), 1) and (chances.argmax(axis=1) == golden.classify(outputs)).all()
    hadam_hw.save(model, tmp_path / "m.npz")
    again = hadam_hw.load(tmp_path / "m.npz")
    assert again.digest == model.digest and np.array_equal(again.predict_proba(X), chances)
    assert (again.input.rate_hz, [one.unit for one in again.input.channels]) == (50, ["g", "g"])


def test_the_package_is_light_until_something_is_asked_for():
    program = "import sys, hadam_hw; print([name for name in ('numpy', 'torch', 'rich') if name in sys.modules], dir(hadam_hw))"
    said = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=True).stdout
    assert said.startswith("[]") and "'fit'" in said
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = hadam_hw.nothing


@pytest.mark.parametrize(("change", "words"), [
    ({"X": [np.zeros((3, 2)), np.full((3, 2), np.nan)]}, "Sequence 1 of X must be finite"),
    ({"X": [np.zeros((3, 2)), np.zeros((2, 2, 2))]}, "Sequence 1 of X must be numbers"),
    ({"X": []}, "y must be one for each of 0 sequences of X, not 2"),
    ({"y": [1]}, "y must be one for each of 2 sequences of X, not 1"),
    ({"y": [1, 1]}, "must be of two classes or more"),
    ({"hiden": 3}, "must not hold 'hiden'"),
])
def test_what_is_no_training_is_a_sentence(change, words):
    given = {"X": [np.ones((3, 2)), np.zeros((3, 2))], "y": [0, 1], "fit": "ridge"} | change
    with pytest.raises(DataError, match=words):
        hadam_hw.fit(**given)


def test_probabilities_are_right_as_often_as_they_say():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (4000, 3))
    powers = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (powers.cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    assert calibrated_scale(logits * 1e4, labels) == pytest.approx(1e-4, rel=0.15)


def test_the_estimator_passes_every_check_of_scikit_learn():
    from sklearn.utils.estimator_checks import check_estimator

    from hadam_hw.sklearn import HadamClassifier

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(HadamClassifier(folds=2, **QUICK), on_skip=None, on_fail=None)
    failed = {result["check_name"]: str(result["exception"]) for result in results
              if result["status"] not in ("passed", "skipped")}
    assert len(results) > 40 and failed == {}


def test_the_estimator_takes_three_axes_and_lists():
    from sklearn.model_selection import cross_val_score

    from hadam_hw.sklearn import HadamClassifier

    X, y, groups = sines(steps=48)
    scores = cross_val_score(HadamClassifier(**QUICK), np.stack(X), np.array(y), cv=2)
    assert scores.min() > 0.6
    ragged, y, groups = sines()
    fitted = HadamClassifier(random_state=3, **QUICK).fit(ragged, [10 * len(label) for label in y], groups)
    assert set(fitted.predict(ragged)) <= {40, 60} and fitted.model_.provenance.seed != 0


def test_the_estimator_keeps_the_order_of_more_than_ten_classes():
    from hadam_hw.sklearn import HadamClassifier

    levels = np.repeat(np.arange(12), 6)  # "10" comes before "2"
    X = np.cos(levels[:, None] * np.arange(24) * np.pi / 12) + 0.1 * np.random.default_rng(1).normal(size=(72, 24))
    fitted = HadamClassifier(hidden=64, leak=4, recurrence="oscillators", readout="last", folds=2).fit(X, levels + 100)
    assert (fitted.predict(X) == levels + 100).mean() > 0.8


def test_compile_is_the_build_of_the_command(monkeypatch):
    seen = {}

    def build(model, architecture, board, kind, cache, *, options, on_stage):
        seen.update(model=model, arch=str(architecture), board=board, clock=options.clock_mhz)
        return rtl_gen.build.BuildResult({"arch": str(architecture)}, {"design.bin": b"bits", "report.json": b"{}"})

    import rtl_gen.auto
    import rtl_gen.build  # where the result's class is

    monkeypatch.setattr(rtl_gen.auto, "build", build)
    result = rtl_gen.compile("model", board="icebreaker", arch="serial", clock_mhz=12.0)
    assert seen == {"model": "model", "arch": "serial", "board": "icebreaker", "clock": 12.0}
    assert (result.bitstream, result.report) == (b"bits", {"arch": "serial"})
    assert sorted(result.files) == ["design.bin", "report.json"]
