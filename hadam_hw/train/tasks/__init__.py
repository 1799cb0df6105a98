# SPDX-License-Identifier: BSD-2-Clause
"""The tasks: integer sequences as the hardware gets them, cut into training, validation and test.

Validation is always cut from the training data; nothing here but :attr:`Task.test` holds a test sequence.
"""

from functools import partial

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.train.data import data_folder
from hadam_hw.train.tasks.copying import load_copy
from hadam_hw.train.tasks.ecg import load_ecg
from hadam_hw.train.tasks.mnist import load_fashion, load_mnist, permuted
from hadam_hw.train.tasks.motion import load_dsa_persons, load_dsa_random, load_har, load_har2
from hadam_hw.train.tasks.speech import load_digits, load_keywords
from hadam_hw.train.tasks.task import Generated, Sequences, Task
from hadam_hw.train.tasks.text import load_imdb, load_qqp, load_sst2

__all__ = ["TASKS", "Generated", "Sequences", "Task", "load_task"]

#: Name -> loader(name, folder, rng, *whole numbers that follow the name after colons).
TASKS = {
    "pmnist": partial(load_mnist, order=permuted),
    "smnist": load_mnist,
    "fashion": load_fashion,
    "har": load_har,
    "har2": load_har2,
    "har-mu": partial(load_har, companded=True),
    "har2-mu": partial(load_har2, companded=True),
    "dsa-random": load_dsa_random,
    "dsa-persons": load_dsa_persons,
    "dsa-persons-mu": partial(load_dsa_persons, companded=True),
    "imdb": load_imdb,
    "sst2": load_sst2,
    "sst2-post": partial(load_sst2, before=False),
    "qqp": load_qqp,
    "ecg": load_ecg,
    "digits": load_digits,
    "digits-bank": partial(load_digits, bank=True),
    "keywords": load_keywords,
    "copy": load_copy,
}
#: How many numbers may follow a name.
MOST_NUMBERS = {"copy": 2, "dsa-persons": 7, "dsa-persons-mu": 7}


def load_task(name, folder=None, seed=0):
    """The task ``name``, one of :data:`TASKS`; ``seed`` chooses what is kept for validation.

    ``copy`` takes numbers: ``copy:100`` has 100 blanks, ``copy:100:5`` also 5 symbols. So do ``dsa-persons`` and
    ``dsa-persons-mu``: ``dsa-persons:2:5:6:8`` trains on these persons, and tests on the others.

    Raises
    ------
    DataError
        If there is no such task, or its data are missing or damaged.
    """
    word, *numbers = name.split(":")
    if word not in TASKS:
        raise DataError(f"Task must be one of {', '.join(sorted(TASKS))}, not {name!r}")
    if len(numbers) > MOST_NUMBERS.get(word, 0) or not all(number.isdecimal() for number in numbers):
        raise DataError("Task must be a name alone, or copy:BLANKS, copy:BLANKS:SYMBOLS or dsa-persons:PERSON:PERSON... in "
                        f"whole numbers, not {name!r}")
    return TASKS[word](name, data_folder(folder), np.random.default_rng([seed, 1]), *map(int, numbers))
