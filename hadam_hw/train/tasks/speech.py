# SPDX-License-Identifier: BSD-2-Clause
"""Spoken digits (FSDD, from the samples) and keywords (Speech Commands, from log-mel frames), one frame a step."""

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.input import BankFrontEnd, Crop, Encoding, Input, LengthRule, Padding
from hadam_hw.input.bank_design import mel_bank
from hadam_hw.input.channel import STEPS
from hadam_hw.input.log_mel import DIGITS, KEYWORDS
from hadam_hw.train.data import check_channels, check_rows, fetch, read_npz_xz
from hadam_hw.train.tasks.task import Sequences, Task

#: Frames of a digit: 0.8 s, longer than 98 % of the clips.
DIGIT_FRAMES = 80
DIGIT_LENGTH = LengthRule(DIGIT_FRAMES, Padding.FRONT, Crop.LOUDEST)
DIGIT_RATE_HZ = 8000
DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGIT_ORIGIN = dict(source="Free Spoken Digit Dataset (Jackson et al.)", licence="CC BY-SA 4.0")
KEYWORD_ORIGIN = dict(source="Speech Commands v0.02, its test files (Warden, 2018)", licence="CC BY 4.0")
#: Of the recordings of each speaker and digit outside the test set, one in this many is for validation.
DIGIT_VALIDATION_PART = 9
KEYWORD_VALIDATION_PART = 8


def load_digits(name, folder, rng, bank=False):
    """FSDD: 8 kHz recordings through :data:`hadam_hw.input.log_mel.DIGITS`, or through a ``bank`` of resonators.

    The bank's codes less the mean of each band over the training clips are what gateware and C make of samples, too.
    Frames before a clip are 0, the mean of all frames, so that nothing but the bias drives the state there; of a clip that
    is too long the loudest 80 frames in a row are kept. The official split has all six speakers on both sides, and validation
    follows it.
    """
    path = fetch(folder, "fsdd/fsdd_8khz_int16.npz.xz")
    arrays = read_npz_xz(path, audio=1, offset=1, label=1, index=1, test=1)
    offset, test, index = arrays["offset"], arrays["test"].astype(bool), arrays["index"]
    check_rows(path, offset[1:], arrays["label"], index, test)
    if not (0 <= offset[0] and offset[-1] <= len(arrays["audio"]) and (np.diff(offset) > 0).all()):
        raise DataError(f"Data file {path} is damaged (its offsets do not rise within the audio)")
    clips = [arrays["audio"][start:end, None] / 32768 for start, end in zip(offset[:-1], offset[1:])]
    heard = [clip for clip, held in zip(clips, test) if not held]
    source = _through_bank(heard) if bank else Input.fit(
        heard, front_end=DIGITS, length=DIGIT_LENGTH, encoding=Encoding.REFERENCE, **DIGIT_ORIGIN)
    inputs = np.stack([source.encode(clip).astype(np.int8) for clip in clips])
    numbers = rng.permutation(np.unique(index[~test]))
    kept = ~test & np.isin(index, numbers[:max(1, len(numbers) // DIGIT_VALIDATION_PART)])
    labels = arrays["label"].astype(np.int64)
    parts = [Sequences(inputs[chosen], labels[chosen], groups=index[chosen])
             for chosen in (rng.permutation(np.flatnonzero(~test & ~kept)), np.flatnonzero(kept), np.flatnonzero(test))]
    return Task(name, *parts, source.format, 1.0 if bank else 1 / STEPS, DIGIT_WORDS if bank else tuple("0123456789"),
                "official test set, recordings 0 to 4 of each speaker and digit; validation on five others of each",
                input=source, measured=lambda: [clip for clip, held in zip(clips, test) if held])


def _through_bank(clips):
    """The input of a bank with the means of ``clips`` taken off, from samples on in integers."""
    front_end = BankFrontEnd(mel_bank(DIGIT_RATE_HZ))
    codes = np.concatenate([front_end.bank.encode(np.rint(clip[:, 0] * 32768).astype(np.int64)) for clip in clips])
    return Input.direct(front_end, width=8, signed=True, offset=np.rint(codes.mean(axis=0)).astype(np.int64),
                        length=DIGIT_LENGTH, **DIGIT_ORIGIN)


def load_keywords(name, folder, rng):
    """Twelve classes of Speech Commands: 99 frames of 32 bands, made by :data:`hadam_hw.input.log_mel.KEYWORDS`."""
    path = fetch(folder, "speech_commands/sc12_logmel_u8.npz.xz")
    arrays = read_npz_xz(path, X=3, y=1, speaker=1, test=1, classes=1)
    check_rows(path, *(arrays[name] for name in ("X", "y", "speaker", "test")))
    check_channels(path, KEYWORDS.bands, arrays["X"].shape[2])
    test, speaker = arrays["test"].astype(bool), arrays["speaker"]
    bands = KEYWORDS.decibels(arrays["X"])
    source = Input.fit_vectors(bands[~test], front_end=KEYWORDS, encoding=Encoding.REFERENCE, window=bands.shape[1],
                               hop=bands.shape[1] // 2, **KEYWORD_ORIGIN)
    voices = rng.permutation(np.unique(speaker[~test & (speaker >= 0)]))
    kept = ~test & np.isin(speaker, voices[:max(1, len(voices) // KEYWORD_VALIDATION_PART)])
    silence = rng.permutation(np.flatnonzero(~test & (speaker < 0)))  # nobody's: cut at random, as the test set is
    kept[silence[:len(silence) // KEYWORD_VALIDATION_PART]] = True
    inputs, labels = source.codes(bands, np.int8), arrays["y"].astype(np.int64)
    parts = [Sequences(inputs[chosen], labels[chosen], groups=speaker[chosen])
             for chosen in (rng.permutation(np.flatnonzero(~test & ~kept)), np.flatnonzero(kept), np.flatnonzero(test))]
    return Task(name, *parts, source.format, 1 / STEPS, tuple(str(word).strip("_") for word in arrays["classes"]),
                "test on a fifth of the speakers of the official test files, unseen; validation on an eighth of the others",
                input=source)
