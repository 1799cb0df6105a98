# SPDX-License-Identifier: BSD-2-Clause
"""A model of spoken digits for `hadam build --sensor pdm`: a ridge on the codes of the bank, scored at several gains.

Recordings are heard as a board hears them: noise of a quiet room before, then the recording, which ends where a window ends. A
bank's level remembers the noise, so a model of recordings alone fails there (`--alone` trains that one). Trained at 0 dB; all
that is chosen is chosen on validation, five recordings of each speaker and digit outside the test set.
"""

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console

from bench.bank import FRAMES, GAINS_DB, RATE_HZ, Clips, validation_of
from hadam_hw.files import check_file_out
from hadam_hw.input import BankFrontEnd, Crop, Input, LengthRule, Padding
from hadam_hw.input.bank_design import mel_bank
from hadam_hw.model import Model, Provenance
from hadam_hw.model_file import save_model
from hadam_hw.train.ridge import fit_ridge, read_vectors
from hadam_hw.train.ridge_settings import tried_settings
from hadam_hw.train.scores import percent
from hadam_hw.train.tasks.task import Sequences, Task

CLASSES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPLIT = "official test set; validation on five recordings of each speaker and digit"


#: Of the noise before and under a recording, counts: training draws a level between, for each recording as often as said.
QUIET, LOUD, DRAWS = 0.5, 60.0, 3
#: What a microphone and its decimator make of samples: straight lines between them, then three means over a sample. Five boxes
#: in a row are a spline, and these are its values.
DROOP = np.array([1, 11, 11, 1]) / 24
#: In which the scores are: none, a quiet room, a louder one.
ROOMS = (0.0, 5.0, 30.0)


def main(argv):
    """Trains, prints the scores, and writes the model."""
    parser = argparse.ArgumentParser(prog="python -m bench ear", description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--alone", action="store_true", help="train on recordings without anything before them")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the model (.npz) goes")
    arguments = parser.parse_args(argv)
    check_file_out(arguments.out)
    clips = Clips(arguments.data)
    kept = validation_of(clips, clips.test, arguments.seed)
    source = source_of(clips)
    parts = []
    for number, part in enumerate((~clips.test & ~kept, kept, clips.test)):
        if arguments.alone:
            parts.append(Sequences(clips.vectors(source, part), clips.labels[part]))
            continue
        rng = np.random.default_rng((arguments.seed, number))
        drawn = [heard(source, clips, part, rng) for _ in range(DRAWS)]
        parts.append(Sequences(np.concatenate(drawn), np.tile(clips.labels[part], DRAWS)))
    task = Task("digits", *parts, source.format, 1.0, CLASSES, SPLIT)
    fit = fit_ridge(task, tried_settings({"task": "digits", "seed": arguments.seed, "hidden": arguments.hidden}))
    scores = {(room, gain): score(fit, source, clips, room, gain) for room in ROOMS for gain in GAINS_DB}
    alone = " --alone" if arguments.alone else ""
    model = Model(layers=(fit.layer,), readout=fit.readout, input=source, provenance=Provenance(
        task="digits", seed=arguments.seed,
        command=f"python -m bench ear --hidden {arguments.hidden} --seed {arguments.seed}{alone}",
        integer_score=scores[ROOMS[1], 0], validation_score=fit.validation_score, split=SPLIT))
    save_model(model, arguments.out)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{arguments.hidden} units, {model.model_bytes} bytes; validation {fit.validation_score:.2f} %")
    for room in ROOMS:
        console.print(f"test, noise of {room:g} counts: "
                      + ", ".join(f"{scores[room, gain]:.2f} % at {gain} dB" for gain in GAINS_DB))
    return 0


def heard(source, clips, chosen, rng, level=None, gain_db=0.0):
    """int8 [clips, FRAMES, bands]: the window that each of the clips ``chosen`` ends, with noise from a window before it on, of
    ``level`` counts; None draws one for each."""
    front_end, found = source.front_end, []
    window = FRAMES * front_end.frame_hop
    for k in np.flatnonzero(chosen):
        sound = np.rint(clips.sounds[k] * 10 ** (gain_db / 20))
        whole = np.concatenate([np.zeros(window + -len(sound) % window), sound])
        loudness = np.exp(rng.uniform(*np.log([QUIET, LOUD]))) if level is None else level
        whole = np.convolve(whole + rng.normal(size=len(whole)) * loudness, DROOP)[:len(whole)]
        whole = np.rint(whole).clip(-32768, 32767).astype(np.int64)
        codes = front_end.bank.encode(whole)[-FRAMES:].astype(np.int64)
        found.append(np.stack([channel.codes_of_counts(column, source.format)
                               for channel, column in zip(source.channels, codes.T, strict=True)], axis=1).astype(np.int8))
    return np.stack(found)


def score(fit, source, clips, room, gain_db):
    """Percent of the test set that the integers tell right."""
    vectors = heard(source, clips, clips.test, np.random.default_rng(0), room, gain_db)
    states, _ = read_vectors(fit.layer, fit.settings.readout, vectors)
    return percent(fit.readout(states, 0), clips.labels[clips.test])


def source_of(clips):
    """The input: the bank's codes, each band less its mean over the training clips."""
    front_end = BankFrontEnd(mel_bank(RATE_HZ))
    codes = [front_end.bank.encode(clips.sounds[k]) for k in np.flatnonzero(~clips.test)]
    means = np.rint(np.concatenate(codes).mean(axis=0)).astype(np.int64)
    return Input.direct(front_end, width=8, signed=True, offset=means, length=LengthRule(FRAMES, Padding.FRONT, Crop.LOUDEST),
                        source="Free Spoken Digit Dataset (Jackson et al.)", licence="CC BY-SA 4.0")
