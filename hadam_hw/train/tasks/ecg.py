# SPDX-License-Identifier: BSD-2-Clause
"""ECG5000: one heart beat of 140 samples, normal or not."""

import numpy as np

from hadam_hw.input import Encoding, Input, LengthRule
from hadam_hw.input.channel import STEPS
from hadam_hw.train.data import check_rows, fetch, read_npz_xz
from hadam_hw.train.tasks.task import Sequences, Task

VALIDATION_PART = 5
ORIGIN = dict(source="ECG5000 of the UCR archive, from PhysioNet's BIDMC congestive heart failure database (chf07)",
              licence="none stated with the data")


def load_ecg(name, folder, rng):
    """The beats of the official training set (500) and test set (4,500)."""
    path = fetch(folder, "ecg/ecg5000.npz.xz")
    arrays = read_npz_xz(path, X=2, abnormal=1, group=1)
    check_rows(path, *arrays.values())
    beats, labels, official = arrays["X"][..., None], arrays["abnormal"].astype(np.int64), arrays["group"] == 0
    source = Input.fit(beats[official], channels=["ecg"], encoding=Encoding.REFERENCE, length=LengthRule(beats.shape[1]),
                       **ORIGIN)
    train = rng.permutation(np.flatnonzero(official))
    kept = len(train) // VALIDATION_PART
    parts = [Sequences(source.codes(beats[chosen], np.int8), labels[chosen])
             for chosen in (train[kept:], train[:kept], np.flatnonzero(~official))]
    return Task(name, *parts, source.format, 1 / STEPS, ("normal", "abnormal"),
                "official test set; validation on a random fifth of the 500 training beats", input=source,
                measured=lambda: beats[~official])
