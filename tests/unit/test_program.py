# SPDX-License-Identifier: BSD-2-Clause
"""Programming a board, with programs that are made up: what is sent, what is refused before, what is said of a failure."""

import json

import pytest

import boards
from boards.parts.bitstreams import mark_of
from hadam_hw.cache import digest
from hadam_hw.cli import run_cli
from rtl_gen.__main__ import main

# The beginnings of bitstreams that the tools made, up to what names the chip.
HEADS = {
    "icebreaker": bytes.fromhex("ff0000ff7eaa997e510001059200206202b382000072015011000101"),
    "icestick": bytes.fromhex("ff0000ff7eaa997e5100010592002062014b720090820000110001010000"),
    "hx8k": bytes.fromhex("ff0000ff7eaa997e510001059200206203678200007200801100"),
    "ulx3s-12f": b"\xff\x00Part: LFE5U-12F-6CABGA381\x00\xff" + bytes.fromhex(
        "ffffbdb3ffffffff3b000000e20000002111104322000000"),
    "ulx3s-85f": b"\xff\x00Part: LFE5U-85F-6CABGA381\x00\xff" + bytes.fromhex(
        "ffffbdb3ffffffff3b000000e20000004111304322000000"),
    "orangecrab": b"\xff\x00Part: LFE5U-25F-8CSFBGA285\x00\xff" + bytes.fromhex(
        "ffffbdb3ffffffff3b000000e20000004111104322000000"),
    "tangnano9k": ("1" * 160 + "\n" + "1" * 16 + "\n1010010111000011\n"
                   "0000011000000000000000000000000000010001000000000100100000011011\n").encode()}
each_board = pytest.mark.parametrize("name", HEADS)


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Puts a program that does what a shell says on an otherwise empty PATH."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def add(name, text):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)

    return add


@pytest.fixture
def bitstream(tmp_path):
    """Writes the bitstream of a board, and gives its path."""
    def write(name):
        path = tmp_path / f"{name}.bit"
        path.write_bytes(HEADS[name] + bytes(100))
        return path

    return write


@each_board
def test_a_bitstream_names_its_chip(name):
    assert mark_of(HEADS[name] + bytes(100)) == (boards.get(name).chip.family, boards.get(name).chip.mark)


@pytest.mark.parametrize("data", [b"", bytes(1000), b"\xff" * 1000, b"PK\x03\x04" + bytes(500), HEADS["icestick"][:12],
                                  HEADS["ulx3s-12f"][:40], HEADS["tangnano9k"][:170]])
def test_anything_else_is_no_bitstream(data):
    assert mark_of(data) is None


@each_board
def test_the_program_gets_the_file(name, programs, bitstream, tmp_path, capsys):
    tool = boards.get(name).programmer
    programs(tool.program, f"echo \"$@\" > {tmp_path}/called; echo done")
    assert run_cli(main, ["program", "--board", name, "--bitstream", str(bitstream(name))]) == 0
    assert (tmp_path / "called").read_text().split() == [*tool.arguments, str(tmp_path / f"{name}.bit")]
    assert "done" in capsys.readouterr().err


@each_board
def test_a_missing_program_is_named_with_what_installs_it(name, programs, bitstream, capsys):
    tool = boards.get(name).programmer
    assert run_cli(main, ["program", "--board", name, "--bitstream", str(bitstream(name))]) == 3
    error = capsys.readouterr().err
    assert f"needs {tool.program} on the PATH" in error and f"apt-get install {tool.package}" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(("name", "said"), [
    ("icebreaker", "Can't find iCE FTDI USB device (vendor_id 0x0403, device_id 0x6010 or 0x6014)."),
    ("ulx3s-85f", "unable to open ftdi device: -3 (device not found)"),
    ("orangecrab", "dfu-util: No DFU capable USB device available")])
def test_a_missing_board_is_told_apart_from_other_failures(name, said, programs, bitstream, capsys):
    tool = boards.get(name).programmer
    programs(tool.program, f'echo "init.."; echo "{said}" >&2; echo bye; exit 2')
    assert run_cli(main, ["program", "--board", name, "--bitstream", str(bitstream(name))]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"Board {name} must be connected" in last and said in last and tool.hint in last
    programs(tool.program, "echo flash is write protected; exit 4")
    assert run_cli(main, ["program", "--board", name, "--bitstream", str(bitstream(name))]) == 3
    assert "ended with status 4: flash is write protected" in capsys.readouterr().err


@pytest.mark.parametrize(("board", "other"), [("hx8k", "icebreaker"), ("icebreaker", "ulx3s-12f"), ("orangecrab", "ulx3s-12f"),
                                              ("ulx3s-12f", "orangecrab"), ("tangnano9k", "hx8k"), ("icestick", "tangnano9k")])
def test_the_bitstream_of_another_chip_is_never_sent(board, other, programs, bitstream, tmp_path, capsys):
    programs(boards.get(board).programmer.program, f": > {tmp_path}/called")
    assert run_cli(main, ["program", "--board", board, "--bitstream", str(bitstream(other))]) == 1
    error = capsys.readouterr().err
    assert f"for a chip like that of {other}" in error and error.count("\n") == 1
    assert not (tmp_path / "called").exists()


def test_another_board_with_the_same_chip_is_known_by_the_report(programs, bitstream, tmp_path, capsys):
    programs("iceprog", f": > {tmp_path}/called")
    path = bitstream("icebreaker")
    report = {"board": "icesugar", "bitstream_sha256": digest(path.read_bytes())}
    (tmp_path / "report.json").write_text(json.dumps(report))
    command = ["program", "--board", "icebreaker", "--bitstream", str(path)]
    assert run_cli(main, command) == 1
    assert "was built for icesugar" in capsys.readouterr().err
    assert not (tmp_path / "called").exists()
    for text in (json.dumps(report | {"bitstream_sha256": "0"}), json.dumps(report | {"board": "icebreaker"}), "[]", "{"):
        (tmp_path / "report.json").write_text(text)  # of this board, or not of this bitstream
        assert run_cli(main, command) == 0


@pytest.mark.parametrize(("content", "words"), [(b"hello", "is none"), (None, "No such file")])
def test_what_is_no_bitstream_is_one_sentence(content, words, programs, tmp_path, capsys):
    programs("iceprog", "exit 0")
    path = tmp_path / "x.bin"
    if content is not None:
        path.write_bytes(content)
    assert run_cli(main, ["program", "--board", "icebreaker", "--bitstream", str(path)]) == 1
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
