# SPDX-License-Identifier: BSD-2-Clause
"""Recordings of noisy sines, three classes told apart by their frequency, of several people and lengths."""

import numpy as np

from tests.recordings.made import csv_text, tree

CLASSES = {"slow": 0.8, "middle": 3.0, "fast": 8.0}
PEOPLE = ("anna", "ben", "carl", "dora")
RATE_HZ = 50.0
#: What makes a training quick: nothing is left to choose.
SETTLED = ["--hidden", "16", "--leak", "3", "--recurrence", "hadamard", "--readout", "sum", "--fit", "ridge"]


def sine(label, seed, steps=None):
    """float64 [steps, 2], of 40 to 70 steps unless told."""
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(40, 70)) if steps is None else steps
    angle = 2 * np.pi * CLASSES[label] * rng.uniform(0.9, 1.1) * np.arange(steps) / RATE_HZ + rng.uniform(0, 6)
    return np.stack([np.sin(angle), 0.5 * np.cos(angle) + 1], axis=1) + 0.2 * rng.normal(size=(steps, 2))


def sines(each=3, steps=None):
    """(sequences, labels, groups): ``each`` of each person and class."""
    found = [(sine(label, [i, j, k], steps), label, person) for i, label in enumerate(CLASSES)
             for j, person in enumerate(PEOPLE) for k in range(each)]
    return tuple(map(list, zip(*found)))


def folder_of_sines(folder, each=2, steps=None, **text):
    """A folder ``CLASS/PERSON/k.csv``."""
    files = {}
    for values, label, person in zip(*sines(each, steps)):
        files[f"{label}/{person}/{len(files)}.csv"] = csv_text(values, ("acc_x [g]", "acc_y [g]"), RATE_HZ, **text)
    return tree(folder, files)
