# SPDX-License-Identifier: BSD-2-Clause
"""models/ holds what is worth a look: no model there is beaten by another on score, bytes and cells at once."""

from dataclasses import dataclass
from pathlib import Path

import pytest

import boards
from hadam_hw.model_file import load_model
from rtl_gen.estimate.choose import survey

ROOT = Path(__file__).resolve().parents[2]
#: Tasks of the same recordings and classes, whose scores compare.
SAME = {"har-mu": "har", "har2-mu": "har2", "dsa-persons-mu": "dsa-persons"}
BOARD = boards.get("icebreaker")


@dataclass(frozen=True)
class Shipped:
    """What a model is compared by; ``cells`` are of the smallest whole design on :data:`BOARD`, by estimate, whether
    it fits or not."""

    name: str
    task: str
    score: float
    bytes: int
    cells: int

    @classmethod
    def of(cls, path):
        """The model in the file ``path``."""
        model = load_model(path)
        task = model.provenance.task
        cells = min(candidate.estimate.lc for candidate in survey(model, BOARD))
        return cls(path.stem, SAME.get(task, task), model.provenance.integer_score, model.model_bytes, cells)

    def beats(self, other):
        """Whether it is no worse than ``other`` in anything, and not the same."""
        return (self.name != other.name and self.task == other.task and self.score >= other.score
                and self.bytes <= other.bytes and self.cells <= other.cells)


@pytest.fixture(scope="module")
def shipped():
    return [Shipped.of(path) for path in sorted((ROOT / "models").glob("*.npz"))]


def test_no_shipped_model_is_beaten(shipped):
    assert len(shipped) > 20
    assert [(one.name, other.name) for one in shipped for other in shipped if other.beats(one)] == []


@pytest.mark.parametrize("path", sorted((ROOT / "tests/data/models").glob("*.npz")), ids=lambda path: path.stem)
def test_those_that_left_are_beaten(path, shipped):
    assert [other.name for other in shipped if other.beats(Shipped.of(path))]
