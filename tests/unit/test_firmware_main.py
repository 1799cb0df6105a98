# SPDX-License-Identifier: BSD-2-Clause
"""``python -m firmware``: the way to its verbs."""

import json

import pytest

from firmware import device
from firmware.__main__ import main
from hadam_hw.cli import run_cli
from hadam_hw.command import older_words
from rtl_gen.link.frames import Command, Frame, Identity


@pytest.mark.parametrize("argv, said", [(["fly"], "not 'fly'"), (["__init__"], "not '__init__'")])
def test_an_unknown_verb_is_the_users_error(argv, said, capsys):
    assert run_cli(main, argv) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: Verb must be one of") and said in error and error.count("\n") == 1


def test_help_names_each_verb(capsys):
    assert run_cli(main, ["--help"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in older_words("firmware"))


@pytest.mark.parametrize("name", older_words("firmware"))
def test_each_verb_has_help(name, capsys):
    with pytest.raises(SystemExit) as left:
        run_cli(main, [name, "--help"])
    assert left.value.code == 0 and f"python -m firmware {name}" in capsys.readouterr().out


LEAN = Identity("0123456789abcdef", 8, 2, 3, 5, True, False, 4, 12, 0, 300, 100, 1024, 42_000_000, 1_000_000, lean=True)


@pytest.mark.parametrize("real, options, tried", [
    (1_000_000, [], [3_000_000, 2_000_000, 1_500_000, 1_000_000, 1_000_000]), (3_000_000, [], [3_000_000]),
    (1_000_000, ["--baud", "1000000"], [1_000_000])])
def test_the_rate_at_which_the_device_answers_is_found(real, options, tried, monkeypatch, capsys):
    opened = []

    class Port:
        def __init__(self, name, baud):
            opened.append(self)
            self.baud, self.waiting, self.closed = baud, b"", False

        def write(self, data):
            if self.baud == real:
                self.waiting += Frame(Command.IDENTITY, LEAN.encode(), data[2]).encode()

        def read(self, timeout):
            data, self.waiting = self.waiting, b""
            return data

        def close(self):
            self.closed = True

    monkeypatch.setattr(device, "SerialPort", Port)
    assert run_cli(main, ["identify", "--port", "x", "--json", *options]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["lean"] and facts["link_hz"] == 1_000_000 and "overruns" not in facts
    assert [port.baud for port in opened] == tried and all(port.closed for port in opened)


def test_where_no_rate_is_answered_the_first_error_stands(monkeypatch, capsys):
    class Port:
        def __init__(self, name, baud):
            pass

        def write(self, data):
            pass

        def read(self, timeout):
            return b""

        def close(self):
            pass

    monkeypatch.setattr(device, "SerialPort", Port)
    assert run_cli(main, ["identify", "--port", "x"]) == 1
    error = capsys.readouterr().err
    assert "must answer within" in error and error.count("\n") == 1


DEVICE, WEIGHTS = ["--port", "x"], ["--weights", "m.npz"]
VERBS = {"identify": DEVICE, "infer": [*DEVICE, "data.npy"], "selftest": [*DEVICE, *WEIGHTS], "bench": DEVICE,
         "simulate": [*WEIGHTS, "--board", "icebreaker"]}
NUMBERS = [(verb, option) for verb in ("identify", "infer", "selftest", "bench") for option in ("--timeout", "--baud")] + [
    ("selftest", "--count"), ("bench", "--count"), ("bench", "--steps"), ("simulate", "--count"), ("simulate", "--seconds")]


@pytest.mark.parametrize("verb, option", NUMBERS)
def test_a_number_that_means_nothing_is_refused(verb, option, capsys):
    for value in ("0", "-5", "nan", "inf", "1e400", "many", ""):
        assert run_cli(main, [verb, *VERBS[verb], f"{option}={value}"]) == 1
        error = capsys.readouterr().err
        assert f"argument {option}: must be a " in error and f"not {value!r}" in error and error.count("\n") == 1
