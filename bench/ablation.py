# SPDX-License-Identifier: BSD-2-Clause
"""Which recurrence, and which read-out? Each with each on four tasks, at equal units and at equal cells.

Each row is kept in a file as it is done, so that an interrupted run goes on where it was; ``--table`` only writes the tables
of docs/notes/ablation.md. The first seed comes first, and then what was best on validation with it. Nothing is chosen on a
test set.
"""

import argparse
import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console

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
from hadam_hw.errors import DataError
from hadam_hw.files import atomic_write
from hadam_hw.train.record import read_lines
from hadam_hw.train.tasks import load_task

ROOT = Path(__file__).resolve().parent.parent
ROWS, PAGE = ROOT / "bench" / "ablation.jsonl", ROOT / "docs" / "notes" / "ablation.md"
#: Between them the page has the tables.
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
SEEDS = 3


@dataclass(frozen=True)
class Entry:
    """What is trained once for each seed; ``equal`` says whether units or cells are what all have in common."""

    task: str
    recurrence: str
    readout: str
    equal: str = "units"


def main(argv):
    """Trains what is not in the file yet, then writes the tables into the page."""
    parser = argparse.ArgumentParser(prog="python -m bench ablation", description=__doc__)
    parser.add_argument("--tasks", nargs="+", default=list(BUDGETS), choices=list(BUDGETS))
    parser.add_argument("--seeds", type=int, default=SEEDS,
                        help="so many (default %(default)s), the first with everything before the second")
    parser.add_argument("--best", type=int, metavar="N", help="seeds after the first only for the N best entries a task")
    parser.add_argument("--rows", type=Path, default=ROWS, metavar="FILE")
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--table", action="store_true", help="train nothing, write the tables of what there is")
    arguments = parser.parse_args(argv)
    if not arguments.table:
        torch.set_num_threads(1)
        console = Console(highlight=False)
        for seed in range(arguments.seeds):
            for name in arguments.tasks:
                _train(name, seed, arguments, console)
    text = PAGE.read_text("utf-8")
    atomic_write(PAGE, written(text, read_lines(arguments.rows)).encode())
    return 0


def entries(task):
    """The entries of a task, equal units first."""
    kinds = {name: kind for name, kind in RECURRENCES.items() if BUDGETS[task].pooling in kind.poolings}
    at_units = [name for name in kinds if UNITS in kinds[name].sizes(BUDGETS[task].pooling)]
    return [Entry(task, name, readout) for name in at_units for readout in READOUTS] + [
        Entry(task, name, readout, "cells") for name, kind in kinds.items() if kind.cells for readout in READOUTS]


def waiting(task, seed, rows, best=None):
    """The entries of a task that have no row of ``seed`` yet; of the seeds after the first those of the best score on
    validation first, and only ``best`` of them where that is given."""
    wanted = entries(task)
    if seed:
        first = {_entry(row): row["validation"] for row in rows if row["seed"] == 0}
        wanted = sorted((entry for entry in wanted if entry in first), key=lambda entry: -first[entry])[:best]
    done = {_entry(row) for row in rows if row["seed"] == seed}
    return [entry for entry in wanted if entry not in done]


def _entry(row):
    return Entry(row["task"], row["recurrence"], row["readout"], row["equal"])


def _train(name, seed, arguments, console):
    """Adds a row for each entry of the task ``name`` that lacks one of ``seed``."""
    rows = read_lines(arguments.rows)
    wanted = waiting(name, seed, rows, arguments.best)
    if not wanted:
        return
    bench = _Bench(load_task(name, arguments.data, seed), seed)
    for entry in wanted:
        units = UNITS if entry.equal == "units" else _units(entry, rows, bench)
        row = vars(entry) | {"seed": seed, "units": units} | bench.scores(entry, units)
        rows.append(row)
        atomic_write(arguments.rows, "".join(json.dumps(line) + "\n" for line in rows).encode())
        console.print(f"{name}, seed {seed}: {entry.recurrence}, {entry.readout}, {units} units at equal {entry.equal}: "
                      f"validation {row['validation']:.2f} %, test {row['test']:.2f} %")


