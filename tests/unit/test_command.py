# SPDX-License-Identifier: BSD-2-Clause
"""The one command: its verbs, their help, and the older words that lead to them."""

import re
import shlex
from importlib import import_module

import pytest

from hadam_hw import command
from hadam_hw.cli import run_cli
from hadam_hw.command import VERBS, Verb, main


@pytest.mark.parametrize("name", VERBS)
def test_the_help_of_a_verb_ends_with_an_example_of_options_that_it_has(name, capsys):
    with pytest.raises(SystemExit) as left:
        run_cli(main, [name, "--help"])
    said = capsys.readouterr().out
    assert left.value.code == 0 and said.startswith(f"usage: hadam {name} ")
    assert f"\nexample: hadam {name}" in said and said.endswith(f"\n{VERBS[name].epilog}\n")
    for option in re.findall(r"--[a-z-]+", VERBS[name].example):
        assert f"  {option}" in said, option


@pytest.mark.parametrize("name", [name for name, verb in VERBS.items() if verb.older])
def test_the_older_words_are_the_same_verb(name, capsys):
    words = shlex.split(VERBS[name].older)
    assert words[:2] == ["python", "-m"]
    module = import_module(f"{words[2]}.__main__")
    with pytest.raises(SystemExit):
        run_cli(module.main, [*words[3:], "--help"])
    assert f"usage: hadam {name} " in capsys.readouterr().out


def test_without_a_verb_all_of_them_are_listed(capsys):
    assert run_cli(main, []) == run_cli(main, ["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n  {name} " in said for name in VERBS)


def test_the_version_is_the_packages(capsys):
    assert run_cli(main, ["--version"]) == 0
    assert re.fullmatch(r"hadam \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


def test_an_unknown_verb_is_the_users_error(capsys):
    assert run_cli(main, ["fly"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: Verb must be one of data, ") and "not 'fly'; see hadam --help" in error


def test_a_verb_whose_package_is_not_installed_says_so(monkeypatch, capsys):
    monkeypatch.setitem(command.VERBS, "gone", Verb("gone", "", "no_such_package.verb", "", ""))
    assert run_cli(main, ["gone"]) == 3
    assert "hadam gone needs the package no_such_package" in capsys.readouterr().err
