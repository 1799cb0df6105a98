# SPDX-License-Identifier: BSD-2-Clause
"""The ablation and the splits of persons: what is left to do, the tables, and that the pages are what the rows make."""

import json
from dataclasses import replace

import pytest

from bench import ablation, dsa_splits
from bench.ablation_cells import (
    BUDGETS,
    READOUTS,
    RECURRENCES,
    REFERENCE,
    UNITS,
    Vectors,
    cost,
    layer_of,
    settings_of,
    units_at,
)
from hadam_hw.readout import Pooling
from hadam_hw.train.record import read_lines
from hadam_hw.train.tasks import load_task
from tests.train import task_files


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All data files, small."""
    return task_files.write_all(tmp_path_factory.mktemp("ablation"))


@pytest.mark.parametrize("bench", [ablation, dsa_splits])
def test_the_page_is_what_the_rows_make(bench):
    text = bench.PAGE.read_text("utf-8")
    assert text == bench.written(text, read_lines(bench.ROWS)), f"run python -m {bench.__name__.replace('.', ' ')} --table"


def row(entry, seed=0, score=50.0, units=UNITS):
    """A row as it is written."""
    return vars(entry) | {"seed": seed, "units": units, "lc": 1000, "ebr": 10, "clocks": 20, "validation": score, "test": score}


@pytest.mark.parametrize("task", BUDGETS)
def test_each_recurrence_meets_each_readout(task):
    entries = ablation.entries(task)
    assert len(set(entries)) == len(entries)
    kinds = {name for name, kind in RECURRENCES.items() if BUDGETS[task].pooling in kind.poolings}
    assert {(entry.recurrence, entry.readout) for entry in entries} == {
        (name, readout) for name in kinds for readout in READOUTS}


def test_what_is_done_is_not_done_again_and_the_best_come_first():
    entries = ablation.entries("smnist")
    rows = [row(entry, score=float(k % 7)) for k, entry in enumerate(entries)]
    assert ablation.waiting("smnist", 0, rows[3:]) == entries[:3] and not ablation.waiting("smnist", 0, rows)
    later = ablation.waiting("smnist", 1, rows)
    assert set(later) == set(entries) and [rows[entries.index(entry)]["validation"] for entry in later] == sorted(
        (line["validation"] for line in rows), reverse=True)
    assert ablation.waiting("smnist", 1, [*rows, row(later[0], seed=1)], best=2) == later[1:2]
    assert not ablation.waiting("smnist", 1, [])  # without a first seed nobody is the best


@pytest.mark.parametrize(("most", "found"), [(79, None), (80, 8), (239, 16), (240, 24), (10**6, 64)])
def test_units_at_equal_cells_are_the_most_that_cost_no_more(most, found):
    assert units_at(most, range(8, 65, 8), lambda units: 10 * units) == found


def test_a_table_has_median_range_and_what_is_not_there_yet():
    entry = ablation.entries("pmnist")[0]
    text = ablation.tables([row(entry, seed, score) for seed, score in enumerate((90.0, 96.5, 91.0))])
    line = next(line for line in text.splitlines() if line.startswith(f"| {REFERENCE} | units"))
    assert line == f"| {REFERENCE} | units | **91.00** (90.00 to 96.50) | not yet | not yet | 128; 1,000; 10; 20 |"


@pytest.mark.parametrize(("name", "units"), [("blocks of 64, signs searched", 64), ("one block", 32),
                                             ("oscillators, leaks 2 to 5", 64)])
def test_recurrences_are_drawn_trained_and_estimated(name, units, folder, monkeypatch):
    pooling = RECURRENCES[name].poolings[0]
    task = load_task("smnist" if pooling is Pooling.LAST else "har-mu", folder)
    monkeypatch.setitem(BUDGETS, task.name, replace(BUDGETS[task.name], epochs=1))
    layer = layer_of(task, name, units, 0)
    vectors = Vectors(task, settings_of(task, name, units, 0), layer)
    for hidden in READOUTS.values():
        validation, test = vectors.scores(hidden)
        assert 0 <= validation <= 100 and (validation, test) == vectors.scores(hidden)
        assert cost(layer, task, hidden).lc > 500


def test_an_interrupted_ablation_goes_on(folder, tmp_path, monkeypatch):
    seen = []

    def scores(bench, entry, units):
        if len(seen) == 5:
            raise KeyboardInterrupt
        seen.append((entry, units))
        return {"lc": 1, "ebr": 1, "clocks": 1, "validation": 1.0, "test": 1.0}

    page = tmp_path / "page.md"
    page.write_text(ablation.BEGIN + ablation.END)
    monkeypatch.setattr(ablation, "PAGE", page)
    monkeypatch.setattr(ablation._Bench, "scores", scores)
    monkeypatch.setattr(ablation, "_units", lambda entry, rows, bench: 64)
    arguments = ["--tasks", "har-mu", "--seeds", "1", "--rows", str(tmp_path / "rows.jsonl"), "--data", str(folder)]
    with pytest.raises(KeyboardInterrupt):
        ablation.main(arguments)
    assert len(read_lines(tmp_path / "rows.jsonl")) == 5
    first, seen[:] = list(seen), []
    monkeypatch.setattr(ablation._Bench, "scores", lambda bench, entry, units: (seen.append((entry, units)) or {
        "lc": 1, "ebr": 1, "clocks": 1, "validation": 1.0, "test": 1.0}))
    assert ablation.main(arguments) == 0
    assert [entry for entry, _ in first + seen] == ablation.entries("har-mu")
    assert "not yet" in page.read_text() and "1.00 (one seed)" in page.read_text()


def test_splits_of_four_persons_are_seventy_and_none_is_done_twice():
    splits = dsa_splits.waiting([])
    assert len(set(splits)) == len(splits) == 70 and all(len(persons) == 4 for persons in splits)
    rows = [{"persons": list(persons), "test": 80.0, "bytes": 2000} for persons in splits[:69]]
    assert dsa_splits.waiting(rows) == splits[69:]
    assert "| all | 69 | 80.00 | 80.00 to 80.00 |" in dsa_splits.table(json.loads(json.dumps(rows)))
