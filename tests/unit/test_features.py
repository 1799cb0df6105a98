# SPDX-License-Identifier: BSD-2-Clause
"""Log-mel frames against their definition written out. (On 60 clips of `sc12_raw16k_60clips` they equal the data set's.)"""

import cmath
import math

import numpy as np
import pytest

from hadam_hw.errors import DataError
from hadam_hw.features import DIGITS, KEYWORDS, LogMel

SMALL = LogMel(rate_hz=100, window=10, hop=4, spectrum=16, bands=3, low_hz=2, high_hz=48)


def defined(front, samples, frame, band):
    """One band of one frame, by the words of the docstring."""
    mel = [2595 * math.log10(1 + edge / 700) for edge in (front.low_hz, front.high_hz)]
    edges = [700 * (10 ** ((mel[0] + (mel[1] - mel[0]) * k / (front.bands + 1)) / 2595) - 1) for k in range(front.bands + 2)]
    left, centre, right = edges[band:band + 3]
    energy = 0.0
    for k in range(front.spectrum // 2 + 1):
        value = 0
        for n in range(front.window):
            at = frame * front.hop + n
            sample = samples[at] / 32768 if at < len(samples) else 0
            hann = 0.5 - 0.5 * math.cos(2 * math.pi * n / (front.window - 1))
            value += sample * hann * cmath.exp(-2j * math.pi * k * n / front.spectrum)
        hertz = k * front.rate_hz / front.spectrum
        weight = (hertz - left) / (centre - left) if hertz < centre else (right - hertz) / (right - centre)
        energy += max(0.0, weight) * abs(value) ** 2
    return 10 * math.log10(energy + 1e-8)


def test_it_is_what_its_docstring_says():
    samples = np.random.default_rng(2).integers(-9000, 9000, 24).astype(np.int16)
    frames = SMALL(samples)
    assert frames.shape == (5, 3)  # the fifth is filled up
    for frame in range(5):
        for band in range(3):
            assert frames[frame, band] == pytest.approx(defined(SMALL, samples.tolist(), frame, band), abs=1e-9)


@pytest.mark.parametrize(("front", "samples", "frames"), [
    (KEYWORDS, 16000, 99), (KEYWORDS, 400, 1), (KEYWORDS, 401, 2), (KEYWORDS, 1, 1), (DIGITS, 8000, 99), (DIGITS, 6520, 80)])
def test_frames_and_silence(front, samples, frames):
    made = front(np.zeros(samples, dtype=np.int16))
    assert made.shape == (frames, 32) and np.allclose(made, -80)


@pytest.mark.parametrize("front", [KEYWORDS, DIGITS])
def test_no_band_is_empty_and_a_tone_is_loudest_in_its_own(front):
    assert (front.weights.sum(axis=1) > 0.5).all()
    for band in (3, 15, 28):
        hertz = front.weights[band].argmax() * front.rate_hz / front.spectrum
        tone = np.sin(2 * np.pi * hertz * np.arange(front.rate_hz) / front.rate_hz) * 10000
        assert (front(tone.astype(np.int16))[5:-5].argmax(axis=1) == band).all()


@pytest.mark.parametrize("samples", [np.zeros(5), np.zeros((2, 5), dtype=np.int16), np.zeros(0, dtype=np.int16)])
def test_other_arrays_are_refused(samples):
    with pytest.raises(DataError, match=r"Sound must be int16 samples \[n\]"):
        DIGITS(samples)
