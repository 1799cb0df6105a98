# SPDX-License-Identifier: BSD-2-Clause
"""Files of recordings for the tests."""

import numpy as np


def wave(seed, steps=40, channels=2):
    """float64 [steps, channels] of noise, rounded as a logger writes it."""
    return np.round(np.random.default_rng(seed).normal(size=(steps, channels)), 4)


def csv_text(values, names=("x [g]", "y [g]"), rate_hz=100.0, delimiter=",", start=0.0):
    """The text of a file with a time column."""
    head = delimiter.join(["time", *names])
    rows = [delimiter.join([f"{start + k / rate_hz:.4f}", *(f"{value:.4f}" for value in row)]) for k, row in enumerate(values)]
    return "\n".join([head, *rows]) + "\n"


def tree(folder, files):
    """Writes ``files``, text or bytes by path; returns ``folder``."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def folder_of_csv(folder, classes=("run", "walk"), groups=("anna", "ben", "carl", "dora"), each=2):
    """A folder ``CLASS/GROUP/k.csv``."""
    return tree(folder, {f"{label}/{group}/{k}.csv": csv_text(wave([i, j, k])) for i, label in enumerate(classes)
                         for j, group in enumerate(groups) for k in range(each)})
