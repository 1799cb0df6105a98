# SPDX-License-Identifier: BSD-2-Clause
"""Tools that compile themselves are started alone the first time, and told about."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from rtl_gen.tools.jobs import Job, Tool, run_jobs

#: Writes down when it begins and ends; at the first start it says what a YoWASP tool says, and takes its time.
PROGRAM = """
import sys, time
from pathlib import Path
first = sys.argv[1] == "--version"
if first:
    print("Preparing to run. This might take a while...", flush=True)
with open(Path({log!r}), "a") as log:
    print("begin", sys.argv[1], file=log, flush=True)
    time.sleep(0.3 if first else 0)
    print("end", sys.argv[1], file=log, flush=True)
"""


@pytest.fixture
def started(tmp_path, monkeypatch):
    """(a tool, the file it writes to)"""
    monkeypatch.setenv("HADAM_HW_CACHE", str(tmp_path / "cache"))
    log = tmp_path / "started.txt"
    return Tool("slow", (sys.executable, "-c", PROGRAM.format(log=str(log))), "1", compiles=True), log


def _run(tool, folder, name, on_compiling=None):
    folder.mkdir()
    run_jobs([Job(tool, (name,), folder, "log")], on_compiling=on_compiling)


def test_the_first_start_is_made_once_and_alone(started, tmp_path):
    tool, log = started
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: _run(tool, tmp_path / name, name), "abc"))
    lines = log.read_text().splitlines()
    assert lines[:2] == ["begin --version", "end --version"]
    assert sorted(lines[2:]) == sorted(f"{what} {name}" for name in "abc" for what in ("begin", "end"))


def test_compiling_is_told(started, tmp_path):
    told = []
    _run(started[0], tmp_path / "a", "a", told.append)
    assert set(told) == {"slow"}


def test_a_tool_that_does_not_compile_is_just_run(started, tmp_path):
    tool, log = started
    _run(Tool(tool.name, tool.command, tool.version), tmp_path / "a", "a")
    assert log.read_text().splitlines() == ["begin a", "end a"]
