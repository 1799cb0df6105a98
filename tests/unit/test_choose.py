# SPDX-License-Identifier: BSD-2-Clause
"""The choice among architectures: the fastest that fits, the next where it is refuted, a helpful word where none does."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

import boards
from hadam_hw.cache import Cache
from hadam_hw.cli import run_cli
from hadam_hw.errors import DoesNotFitError, MissesTimingError
from hadam_hw.model_file import load_model, save_model
from rtl_gen import auto
from rtl_gen.__main__ import main
from rtl_gen.build import Options
from rtl_gen.estimate.choose import refuse, survey, why
from rtl_gen.tools.toolchain import Kind
from tests.models_for_tests import random_model, random_stack

SHIPPED = Path(__file__).parents[2] / "models" / "pmnist-h128-b64.npz"


def board(mhz=30.0, name="bench", **chip_changes):
    """An iCEBreaker with another clock, and another chip if that is said."""
    there = boards.get("icebreaker")
    return replace(there, name=name, default_clock_mhz=mhz, chip=replace(there.chip, **chip_changes))


@pytest.fixture
def tiny_board(tmp_path):
    """The path of a board's file: an iCEBreaker with hardly any cells."""
    path = tmp_path / "tiny.py"
    path.write_text("from dataclasses import replace\nfrom boards.icebreaker import BOARD as THERE\n"
                    "BOARD = replace(THERE, name='tiny', chip=replace(THERE.chip, lc=300))\n")
    return str(path)


def test_the_fastest_that_fits_comes_first_and_says_why():
    model = random_model(size=16, block=4, outputs=2)
    wide, narrow = survey(model, board(18.0)), survey(model, board(18.0, lc=1900))
    assert wide[0].estimate.architecture == "parallel"
    assert narrow[0].fits and narrow[0].estimate.architecture != "parallel"
    rates = [one.estimate.steps_per_second for one in narrow if one.fits]
    assert rates == sorted(rates, reverse=True) and len(rates) > 2
    assert "faster but not here" in why(narrow, narrow[0]) and "of 1,843 usable logic cells" in why(narrow, narrow[0])
    assert "faster but not here" not in why(wide, wide[0])


def test_the_front_is_what_nothing_beats():
    candidates = survey(random_model(size=32, block=16, outputs=2), board())
    fitting = [one for one in candidates if one.fits]
    for one in candidates:
        beaten = any(other.estimate.lc <= one.estimate.lc and other.estimate.steps_per_second >= one.estimate.steps_per_second
                     and other is not one for other in fitting)
        assert one.on_front == (one.fits and not beaten)
    assert fitting[0].on_front


def test_a_model_that_fits_nowhere_is_told_what_is_short_and_what_would_fit():
    model, small = random_model(size=64, block=64, outputs=2, state_width=16), board(lc=1600)
    candidates = survey(model, small)
    assert not any(one.fits for one in candidates)
    text = str(refuse(model, small, [small, board(name="roomy", lc=50_000, ebr=500)], candidates))
    assert "of 1,552 usable logic cells" in text and "--board roomy would fit as" in text
    assert "units in blocks of 16 would fit as" in text


def test_a_clock_that_is_too_fast_gets_a_slower_one_named():
    model = random_model(size=16, block=4, outputs=2)
    text = str(refuse(model, board(), [], survey(model, board(), 250.0), 250.0))
    assert "250 MHz where" in text and "--freq" in text


def test_a_clock_that_nobody_asked_for_is_lowered_to_what_is_reached():
    model = random_model(size=16, block=4, outputs=2)
    for one in survey(model, board(120.0)):
        assert one.estimate.clock_mhz <= one.estimate.fmax_mhz and one.estimate.clock_mhz % 3 == 0
        assert "clock" not in one.shortages
    assert {one.estimate.clock_mhz for one in survey(model, board(18.0))} == {18.0}


def test_nothing_fits_is_exit_code_2_in_one_line(tmp_path, tiny_board, capsys):
    save_model(random_model(size=64, block=64, outputs=2), tmp_path / "m.npz")
    assert run_cli(main, ["--weights", str(tmp_path / "m.npz"), "--board", tiny_board, "--no-cache"]) == 2
    error = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(error) == 1 and "Model must fit tiny in some architecture" in error[0]


class Result:
    """Stands for a build."""

    def with_choice(self, reason):
        return reason


