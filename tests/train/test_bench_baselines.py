# SPDX-License-Identifier: BSD-2-Clause
"""The list of baselines: it goes on where it stopped, and gives each kind the same budget."""

import json

import pytest

from bench import baselines
from hadam_hw.errors import DataError
from tests.train import task_files

CHOICE = ["--tasks", "ecg", "digits", "--kinds", "gru", "orthogonal-sum"]


def test_it_goes_on_where_it_stopped(tmp_path, monkeypatch):
    folder, out, budgets = task_files.write_all(tmp_path / "data"), tmp_path / "records.jsonl", []

    def train(task, kind, width, budget):
        if len(budgets) == 3:
            raise DataError("the machine went away")
        budgets.append(budget)
        return {"task": task.name, "kind": kind, "width": width, "bytes": 1, "test": 50.0, "seconds": 1.0}

    monkeypatch.setattr(baselines, "train", train)
    arguments = [*CHOICE, "--data", str(folder), "--out", str(out)]
    with pytest.raises(DataError):
        baselines.main(arguments)
    assert len(out.read_text().splitlines()) == 3
    budgets.clear()
    with pytest.raises(DataError):
        baselines.main(arguments)
    budgets.clear()
    assert baselines.main(arguments) == 0
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted((record["task"], record["kind"], record["equal"]) for record in records) == sorted(
        (task, kind, equal) for task in ("ecg", "digits") for kind in ("gru", "orthogonal-sum") for equal in ("bytes", "width"))
    assert len(budgets) == 2 and all(record["width"] == 128 for record in records if record["equal"] == "width")
    before = out.read_text()
    assert baselines.main(arguments) == 0 and out.read_text() == before


def test_kinds_of_a_task_have_one_budget(tmp_path, monkeypatch):
    folder, seen = task_files.write_all(tmp_path / "data"), {}

    def train(task, kind, width, budget):
        seen.setdefault(task.name, set()).add((budget.epochs, budget.lrs, budget.batch, budget.noise, budget.seed))
        return {"task": task.name, "kind": kind, "width": width, "bytes": 1, "test": 50.0, "seconds": 1.0}

    monkeypatch.setattr(baselines, "train", train)
    baselines.main(["--tasks", "har", "dsa-random", "--data", str(folder), "--out", str(tmp_path / "r.jsonl")])
    assert {name: len(budgets) for name, budgets in seen.items()} == {"har": 1, "dsa-random": 1}
