# SPDX-License-Identifier: BSD-2-Clause
"""The bank as a model's front end: its codes, through the file and back."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hadam_hw.errors import ModelError, ModelFileError
from hadam_hw.input import BankFrontEnd, Input, LengthRule
from hadam_hw.input.bank_design import mel_bank
from hadam_hw.model_file import model_bytes
from tests.models_for_tests import random_model
from tests.unit.test_model_file import edited, load

BANK = mel_bank(8000, bands=4)
FRONT = BankFrontEnd(BANK)


def sound(seed=1, samples=1700):
    """Counts int64 [samples, 1] of a noise."""
    return np.random.default_rng(seed).integers(-9000, 9000, (samples, 1))


def model_with(source):
    """A random model that takes what ``source`` gives."""
    model = random_model(size=8, block=4, inputs=4, input_width=source.width, input_signed=source.signed, outputs=2)
    return model.replace(input=source)


def test_direct_codes_are_the_banks():
    counts, plain = sound(), Input.direct(FRONT, width=8, length=LengthRule(24, "front", "loudest"))
    codes = BANK.encode(counts[:, 0]).astype(int)
    assert len(codes) == 21 and (plain.encode_counts(counts)[3:] == codes).all() and not plain.encode_counts(counts)[:3].any()
    assert (plain.encode(counts[:, 0] / 32768) == plain.encode_counts(counts)).all()
    centered = Input.direct(FRONT, width=6, signed=True, offset=BANK.center)
    assert (centered.encode_counts(counts) == np.clip(codes - BANK.center, -32, 31)).all()
    each = Input.direct(FRONT, width=8, signed=True, offset=range(BANK.size))
    assert (each.encode_counts(counts) == np.clip(codes - np.arange(BANK.size), -128, 127)).all()
    assert plain.channels[0].count == Input.fit([counts / 32768], front_end=FRONT).channels[0].count == 1 / 8
    assert plain.rate_hz == 8000 and plain.step_hz == 100 and plain.channels[0].unit == "octaves"


def test_fitted_codes_follow_mean_and_deviation():
    counts = [sound(seed) for seed in range(4)]
    source = Input.fit([one / 32768 for one in counts], front_end=FRONT)
    codes = np.concatenate([source.encode_counts(one) for one in counts])
    assert (abs(codes.mean(axis=0)) < 4.5).all() and (abs(codes.std(axis=0) / 24 - 1) < 0.1).all()


def test_it_is_in_the_file(tmp_path):
    for bank in (BANK, replace(BANK, level=None)):
        model = model_with(Input.direct(BankFrontEnd(bank), width=8))
        again = load(tmp_path, model_bytes(model))
        assert again.input == model.input and again.input.digest == model.input.digest
        assert (again.scores([sound()[:, 0] / 32768]) == model.scores([sound() / 32768])).all()
    assert "4 bands from" in FRONT.words and FRONT.words.endswith("less the level")


@pytest.mark.parametrize("change, words", [
    (lambda front: front.update(bands=5), "a list of bands"), (lambda front: front.update(bands=[]), "Number of bands"),
    (lambda front: front["bands"][0].update(damping=0), "must be between 1"),
    (lambda front: front.update(level=7), "malformed"),
    (lambda front: front["bands"].pop(), "Front end must give 4 elements, one a channel, not 3"),
    (lambda front: front.update(rate_hz=9000), "Rate must be the front end's, 9000 Hz"),
    (lambda front: front.update(frame=10**40), "frame must be between"), (lambda front: front.pop("frame"), "malformed")])
def test_a_file_with_another_bank_is_refused(change, words, tmp_path):
    model = model_with(Input.direct(FRONT, width=8))
    facts = json.loads(json.dumps(model.input.header()))
    change(facts["front_end"])
    with pytest.raises(ModelFileError, match=words) as caught:
        load(tmp_path, edited(model, input=np.frombuffer(json.dumps(facts).encode(), np.uint8)))
    assert len(str(caught.value)) < 400


def test_less_than_a_frame_is_refused():
    with pytest.raises(ModelError, match="a frame of 80 samples at least"):
        Input.direct(FRONT, width=8).encode(np.zeros(79))
