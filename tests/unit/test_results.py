# SPDX-License-Identifier: BSD-2-Clause
"""docs/results.md is what the records make, and the records are those of the shipped models."""

import pytest

from bench.results import BASELINES as BASELINE_RECORDS
from bench.results import PAGE, STYLES, TEXT, TRAININGS, asked_table, page
from hadam_hw.model_file import load_model
from hadam_hw.train.baselines.networks import KINDS
from hadam_hw.train.record import read_lines
from tests.test_docs import ROOT

RECORDS = read_lines(TRAININGS)


def test_the_page_is_what_the_records_make():
    made = page(RECORDS, read_lines(BASELINE_RECORDS), TEXT.read_text("utf-8"))
    assert PAGE.read_text("utf-8") == made, "run python -m bench results"


@pytest.mark.parametrize("path", sorted((ROOT / "models").glob("*.npz")), ids=lambda path: path.stem)
def test_a_shipped_model_has_its_record(path):
    record, = [record for record in RECORDS if record["name"] == path.stem]
    scores = load_model(path).provenance
    assert record["digest"] == load_model(path).digest and record["integer"] == scores.integer_score
    assert record["validation"] == scores.validation_score


def test_what_is_shown_as_reached_is_best_on_validation_and_small_enough():
    common = {"task": "har2", "hidden": 8, "float": 1.0}
    table = asked_table([common | {"name": "large", "integer": 99.0, "validation": 99.0, "bytes": 3001},
                         common | {"name": "lucky", "integer": 98.0, "validation": 50.0, "bytes": 10},
                         common | {"name": "whole", "integer": 97.0, "validation": None, "bytes": 10},
                         common | {"name": "chosen", "integer": 90.0, "validation": 60.0, "bytes": 3000}])
    row, = [line for line in table.splitlines() if line.startswith("| har2,")]
    assert "`chosen`" in row and "**missed**: 90.00 %" in row


def test_every_kind_of_network_is_drawn_in_its_own_way():
    assert set(STYLES) == {"HadamRNN, integers", *KINDS}
    assert len({tuple(style.values()) for style in STYLES.values()}) == len(STYLES)
