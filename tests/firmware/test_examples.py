# SPDX-License-Identifier: BSD-2-Clause
"""The example programs compile without a warning and say what the golden model says."""

import subprocess
from pathlib import Path

import numpy as np

from firmware.mcu.export import INCLUDE
from hadam_hw import golden
from hadam_hw.model_file import load_model
from tests.firmware.c_harness import compile_all, export, random_inputs

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
