# SPDX-License-Identifier: BSD-2-Clause
"""Log-mel frames against their definition written out. (On 60 clips of `sc12_raw16k_60clips` they equal the data set's.)"""

import cmath
import math
from dataclasses import replace

import numpy as np
import pytest

from hadam_hw.errors import ModelError
from hadam_hw.input import Input, LengthRule, log_mel
from hadam_hw.input.log_mel import DIGITS, KEYWORDS, LogMel

SMALL = LogMel(rate_hz=100, frame=10, frame_hop=4, spectrum=16, bands=3, low_hz=2, high_hz=48)


def sound(samples):
    """What is measured of int16 samples [n]: [n, 1] of full scale 1."""
    return samples[:, None] / 32768


def defined(front, samples, frame, band):
    """One band of one frame, by the words of the docstring."""
    mel = [2595 * math.log10(1 + edge / 700) for edge in (front.low_hz, front.high_hz)]
    edges = [700 * (10 ** ((mel[0] + (mel[1] - mel[0]) * k / (front.bands + 1)) / 2595) - 1) for k in range(front.bands + 2)]
    left, centre, right = edges[band:band + 3]
    energy = 0.0
    for k in range(front.spectrum // 2 + 1):
        value = 0
        for n in range(front.frame):
            at = frame * front.frame_hop + n
            sample = samples[at] / 32768 if at < len(samples) else 0
            hann = 0.5 - 0.5 * math.cos(2 * math.pi * n / (front.frame - 1))
            value += sample * hann * cmath.exp(-2j * math.pi * k * n / front.spectrum)
        hertz = k * front.rate_hz / front.spectrum
        weight = (hertz - left) / (centre - left) if hertz < centre else (right - hertz) / (right - centre)
        energy += max(0.0, weight) * abs(value) ** 2
    return 10 * math.log10(energy + 1e-8)


def test_it_is_what_its_docstring_says():
    samples = np.random.default_rng(2).integers(-9000, 9000, 24).astype(np.int16)
    frames = SMALL(sound(samples))
    assert frames.shape == (5, 3)  # the fifth is filled up
    for frame in range(5):
        for band in range(3):
            assert frames[frame, band] == pytest.approx(defined(SMALL, samples.tolist(), frame, band), abs=1e-9)


@pytest.mark.parametrize(("front", "samples", "frames"), [
    (KEYWORDS, 16000, 99), (KEYWORDS, 400, 1), (KEYWORDS, 401, 2), (KEYWORDS, 1, 1), (DIGITS, 8000, 99), (DIGITS, 6520, 80)])
def test_frames_and_silence(front, samples, frames):
    made = front(np.zeros((samples, 1)))
    assert made.shape == (frames, 32) and np.allclose(made, -80)


@pytest.mark.parametrize("front", [KEYWORDS, DIGITS])
def test_no_band_is_empty_and_a_tone_is_loudest_in_its_own(front):
    assert (front.weights.sum(axis=1) > 0.5).all()
    for band in (3, 15, 28):
        hertz = front.weights[band].argmax() * front.rate_hz / front.spectrum
        tone = np.sin(2 * np.pi * hertz * np.arange(front.rate_hz) / front.rate_hz) * 10000
        assert (front(sound(tone.astype(np.int16)))[5:-5].argmax(axis=1) == band).all()


@pytest.mark.parametrize("samples", [np.zeros(5), np.zeros((2, 5)), np.zeros((0, 1)), [["a"]]])
def test_other_arrays_are_refused(samples):
    with pytest.raises(ModelError, match=r"Sound must (be samples \[n, 1\]|hold numbers)"):
        DIGITS(samples)


def test_steps_round_to_levels_of_a_byte():
    samples = np.random.default_rng(3).integers(-30000, 30000, (4000, 1)) / 32768
    exact, stepped = (replace(KEYWORDS, step_db=step)(samples * 2.0**-8) for step in (0, 0.5))
    assert (stepped == np.round((exact + 80) * 2) / 2 - 80).all() and (stepped != exact).any()
    assert (replace(KEYWORDS, step_db=0.1)(samples) == -80 + 25.5).all()


def test_long_recordings_are_transformed_in_parts(monkeypatch):
    samples = np.random.default_rng(4).normal(size=(500, 1))
    whole = SMALL(samples)
    monkeypatch.setattr(log_mel, "BATCH", 7)
    assert np.allclose(SMALL(samples), whole, rtol=1e-12, atol=1e-12)


def test_counts_of_16_bits_are_sound_too():
    counts = np.random.default_rng(5).integers(-30000, 30000, (900, 1))
    source = Input.fit([counts / 32768], front_end=SMALL, encoding="reference", length=LengthRule(40, "front", "loudest"))
    codes = source.encode(counts[:, 0] / 32768)
    assert codes.shape == (40, 3) and (source.encode_counts(counts) == codes).all()
    assert (codes == source.codes(source.length.cropped(SMALL(counts / 32768)))).all()
    assert source.rate_hz == 100 and source.step_hz == 25 and source.sources == (("sound", "full scale", 1 / 32768),)
    assert [(channel.name, channel.unit) for channel in source.channels] == [(f"band_{k}", "dB") for k in range(3)]


@pytest.mark.parametrize("changes, words", [
    (dict(rate_hz=0), "rate must be between 1"), (dict(frame=1), "frame must be between 2"),
    (dict(frame_hop=11), "between 1 and 10"),
    (dict(spectrum=9), "spectrum must be between 10"), (dict(bands=257), "bands must be between 1 and 256"),
    (dict(high_hz=51), "half the rate, 50 Hz"), (dict(low_hz=48), "half the rate"), (dict(low_hz=float("nan")), "finite"),
    (dict(step_db=-1), "between 0 and 10 dB")])
def test_parameters_that_cannot_be_are_refused(changes, words):
    with pytest.raises(ModelError, match=words):
        replace(SMALL, **changes)


def test_it_is_of_the_host_alone():
    with pytest.raises(ModelError, match="log-mel is computed on the host in floating point; take --front-end bank"):
        Input.fit([np.ones((90, 1))], front_end=SMALL)
    with pytest.raises(ModelError, match="Rate must be the front end's, 100 Hz, not 50"):
        Input.fit([np.ones((90, 1))], front_end=SMALL, encoding="reference", rate_hz=50)


def test_its_old_place_says_where_it_is():
    with pytest.raises(ImportError, match=r"hadam_hw.input.log_mel.KEYWORDS now"):
        from hadam_hw.features import KEYWORDS  # noqa: F401
