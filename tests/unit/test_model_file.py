# SPDX-License-Identifier: BSD-2-Clause
"""Model files: equal models are equal bytes, and nothing that is not a model is taken for one."""

import io
import pickle
import random
import struct
import zipfile

import numpy as np
import pytest

from hadam_hw.errors import ModelError, ModelFileError
from hadam_hw.layer import Activation
from hadam_hw.model_file import load_model, model_bytes, save_model
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Hadamard
from tests.models_for_tests import random_model, with_stage

TABLE = np.arange(24).reshape(12, 2)


@pytest.fixture
def model():
    return random_model(size=8, block=8, outputs=3, seed=1)


def load(tmp_path, data):
    path = tmp_path / "model.npz"
    path.write_bytes(data)
    try:
        return load_model(path)
    finally:
        assert [entry.name for entry in tmp_path.iterdir()] == ["model.npz"]


def edited(model, **arrays):
    """The model's file with other arrays (None leaves one out)."""
    with np.load(io.BytesIO(model_bytes(model))) as archive:
        contents = {**archive, **arrays}
    buffer = io.BytesIO()
    np.savez(buffer, **{name: array for name, array in contents.items() if array is not None})
    return buffer.getvalue()


def test_a_saved_model_comes_back_and_saves_the_same_bytes(model, tmp_path):
    save_model(model, tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    assert again.digest == model.digest and model_bytes(again) == model_bytes(model)


def test_relu_is_in_the_file_and_in_the_digest_and_a_linear_model_is_what_it_always_was(model, tmp_path):
    rectified = model.with_top(activation=Activation.RELU)
    again = load(tmp_path, model_bytes(rectified))
    assert again.top.activation is Activation.RELU and again.digest == rectified.digest != model.digest
    assert b'"schema": 2' in bytes(np.load(io.BytesIO(model_bytes(rectified)))["header"])
    header = bytes(np.load(io.BytesIO(model_bytes(model)))["header"])
    assert b'"schema": 1' in header and b"activation" not in header


@pytest.mark.parametrize("changes", [
    lambda plain: plain.with_readout(pooling=Pooling.SUM, pool_bits=7), lambda plain: plain.replace(table=TABLE),
    lambda plain: plain.with_top(recurrence=Hadamard(8, 4, [1] * 8, 5))], ids=["sum", "table", "leak"])
def test_what_schema_3_adds_comes_back_and_is_in_the_digest(changes, tmp_path):
    plain = random_model(size=8, block=4, outputs=2, inputs=2)
    model = changes(plain)
    again = load(tmp_path, model_bytes(model))
    assert again.digest == model.digest != plain.digest and model_bytes(again) == model_bytes(model)
    assert b'"schema": 3' in bytes(np.load(io.BytesIO(model_bytes(model)))["header"])
    assert (again.pooling, again.readout.pool_bits) == (model.pooling, model.readout.pool_bits)
    assert again.top.recurrence.leak == model.top.recurrence.leak
    assert again.table is None if model.table is None else np.array_equal(again.table, model.table)


def header_with(model, old, new):
    text = bytes(np.load(io.BytesIO(model_bytes(model)))["header"]).decode()
    assert old in text
    return np.frombuffer(text.replace(old, new).encode(), np.uint8)


def faults(model):
    whole, rectified = model_bytes(model), model.with_top(activation=Activation.RELU)
    huge = io.BytesIO()
    with zipfile.ZipFile(huge, "w") as archive:
        head = b"{'descr': '<i8', 'fortran_order': False, 'shape': (671088640,), }".ljust(117) + b"\n"
        archive.writestr("bias_0.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head)
    return {
        "empty": b"", "text": b"no archive at all", "truncated": whole[:len(whole) // 2],
        "pickled": pickle.dumps({"a": 1}), "huge": huge.getvalue(),
        "objects": edited(model, bias_0=np.array([{}] * 8, dtype=object)),
        "wrong type": edited(model, bias_0=np.zeros(8, np.float32)),
        "not a number": edited(model, bias_0=np.full(8, np.nan)),
        "zero sign": edited(model, recurrent=np.array([0, 1, 1, 1, 1, 1, 1, 1], np.int8)),
        "code out of range": edited(model, output_weight=np.full((3, 8), 100, np.int8)),
        "wrong shape": edited(model, bias_0=np.zeros(7, np.int64)),
        "missing": edited(model, bias_0=None), "extra": edited(model, more=np.zeros(3, np.int64)),
        "future": edited(model, header=header_with(model, '"schema": 1', '"schema": 9')),
        "schema of another kind": edited(model, header=header_with(model, '"schema": 1', '"schema": 2')),
        "schema too old": edited(rectified, header=header_with(rectified, '"schema": 2', '"schema": 1')),
        "unknown activation": edited(rectified, header=header_with(rectified, '"relu"', '"tanh"')),
        "edited": edited(model, bias_0=np.zeros(8, np.int64)),
        "no header": edited(model, header=None),
        "bad header": edited(model, header=np.frombuffer(b"{", np.uint8)),
        "NaN in header": edited(model, header=header_with(model, '"output_scale": 1.0', '"output_scale": NaN')),
    }


FAULTS = ["empty", "text", "truncated", "pickled", "huge", "objects", "wrong type", "not a number", "zero sign",
          "code out of range", "wrong shape", "missing", "extra", "future", "schema of another kind", "schema too old",
          "unknown activation", "edited", "no header", "bad header",
          "NaN in header"]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_model_is_refused_in_one_sentence(fault, model, tmp_path):
    with pytest.raises(ModelFileError) as caught:
        load(tmp_path, faults(model)[fault])
    assert "\n" not in str(caught.value) and "model.npz" in str(caught.value)


def test_the_command_line_says_it_in_one_line(tmp_path, capfd):
    from hadam_hw.cli import run_cli
    from rtl_gen.__main__ import main

    path = tmp_path / "model.npz"
    path.write_bytes(b"junk")
    assert run_cli(main, ["--weights", str(path), "--board", "icebreaker", "--out", str(tmp_path / "out")]) == 1
    errors = capfd.readouterr().err.strip().splitlines()
    assert len(errors) == 1 and errors[0].startswith("error: Model file")
    assert not (tmp_path / "out").exists()


def test_damage_anywhere_is_noticed_or_harmless(model, tmp_path):
    rng = random.Random(1)
    whole = model_bytes(model)
    refused = 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(rng.choice([1, 1, 3])):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        try:
            assert load(tmp_path, bytes(data)).digest == model.digest
        except ModelFileError:
            refused += 1
    assert refused > 200


def test_a_model_is_checked_when_it_is_made(model):
    with pytest.raises(ModelError, match="Stage codes must lie between -8 and 7"):
        with_stage(model, codes=np.full((3, 8), 9))
