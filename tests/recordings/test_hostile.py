# SPDX-License-Identifier: BSD-2-Clause
"""Three hundred files that lie are recordings or one sentence with its place, in little memory; a reader that errs is found."""

import numpy as np
import pytest

from bench.hostile import sweep
from bench.hostile_files import LARGE
from hadam_hw.errors import DataError

#: A hang would take longer; `python -m bench hostile` holds each to 2 s.
SECONDS = 60


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_seeded_files_that_lie(seed):
    complaints, said, _ = sweep(100, seed, seconds=SECONDS, large=False)
    assert not complaints, "\n".join(complaints)
    assert said["recordings"] >= 5 and len(said) > 25


def test_the_large_ones():
    complaints, said, _ = sweep(0, 0, seconds=SECONDS)
    assert not complaints, "\n".join(complaints)
    assert sum(said.values()) == len(LARGE)


def traceback(path):
    """A reader with a defect."""
    raise KeyError("inputs")


def two_lines(path):
    """A reader that hands on what a file says."""
    raise DataError(f"{path.name}, line 3: bad\x1b[31m")


def without_file(path):
    """A reader that does not say where."""
    raise DataError("line 3: a number is missing")


def without_line(path):
    """A reader that does not say where in the file."""
    raise DataError(f"{path.name} is damaged")


def greedy(path):
    """A reader that believes what a header says."""
    return np.ones(40 << 20).sum()


def slow(path):
    """A reader that looks at everything twice."""
    sum(range(3_000_000))


@pytest.mark.parametrize("read, sentence", [
    (traceback, "KeyError: 'inputs'"), (two_lines, "characters that a terminal obeys"), (without_file, "names no file"),
    (without_line, "names no line"), (greedy, "memory grew to 3"), (slow, "of processor time")])
def test_a_reader_with_a_fault_is_found(read, sentence):
    complaints, _, _ = sweep(1, 1, reads=lambda path: [read], seconds=1e-3 if read is slow else SECONDS, large=False)
    assert len(complaints) == 1 and complaints[0].startswith("--seed 1, file 0, csv: ") and sentence in complaints[0]


def test_a_fault_in_the_reader_itself_is_found(monkeypatch):
    from hadam_hw.recordings import text_line

    monkeypatch.setattr(text_line, "_MISSING", ())
    monkeypatch.setattr(text_line, "_NUMBER", text_line.re.compile(".*"))
    complaints, _, _ = sweep(100, 1, seconds=SECONDS, large=False)
    assert complaints and all("ValueError: could not convert" in line for line in complaints)
