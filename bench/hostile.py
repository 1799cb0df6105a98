# SPDX-License-Identifier: BSD-2-Clause
"""``python -m bench hostile``: files that lie, through the reader or ``hadam predict``: each is taken or one sentence, soon.

Memory is what the kernel counts as the process's highest while it reads, above what it had before; time is the processor's.
"""

import argparse
import io
import re
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

from bench import hostile_files, hostile_predict
from hadam_hw.cli import Parser
from hadam_hw.errors import HadamError
from hadam_hw.recordings import Lines, read_file, read_recordings
from hadam_hw.recordings.summary import Summary

#: Of a table's sentences, those that are about all of it and so name no line.
_WHOLE = ("cannot be read", "must be a regular file", "at most", "UTF-16", "must hold", "must have the", "must be finite",
          "must have a rate", "is a link", "lies too deep", "must have a class", "does not say how", "numbers without a unit",
          "as the model takes it")
_STREAM_BYTES = 1 << 16
_PLACE = re.compile(r"line \d+")


def read_all(path):
    """Reads ``path`` as a set and looks at it."""
    found = read_recordings(path)
    Summary.of(found)
    if not all(np.isfinite(recording.values).all() for recording in found.recordings):
        raise AssertionError("a value is not finite")


def complaint(path, read, seconds, mebibytes):
    """(what is wrong with how ``read`` takes ``path`` or None, what it said or None, MiB that it took)."""
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the highest begins again
    began, said, wrong = time.process_time(), None, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read(path)
    except HadamError as error:
        said = str(error)
        wrong = _wrong_sentence(said, path)
    except BaseException as error:  # whatever it is, no user should see it
        if isinstance(error, KeyboardInterrupt):
            raise
        wrong = f"{type(error).__name__}: {error}"
    took = time.process_time() - began
    grown = resident("VmHWM") - before
    if wrong is None and took > seconds:
        wrong = f"it took {took:.1f} s of processor time"
    if wrong is None and grown > mebibytes:
        wrong = f"memory grew to {grown:.0f} MiB above the start"
    return wrong, said, grown


def resident(which, process="self"):
    """Memory of a process in MiB: VmRSS, what it has, or VmHWM, the most that it had."""
    return int(re.search(rf"{which}:\s+(\d+)", Path(f"/proc/{process}/status").read_text())[1]) / 1024


def _wrong_sentence(said, path):
    if not said.isprintable():
        return f"the sentence has characters that a terminal obeys: {said!r}"
    if len(said) > 1000:
        return f"the sentence has {len(said)} letters"
    inside = path.is_dir() and re.search(r"^\w+/|^Folder |_list.txt", said)
    if path.name not in said and not inside:
        return f"the sentence names no file: {said}"
    if path.suffix.casefold() == ".csv" and not _PLACE.search(said) and not any(words in said for words in _WHOLE):
        return f"the sentence names no line: {said}"
    return None


def through_reader(path):
    """What tries ``path``: the reader of sets, and where it is one file that of files and that of lines."""
    reads = [read_all] if path.is_dir() else [read_all, read_file]
    return [*reads, _stream] if path.suffix.casefold() == ".csv" and path.is_file() else reads


def sweep(count, seed, reads=through_reader, seconds=2.0, mebibytes=256.0, large=True):
    """(complaints, counter of sentences' beginnings, most MiB) of ``count`` files, and of the large ones.

    Parameters
    ----------
    count, seed : int
    reads : callable
        Path to the callables that take it, one after the other; the first of them has its sentences counted.
    seconds, mebibytes : float
        What a file may take: processor time, and memory above the start.
    large : bool
        Whether the files that are named in words are tried as well.
    """
    complaints, said, most = [], Counter(), 0.0
    cases = [(f"{maker.__name__.strip('_')}", maker) for maker in hostile_files.LARGE] if large else []
    for k in range(count):
        rng = np.random.default_rng([seed, k])
        maker = hostile_files.MAKERS[k % len(hostile_files.MAKERS)]
        cases.append((f"--seed {seed}, file {k}, {maker.__name__}", lambda folder, maker=maker, rng=rng: maker(rng, folder)))
    for name, make in cases:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(make(Path(folder)))
            first, *others = reads(path)
            wrong, sentence, grown = complaint(path, first, seconds, mebibytes)
            most = max(most, grown)
            for read in others:
                if wrong is None:
                    wrong, _, grown = complaint(path, read, seconds, mebibytes)
                    most = max(most, grown)
        said["recordings" if sentence is None else " ".join(sentence.replace(path.name, "FILE").split()[:9])] += 1
        if wrong is not None:
            complaints.append(f"{name}: {wrong}")
    return complaints, said, most


def _stream(path):
    """The file's beginning as a stream: nothing in it may be an error."""
    with open(path, "rb") as file:
        for _ in Lines(io.BytesIO(file.read(_STREAM_BYTES))):
            pass


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parser = Parser(prog="python -m bench hostile", description=__doc__.partition("\n")[0],
                    formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--through", choices=("reader", "predict"), default="reader", help="what is given the files")
    parser.add_argument("--seconds", type=float, default=2.0, help="processor time that a file may take")
    parser.add_argument("--mebibytes", type=float, default=256.0, help="memory above the start")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        reads = through_reader
        if arguments.through == "predict":
            reads = hostile_predict.through_predict(hostile_predict.save_models(Path(folder)))
        complaints, said, most = sweep(arguments.count, arguments.seed, reads, arguments.seconds, arguments.mebibytes)
    for line in complaints:
        sys.stdout.write(line + "\n")
    sys.stdout.write(f"{sum(said.values())} files, {said['recordings']} of them read, {len(said) - 1} kinds of sentences; "
                     f"at most {most:.0f} MiB above the start; {len(complaints)} complaints\n")
    return 1 if complaints else 0
