# SPDX-License-Identifier: BSD-2-Clause
"""``python -m hadam_hw.train.sweep``: many trainings, several at a time; what is done is not done again."""

import contextlib
import importlib.util
import io
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from hadam_hw.cli import Parser, run_cli
from hadam_hw.errors import DataError, LinkError, ToolMissingError
from hadam_hw.processes import cores
from hadam_hw.terminal import console
from hadam_hw.train.record import read_lines
from hadam_hw.train.settings import read_config

_SUFFIXES = (".npz", ".jsonl", ".svg")


@dataclass(frozen=True)
class Job:
    """One training: a configuration, options that go before its entries, and where its files go (without a suffix)."""

    config: Path
    options: tuple[str, ...]
    out: Path

    def command(self, folder, data):
        """The arguments of ``python`` that run it, its files going to ``folder``."""
        place = ["--data", data] if data else []
        return ["-m", "hadam_hw.train", "--config", str(self.config), "--out", str(folder / f"{self.out.name}.npz"), "--json",
                *place, *self.options]

    def result(self):
        """The record of a finished training; None if it has not ended."""
        lines = read_lines(self.out.with_suffix(".jsonl"))
        return lines[-1].get("result") if lines and self.out.with_suffix(".npz").exists() else None


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parser = Parser(prog="python -m hadam_hw.train.sweep", description=__doc__)
    parser.add_argument("configs", nargs="+", type=Path, help="TOML files, as of python -m hadam_hw.train --config")
    parser.add_argument("--seeds", nargs="+", type=int, help="each configuration with each of them, in place of its own")
    parser.add_argument("--out", required=True, type=Path, help="folder of the models, metrics and curves")
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--jobs", type=int, default=cores(), help="trainings at a time (%(default)s)")
    parser.add_argument("--scheduler", help="address of a dask scheduler whose workers have this package and the data")
    parser.add_argument("--records", type=Path, help="JSON-lines file that the results are added to")
    parser.add_argument("--json", action="store_true", help="the results as lines of JSON, and nothing else")
    arguments = parser.parse_args(argv)
    work = jobs(arguments.configs, arguments.seeds, arguments.out)
    arguments.out.mkdir(parents=True, exist_ok=True)
    screen = console(stderr=True, quiet=arguments.json)
    waiting = [job for job in work if job.result() is None]
    run = _on_cluster(arguments.scheduler) if arguments.scheduler else _here(max(1, arguments.jobs))
    failed = 0
    with Progress(console=screen) as progress, run as finished:
        bar = progress.add_task("trainings", total=len(work), completed=len(work) - len(waiting))
        for job, error in finished(waiting, arguments.data):
            progress.advance(bar)
            if error:
                failed += 1
                console(stderr=True).print(f"{job.out.name}: {error}")
            else:
                screen.print(f"{job.out.name}: {job.result()['integer']:.2f} % as integers")
    results = [job.result() for job in work if job.result() is not None]
    if arguments.records:
        _add(arguments.records, work)
    if arguments.json:
        sys.stdout.write("".join(json.dumps(result) + "\n" for result in results))
    return 1 if failed else 0


def jobs(configs, seeds, out):
    """The :class:`Job` of each configuration, with each seed.

    Raises
    ------
    DataError
        If a configuration cannot be read, or two would write the same files.
    """
    work = []
    for config in configs:
        read_config(config)
        for seed in seeds or [None]:
            name = config.stem if seed is None else f"{config.stem}-s{seed}"
            work.append(Job(config, () if seed is None else ("--seed", str(seed)), out / name))
    names = [job.out for job in work]
    if len(set(names)) != len(names):
        raise DataError("Configurations must have different file names, since their models are named after them")
    return work


@contextlib.contextmanager
def _here(count):
    """Runs trainings as processes of this machine, ``count`` at a time; Ctrl-C reaches all of them, and each saves its best."""
    def finished(work, data):
        def train(job):
            process = subprocess.run([sys.executable, *job.command(job.out.parent, data)], capture_output=True, text=True)
            return _said(process)

        with ThreadPoolExecutor(count) as pool:
            futures = {pool.submit(train, job): job for job in work}
            try:
                for future in as_completed(futures):
                    yield futures[future], future.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    yield finished


def train_remotely(command, name):
    """Trains in a worker of a cluster: (error, or None; the files by their suffix)."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.run([sys.executable, *command(Path(folder))], capture_output=True, text=True)
        error = _said(process)
        return error, {} if error else {suffix: (Path(folder) / f"{name}{suffix}").read_bytes() for suffix in _SUFFIXES}


@contextlib.contextmanager
def _on_cluster(scheduler):
    if importlib.util.find_spec("distributed") is None:
        raise ToolMissingError("Training on a cluster needs dask.distributed, which is not here; "
                               "install it: pip install 'hadam_hw[cluster]'")
    from distributed import Client, as_completed

    try:
        with contextlib.redirect_stderr(io.StringIO()):
            client = Client(scheduler, timeout="10s")
    except (OSError, TimeoutError, ValueError) as error:
        raise LinkError(f"Scheduler {scheduler} must be a dask scheduler that answers ({type(error).__name__})") from None

    def finished(work, data):
        futures = {}
        for job in work:
            command = _Command(job.config.read_text("utf-8"), job, data)
            futures[client.submit(train_remotely, command, job.out.name, pure=False)] = job
        for future in as_completed(futures):
            error, files = future.result()
            for suffix, content in files.items():
                futures[future].out.with_suffix(suffix).write_bytes(content)
            yield futures[future], error

    with client:
        yield finished


@dataclass(frozen=True)
class _Command:
    """A job that travels: its configuration is written where it runs."""

    text: str
    job: Job
    data: str | None

    def __call__(self, folder):
        config = folder / self.job.config.name
        config.write_text(self.text, encoding="utf-8")
        return Job(config, self.job.options, self.job.out).command(folder, self.data)


def _said(process):
    """The last line of what a failed training said; None for one that did not fail."""
    lines = process.stderr.strip().splitlines()
    return None if process.returncode == 0 else (lines[-1] if lines else f"ended with {process.returncode}")


def _add(path, work):
    """Adds what came out of jobs to a JSON-lines file, each once: the result, the folder and the name of its configuration."""
    known = read_lines(path)
    with path.open("a", encoding="utf-8") as file:
        for job in work:
            result = job.result()
            if result is not None:
                record = {"name": job.out.name, "group": job.config.parent.name, "config": job.config.stem} | {
                    key: value for key, value in result.items() if key != "out"}
                if record not in known:
                    file.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    sys.exit(run_cli(main))
