# SPDX-License-Identifier: BSD-2-Clause
"""The resonator bank: its speed, and spoken digits by a ridge on its codes, at several gains; exit 1 for a missed figure.

Everything that is chosen is chosen on validation: five recordings of each speaker and digit outside the test set.
"""

import argparse
import time
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.table import Table

from hadam_hw.errors import HadamError
from hadam_hw.input import Crop, Input, LengthRule, Padding
from hadam_hw.input.bank_design import mel_bank
from hadam_hw.input.bank_front_end import BankFrontEnd
from hadam_hw.train.data import check_rows, data_folder, fetch, read_npz_xz
from hadam_hw.train.ridge import fit_ridge, read_vectors
from hadam_hw.train.ridge_settings import tried_settings
from hadam_hw.train.scores import percent
from hadam_hw.train.tasks.task import Sequences, Task

RATE_HZ, MINUTE = 8000, 60
PORTION = 1_000_000
FRAMES, VALIDATION_RECORDINGS = 80, 5
GAINS_DB = (0, -10, -20, -30)
ASKED = {"compiled loop, seconds": 3.0, "NumPy alone, seconds": 30.0}
ASKED_SCORE, ASKED_LOSS, ASKED_SPEAKERS = 98.5, 2.0, 85.0


class Clips:
    """The recordings of FSDD."""

    def __init__(self, folder):
        path = fetch(data_folder(folder), "fsdd/fsdd_8khz_int16.npz.xz")
        arrays = read_npz_xz(path, audio=1, offset=1, label=1, index=1, test=1, speaker=1)
        check_rows(path, arrays["offset"][1:], arrays["label"], arrays["index"], arrays["test"], arrays["speaker"])
        self.sounds = np.split(arrays["audio"].astype(np.int64), arrays["offset"][1:-1])
        self.labels, self.index = arrays["label"].astype(np.int64), arrays["index"]
        self.test, self.speaker = arrays["test"].astype(bool), arrays["speaker"]

    def vectors(self, source, chosen, gain_db=0.0):
        """int8 [clips, FRAMES, bands]: what ``source`` makes of the counts of the clips ``chosen``, at a gain."""
        gain = 10 ** (gain_db / 20)
        return np.stack([source.encode_counts(np.rint(self.sounds[k] * gain).astype(np.int64)).astype(np.int8)
                         for k in np.flatnonzero(chosen)])


def fitted(clips, bank, test, kept, seed):
    """(the ridge's :class:`~hadam_hw.train.ridge.FittedRidge`, its Input) with the clips ``kept`` in validation."""
    source = Input.fit([clips.sounds[k] / 32768 for k in np.flatnonzero(~test)], front_end=BankFrontEnd(bank),
                       length=LengthRule(FRAMES, Padding.FRONT, Crop.LOUDEST))
    parts = [Sequences(clips.vectors(source, part), clips.labels[part]) for part in (~test & ~kept, kept, test)]
    task = Task("digits", *parts, source.format, 1.0, tuple("0123456789"), "")
    return fit_ridge(task, tried_settings({"task": "digits", "seed": seed})), source


def score(fit, source, clips, chosen, gain_db=0.0):
    """Percent of the clips ``chosen`` that the integers tell right."""
    states, _ = read_vectors(fit.layer, fit.settings.readout, clips.vectors(source, chosen, gain_db))
    return percent(fit.readout(states, 0), clips.labels[chosen])


def validation_of(clips, test, seed):
    """bool [clips]: five recordings of each speaker and digit, drawn."""
    numbers = np.random.default_rng(seed).permutation(np.unique(clips.index[~test]))
    return ~test & np.isin(clips.index, numbers[:VALIDATION_RECORDINGS])


def seconds():
    """Processor seconds for a minute of noise, of each way; their codes are compared."""
    bank, taken, codes = mel_bank(RATE_HZ), [], []
    noise = np.random.default_rng(0).integers(-32768, 32768, RATE_HZ * MINUTE)
    bank.run(noise[:RATE_HZ])  # compiles
    for compiled in (True, False):
        began = time.process_time()
        codes.append(bank.run(noise, compiled=compiled)[0])
        taken.append(time.process_time() - began)
    if not np.array_equal(*codes):
        raise HadamError("Both ways must give the same codes, and do not; this is a defect of one of them")
    return dict(zip(ASKED, taken))


def bounded(samples):
    """Seconds for ``samples`` of noise and tones at full scale, whose states must stay within the bounds."""
    bank, rng, state, began = mel_bank(RATE_HZ), np.random.default_rng(1), None, time.process_time()
    ends = np.array([bank.bounds.x, bank.bounds.y])
    for _ in range(0, samples, PORTION):
        tone = np.sin(np.arange(PORTION) * rng.uniform(0, np.pi)) > 0
        sound = np.where(tone, 32767, -32768) if rng.integers(2) else rng.integers(-32768, 32768, PORTION)
        _, state = bank.run(sound, state)
        words = np.array([state.x, state.y])
        if (words < ends[..., 0]).any() or (words > ends[..., 1]).any():
            raise HadamError("States must stay within their bounds, and one did not; this is a defect of the bounds")
    return time.process_time() - began


def main(argv):
    """Prints speed and scores."""
    parser = argparse.ArgumentParser(prog="python -m bench bank", description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--long", type=int, default=0, metavar="N", help="feed N samples of noise and tones at full scale too")
    parser.add_argument("--speakers", action="store_true", help="leave out one speaker at a time too")
    arguments = parser.parse_args(argv)
    console, missed = Console(highlight=False, width=140), False
    for name, taken in seconds().items():
        missed |= taken > ASKED[name]
        console.print(f"a minute of sound, {name}: {taken:.2f}, asked {ASKED[name]:.0f}")
    if arguments.long:
        console.print(f"{arguments.long:,} samples at full scale within the bounds: {bounded(arguments.long):.1f} s")
    clips = Clips(arguments.data)
    table = Table("codes", "seed", "validation", *(f"test, {gain} dB" for gain in GAINS_DB))
    medians = {}
    for name, bank in (("level", mel_bank(RATE_HZ)), ("plain", replace(mel_bank(RATE_HZ), level=None))):
        rows = []
        for seed in arguments.seeds:
            fit, source = fitted(clips, bank, clips.test, validation_of(clips, clips.test, seed), seed)
            rows.append([score(fit, source, clips, clips.test, gain) for gain in GAINS_DB])
            table.add_row(name, str(seed), f"{fit.validation_score:.2f}", *(f"{each:.2f}" for each in rows[-1]))
        medians[name] = np.median(rows, axis=0)
        table.add_row(name, "median", "", *(f"{each:.2f}" for each in medians[name]))
    console.print(table)
    missed |= medians["level"][0] < ASKED_SCORE or medians["level"].min() < medians["level"][0] - ASKED_LOSS
    if arguments.speakers:
        scores = []
        for speaker in np.unique(clips.speaker):
            test = clips.speaker == speaker
            fit, source = fitted(clips, mel_bank(RATE_HZ), test, validation_of(clips, test, 0), 0)
            scores.append(score(fit, source, clips, test))
        console.print(f"speakers left out: {', '.join(f'{each:.1f}' for each in scores)}; mean {np.mean(scores):.1f}")
        missed |= np.mean(scores) < ASKED_SPEAKERS
    return int(missed)
