# SPDX-License-Identifier: BSD-2-Clause
"""The cache by content."""

import os
from pathlib import Path

import pytest

from hadam_hw import cache as cache_module
from hadam_hw.cache import Cache, cache_folder, digest_sources


def counted(files):
    """A stage's function, and the list to which each of its calls adds."""
    calls = []

    def make():
        calls.append(None)
        return files

    return make, calls


def test_a_stage_runs_once_for_each_input(tmp_path):
    cache = Cache(tmp_path)
    make, calls = counted({"a": b"1", "b": bytes(100)})
    assert cache.stage("s", {"x": 1}, make) == ({"a": b"1", "b": bytes(100)}, False)
    assert cache.stage("s", {"x": 1}, make) == ({"a": b"1", "b": bytes(100)}, True)
    assert len(calls) == 1
    cache.stage("s", {"x": 2}, make)
    cache.stage("t", {"x": 1}, make)
    assert len(calls) == 3


def test_without_a_folder_nothing_is_remembered():
    make, calls = counted({"a": b""})
    assert [Cache(None).stage("s", {}, make)[1] for _ in range(2)] == [False, False]
    assert len(calls) == 2


@pytest.mark.parametrize("damage", [
    lambda entry: (entry / "a").write_bytes(b"another"),
    lambda entry: (entry / "a").unlink(),
    lambda entry: (entry / "manifest.json").write_text("{"),
    lambda entry: (entry / "manifest.json").unlink(),
])
def test_a_damaged_entry_is_made_again(tmp_path, damage):
    cache = Cache(tmp_path)
    make, calls = counted({"a": b"content"})
    cache.stage("s", {}, make)
    entry, = tmp_path.iterdir()
    damage(entry)
    assert cache.stage("s", {}, make) == ({"a": b"content"}, False)
    assert cache.stage("s", {}, make) == ({"a": b"content"}, True)
    assert len(calls) == 2


def test_a_stage_that_fails_leaves_nothing(tmp_path):
    def make():
        raise ValueError("no")

    with pytest.raises(ValueError):
        Cache(tmp_path).stage("s", {}, make)
    assert list(tmp_path.iterdir()) == []


def test_the_least_used_entries_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(cache_module, "KEPT_ENTRIES", 3)
    cache = Cache(tmp_path)
    for k in range(3):
        cache.keep(f"{k}", {"a": b""})
        os.utime(tmp_path / f"{k}", (k, k))
    assert cache.find("0") is not None  # used now
    cache.keep("3", {"a": b""})
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["0", "2", "3"]


def test_the_least_used_entries_beyond_so_many_bytes_are_forgotten(tmp_path):
    cache = Cache(tmp_path, kept_bytes=1000)
    for k in range(3):
        cache.keep(f"{k}", {"a": bytes(300)})
        os.utime(tmp_path / f"{k}", (k, k))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["1", "2"]  # a manifest has some 80 bytes
    assert 600 < cache.size <= 1000
    cache.keep("large", {"a": bytes(5000)})
    assert [entry.name for entry in tmp_path.iterdir()] == ["large"] and cache.size > 5000


def test_a_folder_that_is_not_there_has_no_bytes(tmp_path):
    assert Cache(None).size == Cache(tmp_path / "none").size == 0


def test_the_folder_is_the_users_choice(monkeypatch):
    monkeypatch.setenv("HADAM_HW_CACHE", "/somewhere")
    assert cache_folder() == Path("/somewhere")
    monkeypatch.delenv("HADAM_HW_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder() == Path("/caches/hadam_hw")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache/hadam_hw"


def test_the_sources_digest_sees_names_and_contents_and_nothing_else(tmp_path):
    folder = tmp_path / "here" / "package"
    folder.mkdir(parents=True)
    (folder / "a.py").write_text("1")
    first = digest_sources([folder])
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "a.py").write_text("2")
    (folder / "notes.txt").write_text("2")
    assert digest_sources([folder]) == first
    moved = tmp_path / "package"
    folder.rename(moved)
    assert digest_sources([moved]) == first
    (moved / "a.py").write_text("2")
    changed = digest_sources([moved])
    (moved / "a.py").rename(moved / "b.py")
    assert len({first, changed, digest_sources([moved])}) == 3
