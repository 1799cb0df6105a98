# SPDX-License-Identifier: BSD-2-Clause
"""What is remembered of a user's board is remembered by what the board is, wherever that is written."""

import sys

import pytest

import boards
from hadam_hw.cache import Cache
from hadam_hw.errors import BoardError
from rtl_gen import auto, build
from rtl_gen.plan.arch import parse_architecture
from tests.models_for_tests import random_model

MODEL = random_model(size=4, block=4, outputs=2)
SERIAL = parse_architecture("serial")
FILE = """
from dataclasses import replace
from boards.icebreaker import BOARD as ICEBREAKER
from boards.parts.pins import Port
from pins_of_mine import CHIP, LABEL, PLL
BOARD = replace(ICEBREAKER, name="mine", label=Port("led", LABEL, True), pll=PLL, chip=CHIP)
"""
HELPER = """
from boards.parts.chips import HX1K_TQ144, UP5K_SG48
from boards.parts.plls import Ice40Pll, Ice40PadPll
class Slow(Ice40PadPll):
    filter_range = 1
LABEL, CHIP, PLL = ("21", "23"), UP5K_SG48, Slow
"""


@pytest.fixture
def helper(tmp_path, monkeypatch):
    """Writes the board's file and the helper that it imports, with changes; returns the file's path.

    As in a new process: the helper is not loaded yet.
    """
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine.py").write_text(FILE)

    def write(old="", new=""):
        assert old in HELPER
        monkeypatch.delitem(sys.modules, "pins_of_mine", raising=False)
        (tmp_path / "pins_of_mine.py").write_text(HELPER.replace(old, new))
        return str(tmp_path / "mine.py")

    yield write
    sys.modules.pop("pins_of_mine", None)


def emit(path, cache):
    """(files of the design, whether they were made now)."""
    stages = []
    files, _ = build._emit(MODEL, SERIAL, path, build.Options(), 1, cache, stages.append)
    return files, bool(stages)


def test_a_design_is_made_again_where_a_helper_of_the_boards_file_changed(helper, tmp_path):
    cache = Cache(tmp_path / "cache")
    first, made = emit(helper(), cache)
    assert made and b"set_io led[0] 21\n" in first["pins.pcf"]
    assert emit(helper(), cache) == (first, False)
    second, made = emit(helper('"21"', '"25"'), cache)
    assert made and b"set_io led[0] 25\n" in second["pins.pcf"]
    third, made = emit(helper("filter_range = 1", "filter_range = 2"), cache)  # code of the helper, no data of the board
    assert made and third["design.v"] != first["design.v"]
    assert emit(helper(), cache) == (first, False)


def test_a_comment_in_the_boards_file_makes_nothing_again(helper, tmp_path):
    cache = Cache(tmp_path / "cache")
    first, _ = emit(helper(), cache)
    (tmp_path / "mine.py").write_text(FILE + "# a comment\n")
    assert emit(str(tmp_path / "mine.py"), cache) == (first, False)


def test_an_architecture_is_chosen_again_where_a_helper_changed_the_chip(helper, tmp_path):
    cache = Cache(tmp_path / "cache")
    large = auto.choose(MODEL, helper(), None, cache)
    small = auto.choose(MODEL, helper("UP5K_SG48, Slow", "HX1K_TQ144, Slow"), None, cache)
    assert large != small and auto.choose(MODEL, helper(), None, cache) == large


def test_a_board_is_its_data_and_no_class_of_its_own(tmp_path):
    (tmp_path / "mine.py").write_text("from boards.parts.board import Board\nfrom boards.icebreaker import BOARD as B\n"
                                      "class Mine(Board):\n    pass\nBOARD = Mine(**vars(B))\n")
    with pytest.raises(BoardError, match="must have a Board called BOARD, and .* has Mine"):
        boards.get(str(tmp_path / "mine.py"))