def test_what_place_and_route_refutes_gives_way_to_the_next(monkeypatch):
    asked = []

    def build(model, architecture, board_name, kind, cache, **others):
        asked.append(str(architecture))
        if len(asked) == 1:
            raise MissesTimingError("Clock must be slower")
        return Result()

    monkeypatch.setattr(auto, "build", build)
    model = random_model(size=16, block=4, outputs=2)
    reason = auto.build_auto(model, "icebreaker", Kind.YOWASP, Cache(None), options=Options())
    ranked = [one.estimate.architecture for one in survey(model, boards.get("icebreaker"))]
    assert asked == ranked[:2]
    assert f"{ranked[0]} was built first, but: Clock must be slower" in reason and f"{ranked[1]}: the fastest" in reason


def test_when_all_are_refuted_the_last_word_is_told(monkeypatch):
    def build(*given, **others):
        raise DoesNotFitError("Design must fit")

    monkeypatch.setattr(auto, "build", build)
    with pytest.raises(DoesNotFitError, match="none of the .* most promising .* Design must fit"):
        auto.build_auto(random_model(size=16, block=4, outputs=2), "icebreaker", Kind.YOWASP, Cache(None), options=Options())


def test_the_demos_model_is_serial_on_its_board(tmp_path):
    cache = Cache(tmp_path)
    choice = auto.choose(load_model(SHIPPED), "icebreaker", None, cache)
    assert choice["ranked"][0][0] == "serial" and choice["refusal"] is None
    assert auto.choose(load_model(SHIPPED), "icebreaker", None, cache) == choice


def test_two_layers_are_chosen_for_like_one():
    stack = random_stack(lower=dict(size=16, block=16), upper=dict(size=16, block=16), outputs=2)
    candidates = survey(stack, board())
    assert {one.estimate.architecture for one in candidates} == {
        "serial", "serial:2", "serial:3", "serial:4", "parallel", "folded:2", "folded:4", "folded:8"}
    ranked = [one.estimate.architecture for one in candidates if one.fits]
    assert ranked and [arch for arch, _, _ in auto.choose(stack, "icebreaker", None, Cache(None))["ranked"]] == ranked
    tight = board(lc=500)
    text = str(refuse(stack, tight, [tight, board(name="roomy", lc=9000)], survey(stack, tight)))
    assert "of 485 usable logic cells" in text and "--board roomy would fit as" in text


def test_codes_go_to_sprams_where_block_rams_do_not_suffice():
    model = load_model(SHIPPED.with_name("pmnist-h256-d256.npz"))
    first, *others = survey(model, boards.get("icebreaker"))
    assert (first.estimate.architecture, first.estimate.ebr, first.estimate.spram) == ("serial,codes=spram", 19, 2)
    block, = (one for one in others if one.estimate.architecture == "serial")
    assert first.fits and set(block.shortages) == {"ebr"} and block.estimate.spram == 0
    few = [one for one in survey(model, board(spram=1)) if one.estimate.architecture == "serial,codes=spram"]
    assert few[0].shortages == {"spram": (2, 1)} and "2 of 1 SPRAMs" in str(refuse(model, board(spram=1), [], few))
    # elsewhere nothing is said of SPRAM
    for there in (replace(board(), flash=None), replace(board(), lean_link=True), boards.get("hx8k")):
        assert not any(one.estimate.spram for one in survey(model, there))
    # where one fits that needs nothing but its bitstream, others are not looked at, even if they would be faster
    assert not any(one.estimate.spram for one in survey(load_model(SHIPPED.with_name("pmnist-h128-d128.npz")), board()))


def test_explore_writes_its_table_and_its_picture(tmp_path, capsys):
    save_model(random_model(size=16, block=4, outputs=2), tmp_path / "m.npz")
    out = tmp_path / "out"
    command = ["explore", "--weights", str(tmp_path / "m.npz"), "--board", "icebreaker", "--out", str(out)]
    assert run_cli(main, command) == 0
    assert "folded:4" in capsys.readouterr().out
    data = json.loads((out / "explore.json").read_text())
    assert run_cli(main, [*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == data
    picture = ElementTree.parse(out / "explore.svg")
    circles = picture.findall(".//{http://www.w3.org/2000/svg}circle")
    assert len(circles) == len(data["candidates"]) > 5
    assert {row["arch"] for row in data["candidates"]} == {text.text.split(" (")[0] for text in picture.findall(
        ".//{http://www.w3.org/2000/svg}text") if text.text.split(" (")[0] in {row["arch"] for row in data["candidates"]}}


def test_explore_of_what_fits_nowhere_is_exit_code_2(tmp_path, tiny_board, capsys):
    save_model(random_model(size=16, block=4, outputs=2), tmp_path / "m.npz")
    assert run_cli(main, ["explore", "--weights", str(tmp_path / "m.npz"), "--board", tiny_board, "--json"]) == 2
    assert not any(row["fits"] for row in json.loads(capsys.readouterr().out)["candidates"])
