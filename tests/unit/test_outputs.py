# SPDX-License-Identifier: BSD-2-Clause
"""Where results go: links are kept, pipes are written to, and what cannot be is said before the work."""

import os
import re
import stat
import threading

import pytest

from hadam_hw.cache import Cache
from hadam_hw.cli import LONGEST, run_cli
from hadam_hw.errors import HadamError, OutputError
from hadam_hw.files import atomic_write, check_file_out, check_folder_out
from hadam_hw.terminal import console, printable, show_table


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "model").write_text("old")
    (tmp_path / "link").symlink_to("real/model")
    atomic_write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real" / "model").read_text() == "new"
    assert os.listdir(tmp_path / "real") == ["model"]


def test_a_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    heard = []
    reader = threading.Thread(target=lambda: heard.append((tmp_path / "pipe").read_text()))
    reader.start()
    atomic_write(tmp_path / "pipe", "through")
    reader.join(10)
    assert heard == ["through"] and stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_device_is_written_to(tmp_path):
    atomic_write("/dev/null", "gone")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_mode_is_what_the_umask_leaves(mask, mode, tmp_path):
    before = os.umask(mask)
    try:
        atomic_write(tmp_path / "new", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode
    (tmp_path / "new").chmod(0o640)
    atomic_write(tmp_path / "new", "text")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_a_full_disk_is_named_and_nothing_is_left():
    if not os.path.exists("/dev/full"):
        raise AssertionError("this test needs /dev/full")
    with pytest.raises(OSError) as caught:
        atomic_write("/dev/full", "text")
    assert "No space left" in str(caught.value)


def test_a_file_that_cannot_be_written_names_its_path(tmp_path, monkeypatch):
    def full(handle, mode):
        os.close(handle)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hadam_hw.files.open", full, raising=False)
    with pytest.raises(OSError) as caught:
        atomic_write(tmp_path / "model.npz", "text")
    assert caught.value.filename == str(tmp_path / "model.npz") and not list(tmp_path.iterdir())


def test_what_is_in_the_way_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a folder; name a file in it"):
        check_file_out(tmp_path)
    with pytest.raises(OutputError, match="no does not exist; create it first"):
        check_file_out(tmp_path / "no" / "file")
    for path in ("file", "file/below/it"):
        with pytest.raises(OutputError, match="file is a file; name another"):
            check_folder_out(tmp_path / path)
    assert check_folder_out(tmp_path / "new" / "one") and check_file_out(tmp_path / "file")


@pytest.mark.parametrize("manifest", ["{}", "[]", "null", "3", '"text"', '{"../../secret": "0"}', '{"a": null}', "not json"])
def test_a_hand_made_entry_of_a_cache_is_no_entry(manifest, tmp_path):
    (tmp_path / "key").mkdir()
    (tmp_path / "key" / "manifest.json").write_text(manifest)
    (tmp_path / "key" / "a").touch()
    assert Cache(tmp_path).find("key") is None


def test_a_cache_that_cannot_be_written_fails_nothing(tmp_path, caplog):
    (tmp_path / "file").touch()
    files, cached = Cache(tmp_path / "file" / "cache").stage("name", {}, lambda: {"a": b"made"})
    assert files == {"a": b"made"} and not cached and "Nothing is kept in the cache" in caplog.text


def test_what_users_name_is_no_markup(capsys):
    console().print("task [/foo] of [bold]x[/y] :smile:")
    assert capsys.readouterr().out == "task [/foo] of [bold]x[/y] :smile:\n"


def test_a_table_in_a_pipe_is_whole_and_has_tabs(capsys):
    show_table(("name", "LC>"), [("a" * 300, "5,280"), ("\x1b[31mred\n", "1")], "title [/b]")
    assert capsys.readouterr().out == "title [/b]\nname\tLC\n" + "a" * 300 + "\t5,280\n\\x1b[31mred\\n\t1\n"


def test_a_table_on_a_narrow_terminal_is_whole_too(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("TERM", "xterm")
    show_table(("name", "LC>"), [("long [/name] " * 4, "5,280")])
    said = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)
    assert said.count("[/name]") == 4 and "5,280" in said and max(map(len, said.splitlines())) <= 30


def test_an_error_is_one_short_line_without_escapes(capsys):
    def main(argv):
        raise HadamError("a\x1b[2Jb\n" + "c" * 38_000)

    assert run_cli(main, []) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: a\\x1b[2Jb ccc") and said.endswith("c ...\n") and len(said) < LONGEST + 20


def test_printable_keeps_what_can_be_read():
    assert printable("Größe [g] 走る") == "Größe [g] 走る" and printable("a\tb\x00\x9b") == "a\\tb\\x00\\x9b"
