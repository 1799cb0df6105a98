# SPDX-License-Identifier: BSD-2-Clause
"""What a shell is answered while somebody types, in the protocol of argcomplete, and in bash itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def completions(line):
    """What may stand at the end of ``line``: argcomplete answers on descriptor 8, which is standard output here."""
    environment = os.environ | {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)),
                                "_ARGCOMPLETE_IFS": "\n"}
    program = [sys.executable, "-m", "hadam_hw"]
    done = subprocess.run(["bash", "-c", 'exec "$@" 8>&1 9>/dev/null', "-", *program], cwd=ROOT, text=True, capture_output=True,
                          env=environment)
    return {word.strip() for word in done.stdout.splitlines()}


@pytest.mark.parametrize("line, wanted, unwanted", [
    ("hadam ", "build", "--help-me"), ("hadam bu", "build", "fit"), ("hadam build --bo", "--board", "--arch"),
    ("hadam fit --data x --ou", "--out", "--board"), ("hadam completion z", "zsh", "bash"),
    ("hadam nonsense --", None, "--out")])
def test_what_begins_so_is_offered(line, wanted, unwanted):
    found = completions(line)
    assert (wanted is None or wanted in found) and unwanted not in found


def test_bash_takes_it():
    """The printed script is sourced by bash and defines a completion of ``hadam``."""
    script = subprocess.run([sys.executable, "-m", "hadam_hw", "completion", "bash"], cwd=ROOT, text=True, check=True,
                            capture_output=True).stdout
    done = subprocess.run(["bash", "-c", f"{script}\ncomplete -p hadam"], text=True, check=True, capture_output=True)
    assert done.stdout.startswith("complete ") and done.stdout.endswith(" hadam\n")
