# SPDX-License-Identifier: BSD-2-Clause
"""The same model gives the same bytes: from two folders, under two hash seeds, nothing remembered."""

import os
import subprocess
import sys
from pathlib import Path

from hadam_hw.model_file import save_model
from tests.models_for_tests import random_stack

ROOT = Path(__file__).parents[2]


def _build(folder, hash_seed):
    """The main command in ``folder``, for a model of two layers; the Verilog, netlist and bitstream it leaves, by name."""
    folder.mkdir()
    save_model(random_stack(lower=dict(size=4, block=4), upper=dict(size=4, block=4, outputs=3, frac=-3)), folder / "m.npz")
    subprocess.run(
        [sys.executable, "-m", "rtl_gen", "--weights", "m.npz", "--board", "icebreaker", "--arch", "serial", "--out", "out",
         "--no-cache"],
        cwd=folder, check=True, capture_output=True, timeout=600,
        env=os.environ | {"PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(ROOT)})
    return {path.name: path.read_bytes() for path in (folder / "out").iterdir() if path.suffix in {".v", ".bin"}}


def test_verilog_and_bitstream_are_the_same_bytes(tmp_path):
    first, second = _build(tmp_path / "one", 1), _build(tmp_path / "another", 2)
    assert {Path(name).suffix for name in first} >= {".v", ".bin"}
    assert first == second
