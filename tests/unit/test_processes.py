# SPDX-License-Identifier: BSD-2-Clause
"""One way to end: children and temporary folders go with the command, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

#: A command that starts a program and waits for it, in a temporary folder.
COMMAND = """
import sys, tempfile
from hadam_hw.cli import run_cli
from hadam_hw.processes import start

def main(argv):
    with tempfile.TemporaryDirectory(dir=argv[0]):
        child = start([sys.executable, "-c", "import time; time.sleep(60)"])
        print(child.pid, flush=True)
        try:
            child.wait()
        finally:
            child.kill()
            child.wait()

sys.exit(run_cli(main))
"""


def ended(pid, seconds=5):
    """Whether the process ends within a while; a zombie has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130),
                                          (signal.SIGKILL, -9)])
def test_children_end_with_the_command(number, code, tmp_path):
    with subprocess.Popen([sys.executable, "-c", COMMAND, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}) as process:
        child = int(process.stdout.readline())
        process.send_signal(number)
        said = process.communicate(timeout=20)[1]
    assert process.returncode == code and ended(child)
    if number != signal.SIGKILL:
        assert said.startswith("error: ") and said.count("\n") == 1 and not list(tmp_path.iterdir())
