# SPDX-License-Identifier: BSD-2-Clause
"""What Linux alone has is taken away: the way from recordings to a label, and a design's files, must not need it.

This is not a run on macOS or Windows. It shows that what those lack has its fallback.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "models/har-h128-b64.npz"

#: A Python whose system has none of this: POSIX's modules, pseudo-terminals, affinities, process groups, SIGHUP.
WITHOUT = """
import os, signal, subprocess, sys, tempfile, socket, asyncio, multiprocessing.util

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name in {"fcntl", "resource", "tty", "termios", "pty", "pwd", "grp"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for name in ("fcntl", "resource", "tty", "termios", "pty", "pwd", "grp"):
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Refuse())
for module, names in {os: ("sched_getaffinity", "openpty", "killpg", "setsid", "getuid", "geteuid", "O_NOFOLLOW", "O_DIRECTORY",
                           "O_NONBLOCK", "O_CLOEXEC", "mkfifo"),
                      signal: ("SIGHUP", "SIGXCPU", "SIGKILL")}.items():
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
"""


def elsewhere(code, *arguments, cwd=ROOT):
    """What a Python says that runs ``code`` where Linux's own are missing."""
    return subprocess.run([sys.executable, "-c", WITHOUT + code, *map(str, arguments)], cwd=cwd, text=True, capture_output=True,
                          env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}, timeout=300)


def verb(*arguments, cwd=ROOT):
    """``hadam ...`` there."""
    return elsewhere("from hadam_hw.__main__ import run\nsys.argv[0] = 'hadam'\nsys.exit(run())", *arguments, cwd=cwd)


def test_every_module_that_a_user_imports_is_imported():
    code = """
from importlib import import_module
from pathlib import Path
for package in ("hadam_hw", "boards", "rtl_gen", "firmware", "sim"):
    for path in sorted(Path(package).rglob("*.py")):
        name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        if not name.endswith("__main__") and not name.startswith(("sim.bench", "sim.cocotb")):
            import_module(name)
"""
    done = elsewhere(code)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_model_is_shown_and_answers_without_a_device(tmp_path):
    done = verb("inspect", MODEL)
    assert done.returncode == 0 and "128" in done.stdout, done.stderr
    steps = np.random.default_rng(1).normal(size=(128, 9))
    names = json.loads(verb("inspect", MODEL, "--json").stdout)["input"]["channels"]
    header = ",".join(channel["name"] for channel in names)
    np.savetxt(tmp_path / "one.csv", steps, delimiter=",", header=header, comments="", fmt="%.6f")
    done = verb("predict", MODEL, tmp_path / "one.csv")
    assert done.returncode == 0, done.stderr


def test_recordings_become_a_model(tmp_path):
    rng = np.random.default_rng(2)
    for label, frequency in (("slow", 0.1), ("fast", 0.5)):
        (tmp_path / "recordings" / label).mkdir(parents=True)
        for number in range(12):
            wave = np.sin(frequency * np.arange(60) + rng.uniform(0, 6))[:, None] + rng.normal(scale=0.1, size=(60, 2))
            np.savetxt(tmp_path / "recordings" / label / f"{number}.csv", wave, delimiter=",", header="x,y", comments="",
                       fmt="%.5f")
    done = verb("fit", "--data", "recordings", "--rate", "50", "--out", "mine.npz", "--fit", "ridge", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mine.npz").exists()


def test_what_needs_a_pseudo_terminal_says_so():
    done = verb("simulate", "--weights", MODEL, "--board", "icebreaker")
    assert done.returncode == 3 and done.stderr.count("\n") == 1 and "pseudo-terminal" in done.stderr


@pytest.mark.parametrize("name", ["fcntl", "sched_getaffinity"])
def test_it_is_really_gone(name):
    """The planted fault: whoever asks for it fails here."""
    code = "import fcntl" if name == "fcntl" else "os.sched_getaffinity(0)"
    assert elsewhere(code).returncode != 0
