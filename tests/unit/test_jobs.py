# SPDX-License-Identifier: BSD-2-Clause
"""Tools that never end: a limit on what they may compute, and Ctrl-C, which leaves nothing running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hadam_hw.errors import DoesNotFitError, ToolFailedError
from hadam_hw.model_file import save_model
from rtl_gen import build
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.tools.flow import Placement
from rtl_gen.tools.jobs import Job, Tool, check, run_jobs
from tests.models_for_tests import random_model

ROOT = Path(__file__).parents[2]
#: Stands for Yosys: it says its version, else it writes down its process and stays.
STAYS = """#!/bin/sh
[ "$1" = -V ] && echo Yosys 1.0 && exit
echo $$ >> {pids}
exec sleep 100
"""


def test_a_tool_that_computes_too_long_is_ended_and_told(tmp_path):
    endless = Tool("endless", (sys.executable, "-c", "while True: pass"), "1")
    waits = Tool("waits", (sys.executable, "-c", "import time; time.sleep(1.5)"), "1")  # which is no computing
    jobs = [Job(tool, (), tmp_path, f"{tool.name}.log", 1) for tool in (endless, waits)]
    ended, fine = run_jobs(jobs)
    assert ended.out_of_time and not fine.out_of_time and fine.status == 0
    check(fine)
    with pytest.raises(ToolFailedError, match="endless came to no end in 1 seconds of computing"):
        check(ended)


def test_a_design_that_place_and_route_cannot_end_does_not_fit():
    used, available = {"lc": 5200, "ff": 4400, "ebr": 20, "dsp": 0}, {"lc": 5280, "ff": 5280, "ebr": 30, "dsp": 8}
    placed = Placement(1, used, available, None, {}, b"", out_of_time=750)
    with pytest.raises(DoesNotFitError, match="icebreaker, which came to no end in 750 seconds of computing "
                                              "with 5200 of 5280 logic cells.*or a larger board"):
        build._refuse(placed, "icebreaker", parse_architecture("serial"), random_model(size=4, block=4, outputs=2))


def test_a_design_that_lacks_block_rams_alone_is_told_of_sprams():
    used, available = dict(lc=3600, ff=2400, ebr=90, spram=0, dsp=0), dict(lc=5280, ff=5280, ebr=30, spram=4, dsp=8)
    placed = Placement(1, used, available, None, {}, b"")
    for hidden, spelled, advised in (((), "serial", False), (((3, 4, 7, 8),), "serial", True),
                                     (((3, 4, 7, 8),), "serial,codes=spram", False)):
        model = random_model(size=4, block=4, outputs=2, hidden=hidden)
        with pytest.raises(DoesNotFitError, match="not need 90") as caught:
            build._refuse(placed, "icebreaker", parse_architecture(spelled), model)
        assert ("try --arch serial,codes=spram or" in str(caught.value)) == advised


@pytest.mark.parametrize("command", [["--arch", "serial"], ["explore", "--verify", "2"]], ids=["build", "explore"])
def test_ctrl_c_ends_the_tools_too(command, tmp_path):
    save_model(random_model(size=4, block=4, outputs=2), tmp_path / "m.npz")
    pids = tmp_path / "pids"
    for name in ("yosys", "nextpnr-ice40", "icepack"):
        (tmp_path / name).write_text(STAYS.format(pids=pids))
        (tmp_path / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
                                "HADAM_HW_CACHE": str(tmp_path / "cache")}
    wanted = command[:1] if command[0] == "explore" else []
    process = subprocess.Popen(
        [sys.executable, "-m", "rtl_gen", *wanted, "--weights", "m.npz", "--board", "icebreaker", "--tools", "native",
         *command[len(wanted):]], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    expected = 2 if wanted and len(os.sched_getaffinity(0)) > 1 else 1
    deadline = time.monotonic() + 300
    while not pids.exists() or len(pids.read_text().split()) < expected:
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and "Traceback" not in said and said.splitlines()[-1] == "error: interrupted"
    # A tool that was told to end may be on its way still, and whoever inherits it may take a moment to notice.
    deadline = time.monotonic() + 30
    while left := [pid for pid in pids.read_text().split() if _runs(pid)]:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.1)


def _runs(pid):
    """Whether process ``pid`` is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
