# SPDX-License-Identifier: BSD-2-Clause
"""`explore --verify`: real builds of the best candidates, here and through a dask cluster."""

import json

import pytest

from hadam_hw.cli import run_cli
from hadam_hw.errors import LinkError
from hadam_hw.model_file import save_model
from rtl_gen.__main__ import main
from rtl_gen.tools.toolchain import Kind
from rtl_gen.verbs import explore
from rtl_gen.verify import verify
from tests.models_for_tests import random_model


def test_a_build_on_a_cluster_is_then_known_here(tmp_path, cluster):
    model = random_model(size=4, block=4, outputs=2)
    there = verify(model, [("serial", None)], "icebreaker", Kind.YOWASP, tmp_path, cluster.scheduler_address)
    assert there[0]["fmax_mhz"] >= 36 and 500 < there[0]["lc"] < 1500
    # in a process of its own, from what the cluster left in the cache
    assert verify(model, [("serial", None)], "icebreaker", Kind.YOWASP, tmp_path) == there


def test_explore_says_what_was_built(tmp_path, monkeypatch, capsys):
    asked = []

    def built(model, wanted, *others):
        asked.extend(arch for arch, mhz in wanted)
        return [{"lc": 1, "ebr": 2, "fmax_mhz": 3.0}, {"error": "Design must fit"}]

    monkeypatch.setattr(explore, "verify", built)
    save_model(random_model(size=16, block=4, outputs=2), tmp_path / "m.npz")
    command = ["explore", "--weights", str(tmp_path / "m.npz"), "--board", "icebreaker", "--verify", "2"]
    assert run_cli(main, [*command, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "1 LC, 2 EBR, 3 MHz" in said and "Design must fit" in said
    assert "(built: 1 LC)" in (tmp_path / "explore.svg").read_text()
    assert run_cli(main, [*command, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["candidates"]
    assert [row["arch"] for row in rows[:2]] == asked[:2] and all("built" in row for row in rows[:2])


def test_a_scheduler_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(LinkError, match="Scheduler must answer at"):
        verify(random_model(size=4, block=4, outputs=2), [("serial", None)], "icebreaker", Kind.YOWASP, tmp_path,
               "tcp://127.0.0.1:9", timeout="1s")
