# SPDX-License-Identifier: BSD-2-Clause
"""ECG5000: one heart beat of 140 samples, normal or not."""

import numpy as np

from hadam_hw.train.data import check_rows, fetch, read_npz_xz
from hadam_hw.train.tasks.normalise import SCALE, Normaliser, signed_bytes
from hadam_hw.train.tasks.task import Sequences, Task

VALIDATION_PART = 5


def load_ecg(name, folder, rng):
    """The beats of the official training set (500) and test set (4,500)."""
    path = fetch(folder, "ecg/ecg5000.npz.xz")
    arrays = read_npz_xz(path, X=2, abnormal=1, group=1)
    check_rows(path, *arrays.values())
    beats, labels, official = arrays["X"][..., None], arrays["abnormal"].astype(np.int64), arrays["group"] == 0
    integers = Normaliser.fit(beats[official])
    train = rng.permutation(np.flatnonzero(official))
    kept = len(train) // VALIDATION_PART
    parts = [Sequences(integers(beats[chosen]), labels[chosen])
             for chosen in (train[kept:], train[:kept], np.flatnonzero(~official))]
    return Task(name, *parts, signed_bytes(1), SCALE, ("normal", "abnormal"),
                "official test set; validation on a random fifth of the 500 training beats")
