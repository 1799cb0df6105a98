# SPDX-License-Identifier: BSD-2-Clause
"""Recordings one behind the other, as a microphone hears them, and what the board said of each."""

from dataclasses import dataclass

import numpy as np

from firmware.selftest import DiffersError
from hadam_hw.errors import DataError
from hadam_hw.recordings.options import ReadOptions
from hadam_hw.recordings.reader import recordings_at
from hadam_hw.recordings.recording import Kind
from hadam_hw.sensors.ear import END, lines_of
from hadam_hw.sensors.pdm import modulate

#: Samples after the last one in which the answer of the core and its line come: some 40 ms at 8 kHz.
ANSWER_SAMPLES = 320
#: The noise of a quiet room and of a microphone, counts: what is silent in a file never is at a board.
ROOM, SEED = 5.0, 0


@dataclass(frozen=True, eq=False)
class Playlist:
    """Sound for a board.

    Parameters
    ----------
    samples : int64 [count]
        All of it, of 16 bits.
    rate_hz : float
    spans : tuple of (str, int, int)
        Name, first sample and end of each recording.
    """

    samples: np.ndarray
    rate_hz: float
    spans: tuple[tuple[str, int, int], ...]

    def bits(self, decimator):
        """What a microphone makes of it, uint8 [count * ratio]: so loud that samples of ``decimator`` are as loud as these."""
        return modulate(self.samples, decimator.ratio, loudest=decimator.unity)

    def at(self, sample):
        """The names of the recordings that have begun and are not over, or the last one that was, at a sample's number."""
        return next((name for name, begin, _ in reversed(self.spans) if begin < sample), "")


def read_sounds(paths, rate_hz):
    """(name, samples int64 [count]) of each recording at ``paths``, at a rate.

    Raises
    ------
    DataError
        If a file is no sound of one channel in counts.
    """
    found = []
    for path in paths:
        for recording in recordings_at(path, ReadOptions(resample_hz=rate_hz)):
            if recording.kind is not Kind.COUNTS or recording.values.shape[1] != 1:
                raise DataError(f"{path.name} must be sound of one channel for a microphone, such as a WAV file")
            found.append((path.name, recording.values[:, 0].astype(np.int64)))
    return found


def playlist(sounds, ear, rate_hz, *, before=None, after=0.0, room=ROOM):
    """The :class:`Playlist` of ``sounds``, a list of (name, samples).

    Parameters
    ----------
    ear : Ear
        Whose windows they meet.
    before : float, optional
        Seconds of silence before each; None: as many samples as let it end where a window ends, as sequences in training do.
    after : float
        Seconds of silence behind the last one.
    room : float
        Counts of the noise that is added to all, the same each time.
    """
    pieces, spans, at = [], [], 0
    for name, samples in sounds:
        silence = -(at + len(samples)) % ear.window_samples if before is None else round(before * rate_hz)
        pieces += [np.zeros(silence, np.int64), samples]
        spans.append((name, at + silence, at + silence + len(samples)))
        at = spans[-1][2]
    pieces.append(np.zeros(round(after * rate_hz) + ANSWER_SAMPLES, np.int64))
    samples = np.concatenate(pieces)
    noise = np.random.default_rng(SEED).normal(size=len(samples)) * room
    return Playlist(np.rint(samples + noise).clip(-32768, 32767).astype(np.int64), rate_hz, tuple(spans))


def compare(ear, bits, lines):
    """The number of labels that the board said, all those of the golden model; and what that :class:`Heard`.

    The line of a window that ended less than :data:`ANSWER_SAMPLES` ago may be on its way.

    Parameters
    ----------
    ear : Ear
    bits : int [count]
        That the board heard.
    lines : sequence of str
        That it said.

    Raises
    ------
    DiffersError
        Naming the first window whose line is not the golden model's.
    """
    heard, names = ear.hear(bits), lines_of(ear.model)
    due = (len(heard.samples) - ANSWER_SAMPLES) // ear.window_samples
    wanted = [names[label].removesuffix(END).decode() for label in heard.labels.tolist()]
    for window, (said, right) in enumerate(zip(lines, wanted)):
        if said != right:
            raise DiffersError(f"Label of window {window} must be the golden model's {right!r}, and the board says {said!r}; "
                               "its design computes something else")
    if not due <= len(lines) <= len(wanted):
        raise DiffersError(f"Board must say {due} labels, as the golden model does, and it said {len(lines)}")
    return len(lines), heard
