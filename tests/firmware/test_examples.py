# SPDX-License-Identifier: BSD-2-Clause
"""The example programs compile without a warning and say what the golden model says."""

import subprocess
from pathlib import Path

import numpy as np

from firmware.mcu.export import INCLUDE
from hadam_hw import golden
from hadam_hw.input import Encoding, Input
from hadam_hw.input.bank_design import mel_bank
from hadam_hw.input.bank_front_end import BankFrontEnd
from hadam_hw.model_file import load_model
from tests.firmware.c_harness import SANITIZED, compile_all, export, random_inputs
from tests.models_for_tests import random_model

HAR = Path(__file__).parents[2] / "models" / "har-h128-b64.npz"


def test_the_streaming_sensor_classifies_overlapping_windows(tmp_path):
    model = load_model(HAR)
    program = compile_all([INCLUDE / "examples" / "streaming_sensor.c", *export(model, "net", tmp_path)], tmp_path)
    rest, moved = model.vectors.inputs[:3], random_inputs(model, 3, 128)  # the vectors are of somebody who stands still
    samples = np.concatenate([rest, moved]).reshape(-1, model.inputs)
    shown = samples.copy()
    shown[5, 2], shown[9, 0] = 1000, -1000  # outliers are taken for the ends of the range
    samples[5, 2], samples[9, 0] = model.input.maximum, model.input.minimum
    text = "\n".join(" ".join(map(str, sample)) for sample in shown)
    said = subprocess.run([program], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    starts = range(0, len(samples) - 127, 64)
    windows = np.array([samples[start:start + 128] for start in starts])
    labels = golden.classify(golden.run(model, windows).outputs)
    assert said == [f"{start + 127} {model.classes[label]}" for start, label in zip(starts, labels)]
    assert len(said) == 11 and len(set(labels)) > 1


def test_the_streaming_sensor_takes_raw_counts_of_a_model_whose_input_is_of_integers(tmp_path):
    rng = np.random.default_rng(1)
    counts = np.cumsum(rng.integers(-900, 901, (640, 6)), axis=0).clip(-32768, 32767)
    source = Input.fit([counts / 4096], channels=[f"acc_{axis}" for axis in "xyzuvw"], units=["g"] * 6, counts=[1 / 4096] * 6,
                       companded=["acc_x"], encoding=Encoding.INTEGER)
    model = random_model(size=16, block=4, outputs=3, inputs=6, input_width=8, input_signed=True, frac=-4)
    model = model.with_readout(classes=("a", "b", "c")).replace(input=source)
    program = compile_all([INCLUDE / "examples" / "streaming_sensor.c", *export(model, "net", tmp_path)], tmp_path,
                          ("-DCOUNTS", *SANITIZED))
    said = subprocess.run([program], input="\n".join(" ".join(map(str, row)) for row in counts), capture_output=True, text=True,
                          check=True).stdout.splitlines()
    starts = range(0, len(counts) - 127, 64)
    labels = golden.classify(golden.run(model, np.stack([source.encode_counts(counts)[k:k + 128] for k in starts])).outputs)
    assert said == [f"{start + 127} {model.classes[label]}" for start, label in zip(starts, labels)]


def test_the_streaming_sound_takes_samples_through_the_bank(tmp_path):
    rng = np.random.default_rng(2)
    sound = (rng.normal(size=24000) * 4000 * np.repeat(rng.uniform(0, 2, 48), 500)).astype(np.int64).clip(-32768, 32767)
    source = Input.fit([sound / 32768], front_end=BankFrontEnd(mel_bank(8000, bands=12)))
    model = random_model(size=16, block=4, outputs=3, inputs=12, input_width=8, input_signed=True, frac=-4)
    model = model.with_readout(classes=("a", "b", "c")).replace(input=source)
    program = compile_all([INCLUDE / "examples" / "streaming_sound.c", *export(model, "net", tmp_path)], tmp_path)
    said = subprocess.run([program], input="\n".join(map(str, sound)), capture_output=True, text=True, check=True).stdout
    vectors = source.encode_counts(sound)
    starts = range(0, len(vectors) - 79, 20)
    labels = golden.classify(golden.run(model, np.stack([vectors[k:k + 80] for k in starts])).outputs)
    assert said.splitlines() == [f"{start + 79} {model.classes[label]}" for start, label in zip(starts, labels)]
    assert len(set(labels)) > 1
