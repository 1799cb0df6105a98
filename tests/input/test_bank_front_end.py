# SPDX-License-Identifier: BSD-2-Clause
"""The bank as a front end: saved, loaded and encoding the same integers; what is no bank is refused."""

import numpy as np
import pytest

from hadam_hw.errors import HadamError, ModelError
from hadam_hw.input import Bank, Encoding, Input
from hadam_hw.input.bank_design import mel_bank
from hadam_hw.model_file import load_model, save_model
from tests.models_for_tests import random_model

BANK = Bank(mel_bank(8000, bands=6))


def sounds(count=3, samples=1600):
    rng = np.random.default_rng(0)
    return [0.3 * np.sin(np.arange(samples) * rng.uniform(0.1, 1.5))[:, None] * rng.uniform(0.01, 1) for _ in range(count)]


@pytest.fixture(scope="module")
def model():
    source = Input.fit(sounds(), front_end=BANK, encoding=Encoding.INTEGER)
    return random_model(size=8, block=4, outputs=2, inputs=6, input_width=8, input_signed=True, frac=-3).replace(input=source)


def test_a_model_with_a_bank_comes_back_from_its_file(model, tmp_path):
    save_model(model, tmp_path / "m.npz")
    again = load_model(tmp_path / "m.npz")
    assert again.input == model.input and again.input.digest == model.input.digest
    for sound in sounds(2):
        assert (again.input.encode(sound) == model.input.encode(sound)).all()


def test_codes_are_the_banks_through_the_channels(model):
    sound = sounds(1)[0]
    counts = np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int64)
    frames = np.array(list(BANK.bank.frames(counts[:, 0].tolist())))
    codes = np.stack([channel.codes_of_counts(frames[:, k], model.input.format)
                      for k, channel in enumerate(model.input.channels)], axis=1)
    assert frames.shape == (20, 6) and (model.input.encode(sound) == codes).all()
    assert (model.input.encode_counts(counts) == codes).all() and len(np.unique(codes)) > 8


def test_a_frame_of_codes_stands_for_octaves(model):
    assert model.input.channels[0].unit == "octaves" and model.input.rate_hz == 8000 and model.input.step_hz == 100
    assert "bank of 6 shift resonators" in BANK.words


@pytest.mark.parametrize("sound", [np.zeros((79, 1)), np.zeros((0, 1)), np.zeros((100, 2))])
def test_what_is_no_frame_is_refused(sound, model):
    with pytest.raises(ModelError):
        model.input.encode(sound)


@pytest.mark.parametrize("changes", [
    dict(bands=[]), dict(bands=3), dict(level=dict(rise=2)), dict(level=5), dict(frame=0), dict(fraction=9), dict(more=1),
    dict(bands=[dict(shift=0)]), dict(rate_hz="8000"), dict(blocker=0), dict(bands=[dict(shift=-1, first=-1, second=0, sign=0,
                                                                                          damping=4)])])
def test_a_header_that_is_no_bank_is_refused(changes):
    with pytest.raises((HadamError, TypeError, KeyError, ValueError, AttributeError)):
        Bank.parse(BANK.header() | changes)
