# SPDX-License-Identifier: BSD-2-Clause
"""What README and docs tell people to type works: blocks are executed, those marked ``long`` with small models and data."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hadam_hw.model_file import save_model
from rtl_gen.cores.build import build_core
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.tools import design_files
from rtl_gen.tools.family import FAMILIES
from tests.models_for_tests import random_model
from tests.recordings.made import csv_text, folder_of_csv, tree, wave

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "bench" / "RESULTS.md"])
BLOCK = re.compile(r"^```(\w+)( long)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = [pytest.param(kind, bool(long), text, id=f"{page.stem}-{kind}-{number}")
          for page in PAGES if page.stem != "tutorial"  # one block needs the other: tests/test_tutorial.py
          for number, (kind, long, text) in enumerate(BLOCK.findall(page.read_text()))]
INLINE = sorted({(page.name, command) for page in PAGES
                 for command in re.findall(r"`(?:\.venv/bin/)?(python -m [a-z][^`]+|hadam [a-z][^`]+)`", page.read_text())})
#: What a build may leave.
BUILT = {"index.html", design_files.CORE_FILE, design_files.DESIGN_FILE, design_files.TEMPLATE_FILE, design_files.REPORT_FILE,
         design_files.PAGE_FILE, *(family.pins_file for family in FAMILIES.values()),
         *(family.bitstream_file for family in FAMILIES.values())}
LINK = re.compile(r"\]\(([^)#:]+)\)")
#: How a long command is made short.
SHRINK = (
    (re.compile(r"--weights \S+"), "--weights tiny.npz"),
    (re.compile(r"--steps \d+"), "--steps 20"),
    (re.compile(r"--task pmnist"), "--task smnist"),
    (re.compile(r"fit --data recordings"), "fit --data recordings --fit ridge"),
    (re.compile(r"--task \S+ --fit ridge"), "--task smnist --fit ridge --hidden 8 --data data"),
    (re.compile(r"fit --data recordings"), "fit --data recordings --fit ridge --hidden 8 --leak 3"),
    (re.compile(r"--epochs \d+"), "--epochs 1 --data data"),
    (re.compile(r"--hidden \d+ --block \d+"), "--hidden 8 --block 4"),
    (re.compile(r"--config \S+"), "--config tiny.toml"),
    (re.compile(r"train\.sweep( configs/\S+)+ --seeds( \d+)+"), "train.sweep tiny.toml --data data --seeds 0"))


def _run(arguments, folder):
    """Runs Python in ``folder`` with the repository's modules, and shows what it said if it fails."""
    process = subprocess.run([sys.executable, *arguments], cwd=folder, text=True, capture_output=True, timeout=600,
                             env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


@pytest.fixture
def folder(tmp_path, pictures):
    """A folder with the shipped models, the small data and a tiny model."""
    (tmp_path / "models").symlink_to(ROOT / "models")
    (tmp_path / "firmware").symlink_to(ROOT / "firmware")
    (tmp_path / "data").symlink_to(pictures)
    save_model(random_model(size=8, block=4, outputs=3), tmp_path / "tiny.npz")
    (tmp_path / "tiny.toml").write_text('task = "smnist"\nhidden = 8\nblock = 4\nepochs = 1\n')
    folder_of_csv(tmp_path / "recordings")
    tree(tmp_path, {"log.csv": csv_text(wave(1, steps=90), rate_hz=10.0), "labels.csv": "start,end,label\n1,2,walk\n3,5,run\n"})
    return tmp_path


def _arguments(words):
    """The arguments of ``python`` that a command's words mean."""
    assert words[0] == "hadam" or words[:2] == ["python", "-m"], words
    return ["-m", "hadam_hw", *words[1:]] if words[0] == "hadam" else words[1:]


@pytest.mark.parametrize(("kind", "long", "text"), BLOCKS)
def test_block(kind, long, text, folder):
    if kind == "python":
        _run(["-c", text], folder)
        return
    assert kind == "bash"
    for line in text.splitlines():
        command = shlex.split(line, comments=True)
        if command[0] == "make":  # the suite is part of `make test`; that the target is there must do
            subprocess.run(["make", "-n", *command[1:]], cwd=ROOT, check=True, capture_output=True)
            continue
        if command[0] == "gcc":
            subprocess.run(command, cwd=folder, check=True)
            continue
        short = shlex.join(_arguments(command))
        for pattern, replacement in SHRINK if long else ():
            short = pattern.sub(replacement, short)
        _run(shlex.split(short), folder)


@pytest.mark.parametrize(("page", "command"), INLINE)
def test_commands_in_the_text_exist_with_their_options(page, command, folder):
    words = _arguments(command.split())
    sub = [word for word in words[2:3] if re.fullmatch(r"[a-z][a-z_-]*", word)]
    said = _run([*words[:2], *sub, "--help"], folder)
    for option in (word for word in words if word.startswith("--")):
        assert option in said, f"{page}: {command}"
    for word in words:
        if word.startswith("models/"):
            assert (ROOT / word).is_file(), f"{page}: {command}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_build_leaves_are_called_what_they_are(page):
    for name in re.findall(r"build/\w+/([\w-]+\.(?!c\b|h\b|o\b|S\b)\w+)", page.read_text()):
        assert name in BUILT, f"{page.name}: {name}"


def test_the_ports_of_a_core_are_all_described():
    core = set(build_core(random_model(size=4, block=4, outputs=2), parse_architecture("serial")).signature.members)
    page = (ROOT / "docs" / "streams.md").read_text()
    told = set(re.findall(r"^\| `(?:clk|(\w+))`(?:, `rst`)? \| (?:in|out) ", page, re.MULTILINE))
    assert told - {"", "codes"} == core  # codes: where they lie in SPRAM


def test_there_is_something_to_test():
    assert len(BLOCKS) >= 5 and len(INLINE) >= 8
