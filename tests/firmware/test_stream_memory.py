# SPDX-License-Identifier: BSD-2-Clause
"""``hadam stream`` and ``hadam predict -`` keep nothing of the lines that they were sent, and their labels are golden's."""

import sys

import pytest

from bench.stream_memory import BLOCK, DAMAGE, WINDOW, Example, follow, growth

#: Three blocks of samples, with three damaged lines each.
LINES = 3 * (BLOCK + len(DAMAGE))
#: `hadam` that keeps each sample.
KEEPING = """
import sys
from hadam_hw import command
from hadam_hw.cli import run_cli
from hadam_hw.recordings import lines
kept, read = [], lines.Lines._read
lines.Lines._read = staticmethod(lambda *line: kept.append(read(*line)) or kept[-1])
sys.exit(run_cli(command.main))
"""


@pytest.mark.parametrize("verb", ["stream", "predict"])
def test_memory_and_labels(verb):
    memory, windows, said = follow(verb, LINES)
    assert windows == 3 * BLOCK // WINDOW and growth(memory) < 1 and len(memory) == 10
    assert "9 damaged lines" in said and "at most 4,096 bytes" in said


def test_a_sensor_that_waits_for_nobody():
    memory, windows, said = follow("stream", LINES, pipe=True)
    assert 0 < windows <= 75 and "9 damaged lines" in said


def test_a_verb_that_keeps_samples_is_found():
    assert growth(follow("stream", LINES, program=(sys.executable, "-c", KEEPING))[0]) > 1


def test_a_verb_that_ends_early_is_found():
    with pytest.raises(AssertionError, match="ended with 3: half"):
        follow("predict", WINDOW, program=(sys.executable, "-c", "import sys; sys.stderr.write('half'); sys.exit(3)"))


def test_a_wrong_label_is_found():
    example = Example()
    example.model = example.model.with_readout(classes=("right", "up", "left"))
    example.label = Example().label
    with pytest.raises(AssertionError, match="window at 0: "):
        follow("predict", WINDOW, example=example)
