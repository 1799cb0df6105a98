# SPDX-License-Identifier: BSD-2-Clause
"""Sweeps: every configuration with every seed, once; here and on a cluster the same model comes out."""

import json

import pytest

from hadam_hw.cli import run_cli
from hadam_hw.model_file import load_model
from hadam_hw.train.record import read_lines
from hadam_hw.train.sweep import main

CONFIG = 'task = "smnist"\nhidden = 8\nblock = 4\nepochs = 1\n'


@pytest.fixture
def config(tmp_path):
    folder = tmp_path / "group"
    folder.mkdir()
    (folder / "small.toml").write_text(CONFIG)
    return folder / "small.toml"


def test_what_is_done_is_not_done_again_and_a_cluster_makes_the_same(config, pictures, tmp_path, capsys, cluster):
    (config.parent / "odd.toml").write_text(CONFIG.replace("block = 4", "block = 5"))
    records, odd = tmp_path / "records.jsonl", str(config.parent / "odd.toml")
    common = [str(config), "--data", str(pictures), "--records", str(records), "--json", "--seeds", "1"]
    # the one that cannot be trained is named, the other is made
    assert run_cli(main, [odd, *common, "--out", str(tmp_path / "here")]) == 1
    out, err = capsys.readouterr()
    said, = [json.loads(line) for line in out.splitlines()]
    assert said["seed"] == 1 and "odd-s1: error: Block must be a power of two" in err
    written = [(path.name, path.stat().st_mtime_ns) for path in sorted((tmp_path / "here").iterdir())]
    assert [name for name, _ in written] == [f"small-s1.{kind}" for kind in ("jsonl", "npz", "svg")]

    assert run_cli(main, [*common, "--out", str(tmp_path / "here")]) == 0
    assert written == [(path.name, path.stat().st_mtime_ns) for path in sorted((tmp_path / "here").iterdir())]
    kept, = read_lines(records)
    assert (kept["name"], kept["group"], kept["config"], kept["digest"]) == ("small-s1", "group", "small", said["digest"])
    assert str(tmp_path) not in records.read_text()

    assert run_cli(main, [*common, "--out", str(tmp_path / "there"), "--scheduler", cluster.scheduler_address]) == 0
    assert load_model(tmp_path / "there" / "small-s1.npz").digest == said["digest"]


@pytest.mark.parametrize("configs, message", [
    (["missing.toml"], "missing.toml cannot be read"), (["a/c.toml", "b/c.toml"], "must have different file names")])
def test_bad_input_is_one_line(configs, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "c.toml").write_text(CONFIG)
    assert run_cli(main, [*configs, "--out", "o"]) == 1
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1 and not (tmp_path / "o").exists()


def test_a_scheduler_that_does_not_answer(config, tmp_path, capsys):
    assert run_cli(main, [str(config), "--out", str(tmp_path / "o"), "--scheduler", "nowhere"]) == 1
    assert "Scheduler nowhere must be a dask scheduler that answers" in capsys.readouterr().err
