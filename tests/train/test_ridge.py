# SPDX-License-Identifier: BSD-2-Clause
"""A read-out in closed form: it is least squares, its codes are what hardware computes, and nothing but NumPy is needed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from hadam_hw import golden
from hadam_hw.cli import run_cli
from hadam_hw.errors import DataError
from hadam_hw.layer import Layer
from hadam_hw.model import Model
from hadam_hw.model_file import load_model
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Hadamard
from hadam_hw.train.__main__ import main
from hadam_hw.train.by_ridge import finish_ridge
from hadam_hw.train.ridge import LeastSquares, fit_ridge, fit_values
from hadam_hw.train.ridge_settings import DEFAULTS, LEAKS, tried_settings
from hadam_hw.train.settings import Fit, Settings
from hadam_hw.train.tasks import load_task
from hadam_hw.train.threads import one_thread
from tests.train import task_files

ROOT = Path(__file__).resolve().parents[2]
HIDE = """
import sys
for name in {hidden}:
    sys.modules[name] = None
from hadam_hw.cli import run_cli
from hadam_hw.recurrence import Hadamard
from hadam_hw.train.__main__ import main
sys.exit(run_cli(main))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Small data of HAR and digits."""
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(3)
    task_files.write_npz_xz(folder / "uci_har/uci_har_int16.npz.xz", task_files.har_arrays(rng))
    task_files.write_npz_xz(folder / "fsdd/fsdd_8khz_int16.npz.xz", task_files.digit_arrays(rng))
    return folder


def _example(count=400, size=9):
    """Vectors of integers, whose sizes differ much and two of which are nearly the same, and their classes."""
    rng = np.random.default_rng(1)
    vectors = np.rint(rng.normal(3, 1, (count, size)) @ rng.normal(size=(size, size)) * 10.0 ** rng.integers(1, 4, size))
    vectors[:, 1] = vectors[:, 0] + rng.integers(-1, 2, count)
    labels = np.argmax(vectors[:, 2:5] / vectors[:, 2:5].std(axis=0) + rng.normal(size=(count, 3)), axis=1)
    return vectors.astype(np.int64), labels


@pytest.mark.parametrize("strength", [1.0, 1e-2, 1e-5])
def test_the_closed_form_is_that_of_the_augmented_least_squares(strength):
    vectors, labels = _example()
    squares = LeastSquares(vectors, np.eye(3)[labels])
    weights = squares.weights(strength)
    count, size = vectors.shape
    deviation = vectors.std(axis=0)
    standard = (vectors - vectors.mean(axis=0)) / deviation
    left = np.vstack([np.hstack([standard, np.ones((count, 1))]),
                      np.hstack([np.sqrt(strength * count) * np.eye(size), np.zeros((size, 1))])])
    right = np.vstack([np.eye(3)[labels], np.zeros((size, 3))])
    expected = np.linalg.lstsq(left, right, rcond=None)[0]
    assert np.allclose(weights * deviation, expected[:-1].T, rtol=1e-6, atol=1e-9)
    assert np.allclose(squares.bias(weights), expected[-1] - (expected[:-1] / deviation[:, None]).T @ vectors.mean(axis=0))


def test_a_unit_that_never_changes_has_no_weight():
    vectors, labels = _example()
    vectors[:, 4] = 7
    weights = LeastSquares(vectors, np.eye(3)[labels]).weights(1e-3)
    assert np.abs(weights[:, 4]).max() < 1e-9 and np.isfinite(weights).all()


@pytest.mark.parametrize("bits, low, high", [(1, -1, 1), (2, -2, 1), (4, -8, 7), (8, -128, 127)])
def test_codes_are_in_range(bits, low, high):
    vectors, labels = _example()
    squares = LeastSquares(vectors, np.eye(3)[labels])
    weights = squares.weights(1e-3)
    steps = np.abs(weights).max() / (1 << bits - 1) * np.array([1, 0.5])
    for codes in squares.codes(weights, steps, bits, 1e-3):
        assert low <= codes.min() and codes.max() <= high and codes.any()


def test_what_rounding_loses_is_given_to_other_units():
    rng = np.random.default_rng(2)
    vectors = rng.integers(0, 2000, (500, 12)) @ rng.integers(0, 5, (12, 12))
    labels = np.argmax(vectors[:, :3] + rng.normal(0, 2000, (500, 3)), axis=1)
    targets = np.eye(3)[labels]
    squares = LeastSquares(vectors, targets)
    weights = squares.weights(1e-3)
    step = np.abs(weights).max() / 8

    def error(chosen):
        return np.square(vectors @ chosen.T + squares.bias(chosen) - targets).mean()

    codes = next(squares.codes(weights, [step], 4, 1e-3))
    rounded = np.clip(np.rint(weights / step), -8, 7)
    assert error(weights) < error(codes * step) < error(rounded * step)


@pytest.mark.parametrize("options", [
    dict(), dict(readout=Pooling.LAST, block=4), dict(readout=Pooling.LAST, block=1, u_bits=6), dict(leak=3, u_bits=1)],
    ids=str)
def test_the_model_has_the_scores_that_were_told(options, pictures):
    task = load_task("smnist", pictures)
    tried = tried_settings({"task": "smnist", "fit": Fit.RIDGE, "hidden": 32, "readout": Pooling.SUM} | options)
    seen = []
    fitted = fit_ridge(task, tried, lambda *done: seen.append(done))
    model = finish_ridge(task, fitted, "a command")
    total = len(tried) * (len(task.train) + len(task.validation))
    assert fitted.settings in tried and seen[-1] == (total, total)
    for part, score in ((task.validation, fitted.validation_score), (task.test, model.provenance.integer_score)):
        run = golden.run(model, part.inputs)
        assert score == 100 * (golden.classify(run.outputs) == part.labels).mean() > 60
    assert np.array_equal(golden.run(model, model.vectors.inputs).outputs, model.vectors.outputs)
    assert model.provenance.command == "a command" and "drawn" in model.provenance.notes


def test_it_is_drawn_again_from_the_seed(pictures):
    task = load_task("smnist", pictures)
    one, again, other = (finish_ridge(task, fit_ridge(task, tried_settings(
        {"task": "smnist", "fit": Fit.RIDGE, "hidden": 16, "seed": seed})), "") for seed in (0, 0, 1))
    assert one.digest == again.digest != other.digest


def test_defaults():
    har = tried_settings({"task": "har-mu", "fit": Fit.RIDGE})
    assert [settings.leak for settings in har] == list(LEAKS)
    assert all(settings.hidden == DEFAULTS["hidden"] and settings.readout is Pooling.SUM for settings in har)
    assert [settings.leak for settings in tried_settings({"task": "har", "fit": Fit.RIDGE, "leak": 1})] == [1]
    assert [settings.block for settings in tried_settings({"task": "har", "fit": Fit.RIDGE, "hidden": 20})] == [4] * len(LEAKS)
    pixels, = tried_settings({"task": "pmnist", "fit": Fit.RIDGE})
    assert pixels.readout is Pooling.LAST and pixels.leak == 0


@pytest.mark.parametrize("task", ["har-mu", "digits"])
@pytest.mark.parametrize("hidden", [["torch"], ["torch", "numba", "llvmlite", "matplotlib"]], ids=str)
def test_the_command_needs_neither_torch_nor_numba(task, hidden, folder, tmp_path):
    out = tmp_path / "m.npz"
    command = [sys.executable, "-c", HIDE.format(hidden=hidden), "--task", task, "--fit", "ridge", "--data", str(folder),
               "--hidden", "16", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    model, test = load_model(out), load_task(task, folder).test
    run = golden.run(model, test.inputs)
    assert model.provenance.integer_score == 100 * (golden.classify(run.outputs) == test.labels).mean()
    told = " ".join(done.stdout.split())
    assert f"{model.provenance.integer_score:.2f} % as integers" in told
    assert f"python -m rtl_gen --weights {out} --board icebreaker".replace(" ", "") in told.replace(" ", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.jsonl", "m.npz"]


def test_help_needs_no_torch_and_a_training_by_gradients_says_that_it_does(folder, tmp_path):
    hidden = [sys.executable, "-c", HIDE.format(hidden=["torch"])]
    helped = subprocess.run([*hidden, "--help"], capture_output=True, text=True, cwd=ROOT)
    assert helped.returncode == 0 and "ridge" in helped.stdout
    failed = subprocess.run([*hidden, "--task", "har", "--hidden", "16", "--block", "4", "--data", str(folder),
                             "--out", str(tmp_path / "m.npz")], capture_output=True, text=True, cwd=ROOT)
    assert failed.returncode == 3 and "torch" in failed.stderr and "--fit ridge" in failed.stderr
    assert failed.stderr.count("\n") == 1


def test_the_record_says_what_was_chosen(folder, tmp_path, capsys):
    arguments = ["--task", "har-mu", "--fit", "ridge", "--data", str(folder), "--hidden", "16", "--json"]
    assert run_cli(main, [*arguments, "--out", str(tmp_path / "m.npz")]) == 0
    said = json.loads(capsys.readouterr().out)
    lines = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    assert lines[1]["result"] == said and lines[0]["settings"]["leak"] == said["leak"] in LEAKS
    assert said["fit"] == "ridge" and said["digest"] == load_model(tmp_path / "m.npz").digest


@pytest.mark.parametrize(("options", "words"), [
    (["--stages", "16:4:8"], "stages must be left alone with fit = ridge"),
    (["--layers", "2"], "layers must be left alone with fit = ridge"),
    (["--epochs", "3"], "epochs must be left alone with fit = ridge"),
    (["--folds", "3"], "folds must be left alone with fit = ridge"),
    (["--until", "3"], "until must be left alone with fit = ridge"),
    (["--readout", "every"], "readout must be last or sum with fit = ridge"),
    (["--signs", "adam"], "signs must be fixed with fit = ridge"),
    (["--wires", "ring"], "a ring has blocks of 1"),
    (["--block", "8"], "block must be 1, 4, 16, 64 ... with fit = ridge, not 8"),
    (["--u-bits", "9"], "between 1 and 8 bits, not 9"),
    (["--fit", "lasso"], "invalid choice: 'lasso'")])
def test_bad_options_are_one_line(options, words, tmp_path, capsys):
    arguments = ["--task", "har", "--fit", "ridge", "--hidden", "16", *options]
    assert run_cli(main, [*arguments, "--data", str(tmp_path), "--out", str(tmp_path / "m.npz")]) == 1
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_tasks_of_tokens_and_of_labels_a_step_are_refused(tmp_path):
    task = load_task("copy:5", tmp_path)
    with pytest.raises(DataError, match="a label a sequence with fit = ridge"):
        fit_ridge(task, [Settings(task="copy:5", hidden=16, block=4, fit=Fit.RIDGE)])


def _tones(count, seed):
    """Noisy tones of 40 steps, and two values of each: its loudness in mV, and in Hz how fast it swings."""
    rng = np.random.default_rng(seed)
    values = np.stack([rng.uniform(200, 1000, count), rng.uniform(5, 20, count)], axis=1)
    angle = values[:, 1:] * np.arange(40) * 0.02 + rng.uniform(0, 6, (count, 1))
    inputs = np.rint(0.1 * values[:, :1] * np.sin(angle) + rng.normal(0, 2, angle.shape))
    return np.clip(inputs, -128, 127).astype(np.int64)[..., None], values


@pytest.mark.parametrize("pooling", [Pooling.SUM, Pooling.LAST])
def test_values_are_found_in_their_units(pooling):
    rng = np.random.default_rng(1)
    recurrence = Hadamard(64, 16, rng.choice([-1, 1], 64), 3)
    layer = Layer.from_arrays(recurrence=recurrence, input_weight=rng.integers(-8, 8, (64, 1)), input_width=8,
                              input_signed=True, state_width=14, state_frac=2)
    train, validation = _tones(600, 2), _tones(200, 3)
    readout, errors = fit_values(layer, train, validation, pooling=pooling, bits=8, units=("mV", "Hz"))
    model = Model(layers=(layer,), readout=readout)
    assert [value.unit for value in readout.values] == ["mV", "Hz"] and readout.pooling is pooling
    found = golden.answer(model, golden.run(model, validation[0]).outputs, 40)
    assert np.allclose(golden.rmse(found, validation[1]), errors)
    spread = validation[1].std(axis=0)
    assert (errors < spread * ([0.25, 0.7] if pooling is Pooling.SUM else [0.95, 1.05])).all(), errors / spread


def test_values_that_are_none_are_one_sentence():
    layer = Layer.from_arrays(recurrence=Hadamard(4, 4, [1] * 4), input_weight=[[1]] * 4, input_width=8, input_signed=True,
                              state_width=14, state_frac=2)
    good = _tones(5, 1)
    for values in (np.full((5, 2), np.nan), np.ones((4, 2)), np.ones(5)):
        with pytest.raises(DataError, match="Values must be finite numbers, .*, not of shape"):
            fit_values(layer, (good[0], values), good)
    odd = Layer.from_arrays(recurrence=Hadamard(4, 2, [1] * 4), input_weight=[[1]] * 4, input_width=8, input_signed=True,
                            state_width=14, state_frac=2)
    with pytest.raises(DataError, match="Recurrence must have one phase for values by ridge"):
        fit_values(odd, good, good)


def test_linear_algebra_takes_one_thread_in_a_ridge():
    def threads():
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    with threadpool_limits(2, user_api="blas"):
        assert one_thread(threads)() == {1} and threads() == {2}
