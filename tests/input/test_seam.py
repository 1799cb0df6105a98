# SPDX-License-Identifier: BSD-2-Clause
"""A front end from outside the package, in integers: no file of it knows the class, and models have it in their files."""

from dataclasses import asdict, dataclass

import numpy as np
import pytest

from hadam_hw.errors import ModelError, ModelFileError
from hadam_hw.input import Encoding, FrontEnd, Input, LengthRule, Source
from hadam_hw.model_file import model_bytes
from tests.models_for_tests import random_model
from tests.unit.test_model_file import load


@dataclass(frozen=True)
class Loudness(FrontEnd):
    """The sum of the magnitudes of each ``frame`` samples, of two microphones."""

    kind = "loudness"
    exact = True
    step = 0.25
    rate_hz = None
    features = 2
    names = ("left", "right")
    unit = "quarters"
    sources = (Source("mic_left", "full scale", 1 / 128), Source("mic_right", "full scale", 1 / 128))

    frame: int

    @property
    def words(self):
        return f"loudness of {self.frame}"

    @property
    def frame_hop(self):
        return self.frame

    def header(self):
        return asdict(self)

    @classmethod
    def parse(cls, header):
        return cls(**header)

    def __call__(self, measured):
        return self.from_counts(self.counts(measured)) * self.step

    def counts(self, measured):
        return np.clip(np.rint(measured * 128), -128, 127).astype(np.int64)

    def from_counts(self, counts):
        whole = len(counts) // self.frame * self.frame
        return np.abs(counts[:whole]).reshape(-1, self.frame, 2).sum(axis=1)


def fitted(encoding=Encoding.INTEGER):
    rng = np.random.default_rng(1)
    return Input.fit(rng.uniform(-1, 1, (5, 80, 2)), front_end=Loudness(4), encoding=encoding, rate_hz=8000,
                     length=LengthRule(12, "front", "loudest"))


def test_its_integers_are_encoded_as_counts(tmp_path):
    source, measured = fitted(), np.random.default_rng(2).uniform(-1, 1, (90, 2))
    counts = np.rint(measured * 128).astype(np.int64)
    vectors = source.front_end.from_counts(counts)
    start = np.argmax([vectors[k:k + 12].sum() for k in range(len(vectors) - 11)])
    codes = np.stack([channel.codes_of_counts(vectors[start:start + 12, k], source.format)
                      for k, channel in enumerate(source.channels)], axis=1)
    assert (source.encode_counts(counts) == codes).all() and (source.encode(counts / 128) == codes).all()
    assert source.step_hz == 2000 and source.channels[0].count == 0.25 and source.channels[1].name == "right"
    model = random_model(size=8, block=4, inputs=2, input_width=8, input_signed=True, outputs=2).replace(input=source)
    assert load(tmp_path, model_bytes(model)).input == source
    assert (model.scores([measured]) == model.scores(list(measured[None]))).all()


def test_after_the_reference_encoding_it_is_the_same_front_end():
    measured = np.random.default_rng(3).integers(-128, 128, (48, 2)) / 128
    exact, real = fitted(), fitted(Encoding.REFERENCE)
    assert abs(exact.encode(measured) - real.encode(measured)).max() <= 3  # multipliers of few digits


def test_a_file_of_a_kind_that_is_not_there_is_refused(tmp_path, monkeypatch):
    model = random_model(size=8, block=4, inputs=2, input_width=8, input_signed=True, outputs=2).replace(input=fitted())
    data = model_bytes(model)
    monkeypatch.delitem(FrontEnd._kinds, "loudness")
    with pytest.raises(ModelFileError, match="Front end must be one of .*none.*, not 'loudness'; a newer hadam_hw"):
        load(tmp_path, data)


def test_another_number_of_elements_is_refused():
    source = fitted()
    with pytest.raises(ModelError, match=r"Sequence must be numbers \[samples, 2\], a column each of mic_left, mic_right"):
        source.encode(np.zeros((9, 3)))
