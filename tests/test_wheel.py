# SPDX-License-Identifier: BSD-2-Clause
"""The wheel alone, in an environment that has nothing else, beside the newest releases that its ranges allow."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")

#: What an installed package must do where there is no clone: the first lines of docs/python.md, from arrays to a proven core.
WAY = (ROOT / "docs" / "python.md").read_text("utf-8").partition("```python\n")[2].partition("```")[0]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The Python of a new environment that holds the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    left_out = shutil.ignore_patterns(".*", "build", "*.egg-info", "tests", "bench", "models", "docs")
    shutil.copytree(ROOT, source, ignore=left_out)
    subprocess.run([sys.executable, *PIP, "wheel", "--no-deps", "--wheel-dir", folder, source], check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    python = folder / "env/bin/python"
    done = call(python, *PIP, "install", next(folder.glob("*.whl")), cwd=folder)
    assert done.returncode == 0, done.stderr
    return python


def call(python, *arguments, cwd):
    """What an installed program says, without this clone in its way."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run([python, *arguments], cwd=cwd, text=True, capture_output=True, env=environment)


def test_from_arrays_to_a_placed_design(installed, tmp_path):
    done = call(installed, "-c", WAY, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    words = r"1\.0 \[\[.* logic cells, \d{5,} bytes\nEqual\(sequences=1, steps=40, outputs=2\)\n"
    assert re.fullmatch(words, done.stdout, re.DOTALL), done.stdout
    done = call(installed, "-m", "hadam_hw", "inspect", "mine.npz", cwd=tmp_path)
    assert done.returncode == 0 and "50 Hz" in done.stdout, done.stdout + done.stderr


def test_it_says_that_it_is_typed(installed, tmp_path):
    code = "import hadam_hw, pathlib; print((pathlib.Path(hadam_hw.__file__).parent / 'py.typed').exists())"
    assert call(installed, "-c", code, cwd=tmp_path).stdout == "True\n"
