# SPDX-License-Identifier: BSD-2-Clause
"""Random cores of random models against the golden model, a seed each; exit 1 where one differs. Same seeds, same cores."""

import argparse
from multiprocessing import Pool
from pathlib import Path

from rich.console import Console
from rich.progress import track

from sim.core_check import check_seed


def main(argv):
    """Prints the seeds and cases that differ while they come, and at the end how many there were."""
    parser = argparse.ArgumentParser(prog="python -m bench sweep", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="cores (default 1000), some three a second")
    parser.add_argument("--seed", type=int, default=0, metavar="S",
                        help="the first seed (default 0): a sweep goes on with --seed of where the last one ended")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="processes (default 1)")
    parser.add_argument("--failures", type=Path, metavar="FILE", help="append a line for each core that differs")
    arguments = parser.parse_args(argv)
    seeds = range(arguments.seed, arguments.seed + arguments.count)
    progress, console, found = Console(stderr=True), Console(highlight=False, soft_wrap=True), 0
    with Pool(arguments.jobs, maxtasksperchild=200) as pool:
        for failure in track(pool.imap(check_seed, seeds), "cores", total=len(seeds), console=progress):
            if failure is None:
                continue
            found += 1
            console.print(failure, markup=False)
            if arguments.failures:
                with arguments.failures.open("a", encoding="utf-8") as file:
                    file.write(failure + "\n")
    console.print(f"seeds {seeds.start} to {seeds.stop - 1}: {found} of {len(seeds)} cores differ")
    return 1 if found else 0
