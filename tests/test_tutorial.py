# SPDX-License-Identifier: BSD-2-Clause
"""docs/tutorial.md from its first command to its last, in one folder, with a smaller network and smaller pictures."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_docs import BLOCK

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "tutorial.md"
PORT = "/dev/pts/1"
SHRINK = (
    (re.compile(r"--task pmnist --hidden \d+ --block \d+ --epochs \d+"),
     "--task smnist --hidden 8 --block 4 --epochs 1 --data data"),
    (re.compile(r"--steps \d+"), "--steps 20"),
    (re.compile(r"-DWINDOW=784"), "-DWINDOW=16"))


class Newcomer:
    """Types the commands of the page in ``folder``; a command with an ``&`` runs on until :meth:`leave`."""

    def __init__(self, folder):
        self.folder = folder
        self.port = None
        self.running = []
        self.typed = []

    def type(self, line):
        """One line of a shell."""
        for pattern, replacement in SHRINK:
            line = pattern.sub(replacement, line)
        words = line.partition("#")[0].replace(PORT, self.port or PORT).split()
        self.typed.append(line)
        if words[0] == "make":
            subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, check=True, capture_output=True)
        elif words[0] == ".":
            assert (f"VENV := {words[1].split('/')[0]}\n") in (ROOT / "Makefile").read_text()
        elif words[-1] == "&":
            self._start(words[:-1])
        else:
            self._run(words if words[0] == "gcc" else self._python(words))

    def _python(self, words):
        assert words[0] == "hadam", words
        return [sys.executable, "-m", "hadam_hw", *words[1:]]

    def _environment(self):
        return os.environ | {"PYTHONPATH": str(ROOT)}

    def _run(self, command):
        process = subprocess.run(command, cwd=self.folder, text=True, capture_output=True, timeout=600,
                                 env=self._environment())
        assert process.returncode == 0, f"{command}\n{process.stdout}{process.stderr}"

    def _start(self, words):
        process = subprocess.Popen(self._python(words), cwd=self.folder, text=True, stdout=subprocess.PIPE,
                                   env=self._environment())
        self.running.append(process)
        said = process.stdout.readline()
        self.port = re.search(r"/dev/pts/\d+", said)[0]

    def python(self, text):
        """A block of Python."""
        self._run([sys.executable, "-c", text.replace(PORT, self.port or PORT)])

    def leave(self):
        """Interrupts what still runs; returns the exit codes."""
        for process in self.running:
            process.send_signal(signal.SIGINT)
        codes = [process.wait(60) for process in self.running]
        for process in self.running:
            process.stdout.close()
        return codes


@pytest.fixture
def newcomer(tmp_path, pictures):
    (tmp_path / "firmware").symlink_to(ROOT / "firmware")
    (tmp_path / "models").symlink_to(ROOT / "models")
    (tmp_path / "data").symlink_to(pictures)
    newcomer = Newcomer(tmp_path)
    yield newcomer
    newcomer.leave()


def test_every_command_works_one_after_the_other(newcomer):
    for kind, _, text in BLOCK.findall(PAGE.read_text()):
        if kind == "python":
            newcomer.python(text)
        else:
            for line in text.splitlines():
                newcomer.type(line)
    assert (newcomer.folder / "build" / "mine" / "report.html").is_file()
    assert newcomer.port is not None
    for words in ("hadam fit", "hadam check", "hadam build", "hadam sim ", "hadam simulate", "hadam selftest", "hadam export-c",
                  "gcc"):
        assert any(words in line for line in newcomer.typed), words
