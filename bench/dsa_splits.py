# SPDX-License-Identifier: BSD-2-Clause
"""DSA-19 by persons: trained on four of the eight, tested on the other four, for each of the 70 ways to choose them.

Which persons are unseen decides more than the network, so one split says little. The setting is that of the shipped
``dsa-persons-h64-b64`` with a third of its epochs, seed 0, the last one kept; nothing is chosen. Each split is a line in
bench/dsa_splits.jsonl, and an interrupted run goes on; ``--table`` only writes the page, docs/notes/dsa-splits.md.
"""

import argparse
import json
import random
import statistics
import tempfile
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from rich.console import Console

from hadam_hw.files import atomic_write
from hadam_hw.train.by_gradient import train_network
from hadam_hw.train.record import read_lines
from hadam_hw.train.settings import Settings, read_config
from hadam_hw.train.tasks import load_task

ROOT = Path(__file__).resolve().parent.parent
CONFIG, ROWS = ROOT / "configs" / "dsa-persons-h64-b64.toml", ROOT / "bench" / "dsa_splits.jsonl"
PAGE = ROOT / "docs" / "notes" / "dsa-splits.md"
#: Between them the page has the table.
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
PERSONS, TRAINED = range(1, 9), 4
EPOCHS = 5
#: What is published: FastGRNN (NeurIPS 2018) in 3,250 bytes, which does not say which persons are unseen.
PUBLISHED = 83.73


def main(argv):
    """Trains the splits that are not in the file yet, then writes the table into the page."""
    parser = argparse.ArgumentParser(prog="python -m bench dsa_splits", description=__doc__)
    parser.add_argument("--rows", type=Path, default=ROWS, metavar="FILE")
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--table", action="store_true", help="train nothing, write the table of what there is")
    arguments = parser.parse_args(argv)
    rows = read_lines(arguments.rows)
    for persons in [] if arguments.table else waiting(rows):
        row = split(persons, arguments.data)
        rows.append(row)
        atomic_write(arguments.rows, "".join(json.dumps(line) + "\n" for line in rows).encode())
        Console(highlight=False).print(f"trained on {_named(persons)}: {row['test']:.2f} %, {row['bytes']:,} bytes")
    atomic_write(PAGE, written(PAGE.read_text("utf-8"), rows).encode())
    return 0


def waiting(rows):
    """The splits that have no row yet, the training persons of each; the order is drawn, so that a part is a fair sample.

    A split and the one that trains on what it tests follow each other.
    """
    done = {tuple(row["persons"]) for row in rows}
    pairs = [(chosen, tuple(person for person in PERSONS if person not in chosen))
             for chosen in combinations(PERSONS, TRAINED) if chosen[0] == PERSONS[0]]
    random.Random(0).shuffle(pairs)
    return [persons for pair in pairs for persons in pair if persons not in done]


def split(persons, data):
    """The row of one split."""
    settings = Settings(**read_config(CONFIG))
    settings = replace(settings, task=":".join(["dsa-persons", *map(str, persons)]), epochs=EPOCHS, evaluate_every=EPOCHS)
    task = load_task(settings.task, data, settings.seed)
    with tempfile.TemporaryDirectory() as folder:
        record, _, interrupted = train_network(settings, task, Path(folder) / "split.npz", Console(quiet=True), __name__)
    if interrupted:
        raise KeyboardInterrupt
    return {"persons": persons, "test": record["integer"], "bytes": record["bytes"], "epochs": record["epochs"],
            "seconds": record["seconds"]}


def written(text, rows):
    """The page ``text`` with the table of ``rows`` between its marks."""
    head, _, rest = text.partition(BEGIN)
    return head + BEGIN + (table(rows) if rows else "") + END + rest.partition(END)[2]


def table(rows):
    """Median and range of all splits, those with a person in training against those without, and the splits at both ends."""
    rows = sorted(rows, key=lambda row: row["test"])
    lines = ["| splits | how many | median | range |", "|---|---|---|---|", _line("all", rows)]
    for person in PERSONS:
        lines.append(_line(f"person {person} unseen", [row for row in rows if person not in row["persons"]]))
    lines += ["", "| trained on | tested on | integers, % |", "|---|---|---|"]
    first = list(PERSONS)[:TRAINED]
    for row in dict.fromkeys(map(json.dumps, [rows[0], *(row for row in rows if list(row["persons"]) == first), rows[-1]])):
        row = json.loads(row)
        lines.append(f"| {_named(row['persons'])} | {_named([p for p in PERSONS if p not in row['persons']])} | "
                     f"{row['test']:.2f} |")
    above, largest = sum(row["test"] >= PUBLISHED for row in rows), max(row["bytes"] for row in rows)
    lines += ["", f"{above} of the {len(rows)} splits are at {PUBLISHED} % or above; the largest model has {largest:,} bytes."]
    return "".join(f"{line}\n" for line in lines)


def _line(name, rows):
    scores = [row["test"] for row in rows]
    if not scores:
        return f"| {name} | 0 | | |"
    return f"| {name} | {len(rows)} | {statistics.median(scores):.2f} | {min(scores):.2f} to {max(scores):.2f} |"


def _named(persons):
    return ", ".join(map(str, persons))
