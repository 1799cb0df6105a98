# SPDX-License-Identifier: BSD-2-Clause
"""The shipped models of measured numbers say how to encode them, whose the data are, and under which licence."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from hadam_hw import golden
from hadam_hw.input import NoFrontEnd
from hadam_hw.model_file import load_model
from rtl_gen.report.html import origin_rows
from rtl_gen.report.report import describe_model

MODELS = sorted((Path(__file__).parent.parent.parent / "models").glob("*.npz"))
#: Tasks of measured numbers, by the first letters of their names, and a word of their data's licence.
LICENCES = {"har": "commercial use is prohibited", "dsa": "not stated", "ecg": "none stated", "digits": "CC BY-SA 4.0",
            "keywords": "CC BY 4.0"}


@cache
def measured():
    """The models of those tasks, by the names of their files."""
    models = {path.stem: load_model(path) for path in MODELS if path.stem.startswith(tuple(LICENCES))}
    assert len(models) >= 9
    return models


@pytest.mark.parametrize("name", sorted(path.stem for path in MODELS if path.stem.startswith(tuple(LICENCES))))
def test_a_shipped_sensor_model_can_be_fed(name):
    model = measured()[name]
    source, codes = model.input, model.vectors.inputs
    assert source.known and source.source
    assert next(words for word, words in LICENCES.items() if name.startswith(word)) in source.licence
    again = source.measured(codes)
    assert (source.codes(again) == codes).all()
    if source.front_end == NoFrontEnd():
        assert (model.scores(again) == model.vectors.outputs).all()
        assert (golden.classify(model.vectors.outputs) == [model.classes.index(label) for label in model.predict(again)]).all()


def test_a_report_says_whose_the_data_are():
    facts = describe_model(measured()["har-mu-h256-b64"])
    rows = dict(origin_rows(facts))
    assert "UCI HAR" in rows["data"] and "commercial use is prohibited" in rows["licence of the data"]


def test_sound_goes_in_as_samples():
    rng = np.random.default_rng(1)
    for name in ("digits-h128-b64", "keywords-h256x2-b64"):
        model = measured()[name]
        sound = rng.integers(-3000, 3000, model.input.rate_hz and int(model.input.rate_hz))
        assert model.predict([sound / 32768])[0] in model.classes
        assert (model.input.encode_counts(sound) == model.input.encode(sound / 32768)).all()
