# SPDX-License-Identifier: BSD-2-Clause
"""A model of spoken digits for `hadam build --sensor pdm`: a ridge on the codes of the bank, scored at several gains.

Trained at 0 dB; all that is chosen is chosen on validation, five recordings of each speaker and digit outside the test set.
"""

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console

from bench.bank import FRAMES, GAINS_DB, RATE_HZ, Clips, score, validation_of
from hadam_hw.files import check_file_out
from hadam_hw.input import BankFrontEnd, Crop, Input, LengthRule, Padding
from hadam_hw.input.bank_design import mel_bank
from hadam_hw.model import Model, Provenance
from hadam_hw.model_file import save_model
from hadam_hw.train.ridge import fit_ridge
from hadam_hw.train.ridge_settings import tried_settings
from hadam_hw.train.tasks.task import Sequences, Task

CLASSES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPLIT = "official test set; validation on five recordings of each speaker and digit"


def main(argv):
    """Trains, prints the scores, and writes the model."""
    parser = argparse.ArgumentParser(prog="python -m bench ear", description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the model (.npz) goes")
    arguments = parser.parse_args(argv)
    check_file_out(arguments.out)
    clips = Clips(arguments.data)
    kept = validation_of(clips, clips.test, arguments.seed)
    source = source_of(clips)
    parts = [Sequences(clips.vectors(source, part), clips.labels[part]) for part in (~clips.test & ~kept, kept, clips.test)]
    task = Task("digits", *parts, source.format, 1.0, CLASSES, SPLIT)
    fit = fit_ridge(task, tried_settings({"task": "digits", "seed": arguments.seed, "hidden": arguments.hidden}))
    scores = [score(fit, source, clips, clips.test, gain) for gain in GAINS_DB]
    model = Model(layers=(fit.layer,), readout=fit.readout, input=source, provenance=Provenance(
        task="digits", seed=arguments.seed, command=f"python -m bench ear --hidden {arguments.hidden} --seed {arguments.seed}",
        integer_score=scores[0], validation_score=fit.validation_score, split=SPLIT))
    save_model(model, arguments.out)
    Console(highlight=False, soft_wrap=True).print(
        f"{arguments.hidden} units, {model.model_bytes} bytes; validation {fit.validation_score:.2f} %; test "
        + ", ".join(f"{each:.2f} % at {gain} dB" for each, gain in zip(scores, GAINS_DB)))
    return 0


def source_of(clips):
    """The input: the bank's codes, each band less its mean over the training clips."""
    front_end = BankFrontEnd(mel_bank(RATE_HZ))
    codes = [front_end.bank.encode(clips.sounds[k]) for k in np.flatnonzero(~clips.test)]
    means = np.rint(np.concatenate(codes).mean(axis=0)).astype(np.int64)
    return Input.direct(front_end, width=8, signed=True, offset=means, length=LengthRule(FRAMES, Padding.FRONT, Crop.LOUDEST),
                        source="Free Spoken Digit Dataset (Jackson et al.)", licence="CC BY-SA 4.0")
