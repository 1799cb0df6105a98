# SPDX-License-Identifier: BSD-2-Clause
"""``python -m hadam_hw.train.baselines``: trains a full-precision network on a task, and scores it once on the test set."""

import json
import sys

from hadam_hw.cli import Parser, positive, run_cli
from hadam_hw.terminal import console
from hadam_hw.train.baselines.fit import Budget, train
from hadam_hw.train.baselines.networks import KINDS, width_for_bytes
from hadam_hw.train.tasks import load_task


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    arguments = _arguments(argv)
    budget = Budget(arguments.epochs, arguments.batch, tuple(arguments.lr), arguments.noise, arguments.dropout,
                    arguments.leak, arguments.seed)
    task = load_task(arguments.task, arguments.data, arguments.seed)
    width = arguments.width
    if width is None:
        size = task.format.size if task.format else 1
        width = width_for_bytes(arguments.kind, size, len(task.classes), arguments.bytes)
    screen = console(stderr=True, quiet=arguments.json)
    record = train(task, arguments.kind, width, budget, lambda lr, epoch, loss, score: screen.print(
        f"rate {lr:g}, epoch {epoch}: loss {loss:.4f}, validation {score:.2f} %"))
    if arguments.json:
        sys.stdout.write(json.dumps(record) + "\n")
    else:
        sys.stdout.write(f"{arguments.kind} of {width} units, {record['bytes']} bytes, rate {record['lr']:g}: validation "
                         f"{record['validation']:.2f} %, test {record['test']:.2f} %, {record['seconds']:.0f} s\n")
    return 0


def _arguments(argv):
    parser = Parser(prog="python -m hadam_hw.train.baselines", description=__doc__)
    default = Budget()
    parser.add_argument("--task", required=True)
    parser.add_argument("--kind", required=True, choices=sorted(KINDS))
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--bytes", type=positive(int), help="the greatest width with so many bytes, 4 a weight")
    size.add_argument("--width", type=positive(int), help="units")
    parser.add_argument("--epochs", type=positive(int), default=default.epochs, help="for each rate (default %(default)s)")
    parser.add_argument("--batch", type=positive(int), default=default.batch)
    parser.add_argument("--lr", type=positive(float), nargs="+", default=default.lrs,
                        help="Adam's rates, of which validation chooses (default 0.001 0.003 0.01)")
    parser.add_argument("--noise", type=float, default=0.0,
                        help="Gaussian noise on the inputs while training, in the units of x")
    parser.add_argument("--dropout", type=float, default=0.0, help="of the features while training")
    parser.add_argument("--leak", type=int, default=0, choices=range(13),
                        help="states of the orthogonal kinds shrink by 1 - 2**-LEAK a step; 0 for no leak")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--json", action="store_true", help="the record as one line of JSON, and nothing else")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_cli(main))