def _units(entry, rows, bench):
    """The units of an entry at equal cells: those of the first seed, or the largest that cost no more than the reference."""
    for row in rows:
        if _entry(row) == entry:
            return row["units"]
    most = bench.cost(REFERENCE, UNITS, entry.readout).lc
    units = units_at(most, RECURRENCES[entry.recurrence].sizes(BUDGETS[entry.task].pooling),
                     lambda units: bench.cost(entry.recurrence, units, entry.readout).lc)
    if units is None:
        raise DataError(f"Recurrence {entry.recurrence} must have a size of at most {most} cells, and has none")
    return units


class _Bench:
    """A task with the layers drawn on it, and the vectors of those that were trained."""

    def __init__(self, task, seed):
        self.task, self.seed, self.layers, self.vectors = task, seed, {}, {}

    def layer(self, name, units):
        """The layer, drawn once."""
        if (name, units) not in self.layers:
            self.layers[name, units] = layer_of(self.task, name, units, self.seed)
        return self.layers[name, units]

    def cost(self, name, units, readout):
        """Its estimate."""
        return cost(self.layer(name, units), self.task, READOUTS[readout])

    def scores(self, entry, units):
        """Scores, cost and seconds as fields of a row."""
        began, key = time.perf_counter(), (entry.recurrence, units)
        if key not in self.vectors:
            self.vectors[key] = Vectors(self.task, settings_of(self.task, *key, self.seed), self.layer(*key))
        validation, test = self.vectors[key].scores(READOUTS[entry.readout])
        found = self.cost(*key, entry.readout)
        return {"lc": found.lc, "ebr": found.ebr, "clocks": found.cycles_per_step, "validation": validation, "test": test,
                "seconds": round(time.perf_counter() - began, 1)}


def written(text, rows):
    """The page ``text`` with the tables of ``rows`` between its marks."""
    head, _, rest = text.partition(BEGIN)
    return head + BEGIN + tables(rows) + END + rest.partition(END)[2]


def tables(rows):
    """A table a task: a line a recurrence and basis, a column a read-out."""
    parts = []
    for task in BUDGETS:
        parts += [f"**{task}**\n\n",
                  f"| recurrence | equal | {' | '.join(READOUTS)} | units; cells; block RAMs; clocks a step |\n",
                  f"|---|---|{'---|' * len(READOUTS)}---|\n"]
        lines = dict.fromkeys((entry.recurrence, entry.equal) for entry in entries(task))
        for recurrence, equal in lines:
            found = {readout: [row for row in rows if _entry(row) == Entry(task, recurrence, readout, equal)]
                     for readout in READOUTS}
            scores = " | ".join(_scores(found[readout]) for readout in READOUTS)
            parts.append(f"| {recurrence} | {equal} | {scores} | {_costs(found)} |\n")
        parts.append("\n")
    return "".join(parts)


def _scores(rows):
    """The median and the range on the test set, and how many seeds where they are not :data:`SEEDS`."""
    scores = sorted(row["test"] for row in rows)
    if not scores:
        return "not yet"
    if len(scores) == 1:
        return f"{scores[0]:.2f} (one seed)"
    count = "" if len(scores) == SEEDS else f"; {len(scores)} seeds"
    return f"**{statistics.median(scores):.2f}** ({scores[0]:.2f} to {scores[-1]:.2f}{count})"


def _costs(found):
    """What the first seed's cost: one number, or one for each read-out where they differ."""
    costs = [next(row for row in rows if row["seed"] == 0) for rows in found.values() if rows]
    cells = [[f"{row[key]:,}" for row in costs] for key in ("units", "lc", "ebr", "clocks")]
    return "; ".join(", ".join(numbers[:1] if len(set(numbers)) == 1 else numbers) for numbers in cells)
