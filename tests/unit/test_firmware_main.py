# SPDX-License-Identifier: BSD-2-Clause
"""``python -m firmware``: the way to its verbs."""

import pytest

from firmware import verbs
from firmware.__main__ import main
from hadam_hw.cli import run_cli


@pytest.mark.parametrize("argv, said", [([], "not 'nothing'"), (["fly"], "not 'fly'"), (["__init__"], "not '__init__'")])
def test_an_unknown_verb_is_the_users_error(argv, said, capsys):
    assert run_cli(main, argv) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: Verb must be one of") and said in error and error.count("\n") == 1


def test_help_names_each_verb(capsys):
    assert run_cli(main, ["--help"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in verbs.names())


@pytest.mark.parametrize("name", verbs.names())
def test_each_verb_has_help(name, capsys):
    with pytest.raises(SystemExit) as left:
        run_cli(main, [name, "--help"])
    assert left.value.code == 0 and f"python -m firmware {name}" in capsys.readouterr().out
