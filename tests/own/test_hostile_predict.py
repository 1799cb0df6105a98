# SPDX-License-Identifier: BSD-2-Clause
"""``hadam predict`` on files that lie, by models of all kinds; a verb that writes what nobody should read is found."""

import sys
from types import SimpleNamespace

import pytest

from bench import hostile_predict
from bench.hostile import sweep
from hadam_hw import predictions, predictions_text
from hadam_hw.errors import DataError
from hadam_hw.verbs import predict

#: A hang would take longer; `python -m bench hostile --through predict` holds each file to 2 s.
SECONDS = 60


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return hostile_predict.save_models(tmp_path_factory.mktemp("models"))


def test_seeded_files_that_lie(models):
    complaints, said, _ = sweep(40, 1, hostile_predict.through_predict(models), seconds=SECONDS, large=False)
    assert not complaints, "\n".join(complaints)
    assert said["recordings"] >= 3 and len(said) > 10


@pytest.fixture
def ask(models, tmp_path):
    """Writes a table and asks one of the models about it: windows (--csv), three (--json), one of codes (a table)."""
    def call(number, text, by=hostile_predict._files):
        path = tmp_path / "a.csv"
        path.write_text(text)
        by(models[number], path)

    return call


WINDOWS = "c0 [g],c1 [g],label\n" + "0.5,0.25,-x\n" * 4
THREE = "c0 [g],c1 [g],c2 [g]\n0.5,0.25,1.5\n"
CODES = "c0 [codes],c1 [codes]\n1,2\n3,4\n"


@pytest.mark.parametrize("number, text", [(0, WINDOWS), (2, THREE), (4, CODES)])
def test_good_tables_pass(ask, number, text):
    ask(number, text)


def test_a_formula_is_found(ask, monkeypatch):
    monkeypatch.setattr(predictions, "_FORMULA", ())
    with pytest.raises(AssertionError, match="a formula"):
        ask(0, WINDOWS)
    with pytest.raises(AssertionError, match="a formula"):
        ask(0, WINDOWS, hostile_predict._lines)


def test_what_is_no_json_is_found(ask, monkeypatch):
    monkeypatch.setattr(predict, "json", SimpleNamespace(dumps=lambda value: "NaN"))
    with pytest.raises(AssertionError, match="NaN is no JSON"):
        ask(2, THREE)


def test_what_moves_the_cursor_is_found(ask, monkeypatch):
    monkeypatch.setattr(predictions_text, "show_table", lambda columns, rows: sys.stdout.write("\x1b[2J"))
    with pytest.raises(AssertionError, match="that a terminal obeys"):
        ask(4, CODES)


def test_a_sentence_about_lines_that_names_none_is_found(ask, monkeypatch):
    def refuse(*_):
        raise DataError("it is damaged")

    monkeypatch.setattr(predict, "windows", refuse)
    with pytest.raises(AssertionError, match="names no lines: it is damaged"):
        ask(0, WINDOWS, hostile_predict._lines)


def test_many_channels_are_not_all_named(tmp_path, models):
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"{'c' * 90}{k} [g]" for k in range(256)) + "\n" + ",".join(["1.5"] * 256) + "\n")
    with pytest.raises(DataError, match="lacks 'sound'; it has c+0, .* and 244 more") as error:
        predict.main([str(models[5][0]), str(path)])
    assert len(str(error.value)) < 2000
