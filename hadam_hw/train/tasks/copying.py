# SPDX-License-Identifier: BSD-2-Clause
"""The copy task: symbols, many blanks, and from a marker on the symbols again. No data: sequences are drawn.

``symbols`` symbols of an alphabet of 8, ``blanks`` blanks, the marker, ``symbols - 1`` blanks: ``blanks + 2 symbols`` steps.
The label of every step is blank, but from the marker on the symbols in their order. HadamRNN's reference code has the same, of
1,000 steps: ``copy:980``.
"""

from functools import partial

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.model import InputFormat
from hadam_hw.train.tasks.task import Generated, Sequences, Task

ALPHABET = 8
#: Numbers of the inputs, one-hot; the classes have the same, without the marker.
BLANK, MARKER = 0, ALPHABET + 1
CLASSES = ("blank", *(f"symbol_{k}" for k in range(1, ALPHABET + 1)))
#: A tenth of the paper's 512,000 training sequences.
EPOCH = 51200
VALIDATION, TEST, SAMPLE = 500, 2000, 500
#: Validation and test are the same for every training.
SEED = 2502


def load_copy(name, folder, rng, blanks=1000, symbols=10):
    """The task with ``blanks`` steps between symbol and copy; ``folder`` and ``rng`` are not used."""
    if not 1 <= blanks <= 1 << 20 or not 1 <= symbols <= 1 << 10:
        raise DataError(f"Copy task must have 1 to {1 << 20} blanks and 1 to {1 << 10} symbols, not {blanks} and {symbols}")
    make = partial(draw_copy, blanks=blanks, symbols=symbols)
    sample, validation, test = (make(count, np.random.default_rng([SEED, k]))
                                for k, count in enumerate((SAMPLE, VALIDATION, TEST)))
    return Task(name, Generated(*sample, count=EPOCH, make=make), Sequences(*validation), Sequences(*test),
                InputFormat(MARKER + 1, 1, False), 1.0, CLASSES,
                f"{TEST} drawn sequences for test, {VALIDATION} others for validation, fresh ones in every batch of training",
                every_step=True)


def draw_copy(count, rng, blanks, symbols):
    """(inputs uint8 [count, steps, 10] one-hot, labels int64 [count, steps]) of ``count`` sequences."""
    drawn = rng.integers(1, MARKER, (count, symbols))
    steps = blanks + 2 * symbols
    shown = np.full((count, steps), BLANK)
    shown[:, :symbols] = drawn
    shown[:, steps - symbols] = MARKER
    labels = np.full((count, steps), BLANK, dtype=np.int64)
    labels[:, steps - symbols:] = drawn
    return np.eye(MARKER + 1, dtype=np.uint8)[shown], labels
