# SPDX-License-Identifier: BSD-2-Clause
"""Trains the baselines of `PLAN`, one after the other, each a line in bench/baselines.jsonl; goes on where it stopped."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from hadam_hw.files import atomic_write
from hadam_hw.train.baselines.fit import Budget, train
from hadam_hw.train.baselines.networks import KINDS, width_for_bytes
from hadam_hw.train.tasks import load_task

RECORDS = Path(__file__).resolve().parent / "baselines.jsonl"
LRS = (2e-3, 1e-2)
#: Deviation of the noise on the inputs; that of the first trainings of the record, which added 0.2 twice.
NOISE = 0.283
#: Leak of the kind that has the read-out of --readout sum.
LEAK = 3


@dataclass(frozen=True)
class Effort:
    """What a task's baselines get: epochs for each rate, equal bytes (None: not trained at equal bytes), equal width, noise."""

    epochs: int
    bytes: int | None
    width: int = 128
    noise: float = NOISE


EFFORTS = {"har": Effort(20, 3000), "har2": Effort(20, 3000), "dsa-random": Effort(20, 3250), "ecg": Effort(100, 1000),
           "digits": Effort(30, 3000), "keywords": Effort(30, 3000),
           # pictures: only what ours is but for its binary weights; gated networks take hours for a pixel a step
           "pmnist": Effort(40, None, noise=0.0), "smnist": Effort(40, None, noise=0.0), "fashion": Effort(40, None, noise=0.0)}
#: (task, kind, "bytes" or "width"), the cheap ones first.
PLAN = [(task, kind, by) for kind, by in (
    ("orthogonal", "width"), ("orthogonal-sum", "width"), ("gru", "bytes"), ("fastgrnn", "bytes"), ("lstm", "bytes"),
    ("orthogonal-sum", "bytes"), ("orthogonal", "bytes"), ("fastgrnn", "width"), ("gru", "width"), ("lstm", "width"))
    for task, effort in EFFORTS.items() if effort.bytes or (kind, by) == ("orthogonal", "width")]


def main(argv):
    """Trains what is in the plan and not yet in the file."""
    parser = argparse.ArgumentParser(prog="python -m bench baselines", description=__doc__)
    parser.add_argument("--tasks", nargs="+", default=list(EFFORTS), choices=list(EFFORTS))
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--by", nargs="+", default=["bytes", "width"], choices=["bytes", "width"])
    parser.add_argument("--out", type=Path, default=RECORDS)
    parser.add_argument("--data")
    arguments = parser.parse_args(argv)
    console = Console()
    for name, kind, by in PLAN:
        lines = arguments.out.read_text().splitlines() if arguments.out.exists() else []
        done = {(record["task"], record["kind"], record["equal"]) for record in map(json.loads, lines)}
        if (name, kind, by) in done or name not in arguments.tasks or kind not in arguments.kinds or by not in arguments.by:
            continue
        effort = EFFORTS[name]
        budget = Budget(epochs=effort.epochs, lrs=LRS, noise=effort.noise, leak=LEAK if kind == "orthogonal-sum" else 0)
        task = load_task(name, arguments.data, budget.seed)
        width = effort.width
        if by == "bytes":
            width = width_for_bytes(kind, task.format.size, len(task.classes), effort.bytes)
        record = train(task, kind, width, budget) | {"equal": by}
        atomic_write(arguments.out, "\n".join([*lines, json.dumps(record)]) + "\n")
        console.print(f"{name} {kind} {width} units {record['bytes']} bytes: test {record['test']:.2f} %, "
                      f"{record['seconds']} s")
    return 0
