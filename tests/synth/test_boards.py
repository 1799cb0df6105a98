# SPDX-License-Identifier: BSD-2-Clause
"""From a tiny model to the bitstream of an ECP5 and a Gowin board, and of the board that docs/boards.md adds."""

import json
import re
from pathlib import Path

import pytest

import boards
from boards.parts.bitstreams import mark_of
from hadam_hw.cache import digest
from hadam_hw.cli import run_cli
from hadam_hw.model_file import save_model
from rtl_gen.__main__ import main
from rtl_gen.plan.code_store import crc32
from rtl_gen.report.report import RESOURCES, facts_for_people
from rtl_gen.verbs.program import check_bitstream
from tests.models_for_tests import random_model

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.npz"
    save_model(random_model(size=4, block=4, outputs=2), path)
    return path


def _build(weights, board, folder, capsys, arch="serial"):
    """The report and the bitstream of the main command."""
    command = ["--weights", str(weights), "--board", board, "--arch", arch, "--out", str(folder), "--no-cache", "--json"]
    assert run_cli(main, command) == 0, capsys.readouterr().err
    report = json.loads((folder / "report.json").read_bytes())
    assert json.loads(capsys.readouterr().out) == report
    return report, (folder / report["bitstream"]).read_bytes()


def _check(report, bitstream, board):
    """What holds for every build."""
    chip = board.chip
    assert mark_of(bitstream) == (chip.family, chip.mark)
    assert (report["board"], report["clock_mhz"], report["link_baud"]) == (board.name, board.default_clock_mhz, board.baud)
    assert report["link_profile"] == ("lean" if board.lean_link else "full")
    assert report["fmax_mhz"][0] >= report["clock_mhz"]
    for kind, _ in RESOURCES:
        assert sum(part[kind] for part in report["components"].values()) == report[kind] <= report[f"{kind}_available"]
    assert report["lc"] > 300 and report["ff"] > 200 and report["ebr"] > 0 and report["dsp"] == 0
    assert [report[f"{kind}_available"] for kind in ("lc", "ebr")] == [chip.lc, chip.ebr]
    # the parts are told apart, and little is left over
    assert {"hadam_core.cell.network.level1", "hadam_core.readout"} <= report["components"].keys()
    assert report["components"].get("other", {"lc": 0})["lc"] <= report["lc"] // 20


@pytest.mark.parametrize("name", ["orangecrab", "tangnano9k"])
def test_a_bitstream_for_another_family(name, weights, tmp_path, capsys):
    _check(*_build(weights, name, tmp_path / "out", capsys), boards.get(name))


def test_the_board_of_the_documentation(weights, tmp_path, capsys):
    block, = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / "boards.md").read_text(), re.DOTALL | re.MULTILINE)
    path = tmp_path / "up5k_evn.py"
    path.write_text(block)
    board = boards.get(str(path))
    assert board.name == "up5k-evn"
    _check(*_build(weights, str(path), tmp_path / "out", capsys), board)


def test_codes_in_spram_lie_behind_the_bitstream(tmp_path, capsys):
    board = boards.get("icebreaker")
    save_model(random_model(size=4, block=4, outputs=2, hidden=((3, 4, 7, 8),)), tmp_path / "m.npz")
    report, image = _build(tmp_path / "m.npz", "icebreaker", tmp_path / "out", capsys, "serial,codes=spram")
    _check(report, image, board)
    codes, offset = (tmp_path / "out" / report["codes"]["file"]).read_bytes(), board.flash.offset
    assert image[offset:] == codes and len(codes) == report["codes"]["bytes"] and report["codes"]["flash_offset"] == offset
    assert f"{crc32(codes):08x}" == report["codes"]["crc32"] and digest(image) == report["bitstream_sha256"]
    assert (report["spram"], report["spram_available"]) == (1, 4)
    assert report["components"]["hadam_core.readout.codes.spram0"]["spram"] == 1
    assert report["components"]["top.loader.reader"]["lc"] > 20
    check_bitstream(board, tmp_path / "out" / report["bitstream"])  # what `program` asks before it sends the file
    assert any("behind the bitstream, at 0x20000" in value for _, value in facts_for_people(report))
