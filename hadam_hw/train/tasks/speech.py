# SPDX-License-Identifier: BSD-2-Clause
"""Spoken digits (FSDD, from the samples) and keywords (Speech Commands, from log-mel frames), one frame a step."""

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.features import DIGITS
from hadam_hw.train.data import check_rows, fetch, read_npz_xz
from hadam_hw.train.tasks.normalise import SCALE, Normaliser, signed_bytes
from hadam_hw.train.tasks.task import Sequences, Task

#: Frames of a digit: 0.8 s, longer than 98 % of the clips.
DIGIT_FRAMES = 80
#: Of the recordings of each speaker and digit outside the test set, one in this many is for validation.
DIGIT_VALIDATION_PART = 9
KEYWORD_VALIDATION_PART = 8


def load_digits(name, folder, rng):
    """FSDD: 8 kHz recordings through :data:`hadam_hw.features.DIGITS`.

    Frames before a clip are 0, the mean of all frames, so that nothing but the bias drives the state there; of a clip that is
    too long the loudest 80 frames in a row are kept. The official split has all six speakers on both sides, and validation
    follows it.
    """
    path = fetch(folder, "fsdd/fsdd_8khz_int16.npz.xz")
    arrays = read_npz_xz(path, audio=1, offset=1, label=1, index=1, test=1)
    offset, test, index = arrays["offset"], arrays["test"].astype(bool), arrays["index"]
    check_rows(path, offset[1:], arrays["label"], index, test)
    if not (0 <= offset[0] and offset[-1] <= len(arrays["audio"]) and (np.diff(offset) > 0).all()):
        raise DataError(f"Data file {path} is damaged (its offsets do not rise within the audio)")
    clips = [_loudest(DIGITS(arrays["audio"][start:end])) for start, end in zip(offset[:-1], offset[1:])]
    integers = Normaliser.fit(np.concatenate([clip for clip, held in zip(clips, test) if not held]))
    inputs = np.zeros((len(clips), DIGIT_FRAMES, DIGITS.bands), dtype=np.int8)
    for row, clip in zip(inputs, clips):
        row[DIGIT_FRAMES - len(clip):] = integers(clip)
    numbers = rng.permutation(np.unique(index[~test]))
    kept = ~test & np.isin(index, numbers[:max(1, len(numbers) // DIGIT_VALIDATION_PART)])
    labels = arrays["label"].astype(np.int64)
    parts = [Sequences(inputs[chosen], labels[chosen], groups=index[chosen])
             for chosen in (rng.permutation(np.flatnonzero(~test & ~kept)), np.flatnonzero(kept), np.flatnonzero(test))]
    return Task(name, *parts, signed_bytes(DIGITS.bands), SCALE, tuple("0123456789"),
                "official test set, recordings 0 to 4 of each speaker and digit; validation on five others of each")


def load_keywords(name, folder, rng):
    """Twelve classes of Speech Commands: 99 log-mel frames of 32 bands, the geometry of :data:`hadam_hw.features.KEYWORDS`."""
    path = fetch(folder, "speech_commands/sc12_logmel_u8.npz.xz")
    arrays = read_npz_xz(path, X=3, y=1, speaker=1, test=1, classes=1)
    check_rows(path, *(arrays[name] for name in ("X", "y", "speaker", "test")))
    test, speaker = arrays["test"].astype(bool), arrays["speaker"]
    integers = Normaliser.fit(arrays["X"][~test])
    voices = rng.permutation(np.unique(speaker[~test & (speaker >= 0)]))
    kept = ~test & np.isin(speaker, voices[:max(1, len(voices) // KEYWORD_VALIDATION_PART)])
    silence = rng.permutation(np.flatnonzero(~test & (speaker < 0)))  # nobody's: cut at random, as the test set is
    kept[silence[:len(silence) // KEYWORD_VALIDATION_PART]] = True
    inputs, labels = integers(arrays["X"]), arrays["y"].astype(np.int64)
    parts = [Sequences(inputs[chosen], labels[chosen], groups=speaker[chosen])
             for chosen in (rng.permutation(np.flatnonzero(~test & ~kept)), np.flatnonzero(kept), np.flatnonzero(test))]
    return Task(name, *parts, signed_bytes(inputs.shape[2]), SCALE, tuple(str(word).strip("_") for word in arrays["classes"]),
                "test on a fifth of the speakers of the official test files, unseen; validation on an eighth of the others")


def _loudest(frames):
    if len(frames) <= DIGIT_FRAMES:
        return frames
    sums = np.cumsum(np.concatenate([[0], frames.sum(axis=1)]))
    start = int(np.argmax(sums[DIGIT_FRAMES:] - sums[:-DIGIT_FRAMES]))
    return frames[start:start + DIGIT_FRAMES]
