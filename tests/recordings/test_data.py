# SPDX-License-Identifier: BSD-2-Clause
"""``hadam data``: what it says, as table, JSON and page."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from hadam_hw.cli import run_cli
from hadam_hw.command import main
from hadam_hw.recordings import Kind, Recording, RecordingSet
from hadam_hw.recordings.page import SENTENCES, render
from hadam_hw.recordings.summary import Summary
from tests.recordings.made import folder_of_csv, tree, wave


class Page(HTMLParser):
    """Tags that are open, text, and whatever would load something."""

    EMPTY = {"meta", "line", "polyline", "rect", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.text, self.loads, self.tags = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [(tag, name) for name, _ in attrs if name in ("src", "href", "xlink:href", "style") and tag != "div"]
        if tag in ("script", "link", "iframe", "object", "img"):
            self.loads.append(tag)
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_table_tells_counts_ranges_and_the_split(tmp_path, capsys):
    assert run_cli(main, ["data", str(folder_of_csv(tmp_path))]) == 0
    said = capsys.readouterr().out
    assert said.startswith("16 recordings, 4 groups, 2 channels, 640 steps, 100 Hz, 6.4 s, measured\n")
    assert "class\trecordings\tgroups\ttrain\tvalidation\ttest\tsteps\tshortest\tmedian\tlongest\n" in said
    assert re.search(r"^run\t8\t4\t4\t2\t2\t320\t40\t40\t40$", said, re.MULTILINE)
    values = np.concatenate([wave([i, j, k]) for i in range(2) for j in range(4) for k in range(2)])[:, 0]
    row = f"x\tg\t{values.min():.5g}\t{values.max():.5g}\t{values.mean():.5g}\t{values.std():.5g}"
    assert row in said and "split by group" in said and "warning" not in said


def test_json_is_the_same_for_machines(tmp_path, capsys):
    assert run_cli(main, ["data", str(folder_of_csv(tmp_path, groups=("anna",), each=3)), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["recordings"] == 6 and [one["name"] for one in facts["classes"]] == ["run", "walk"]
    assert facts["split_by"] is None and any("all 6 belong together" in sentence for sentence in facts["warnings"])


def test_options_reach_the_reader(tmp_path, capsys):
    tree(tmp_path, {"long.csv": "x,y\n" + "".join(f"{k % 7},{k % 5}\n" for k in range(400)),
                    "t.csv": "start,end,label\n1,2,run\n3,5,sit\n"})
    assert run_cli(main, ["data", str(tmp_path / "long.csv"), "--table", str(tmp_path / "t.csv"), "--rate", "50", "--json",
                          "--background", "rest", "--units", "counts", "--resample", "25"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in facts["classes"]] == ["rest", "run", "sit"]
    assert facts["kind"] == "counts" and facts["rate_hz"] == 25 and facts["steps"] == 200


@pytest.mark.parametrize("argv, sentence", [
    (["nothing"], "nothing must be one of .csv, .wav, .npz, .npy, by the end of its name, or a folder"),
    (["nothing.csv"], "nothing.csv cannot be read: No such file or directory"),
    ([".", "--rate", "-1"], "must be a number greater than 0"),
    ([".", "--group-from", "("], "group-from must be a regular expression"),
])
def test_bad_input_is_one_sentence(tmp_path, monkeypatch, capsys, argv, sentence):
    monkeypatch.chdir(tmp_path)
    assert run_cli(main, ["data", *argv]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and sentence in error and error.count("\n") == 1


def test_nothing_is_written_if_the_recordings_cannot_be_read(tmp_path, capsys):
    assert run_cli(main, ["data", str(tree(tmp_path, {"a/1.csv": "x\nno\n"})), "--html", str(tmp_path / "page.html")]) == 1
    assert not (tmp_path / "page.html").exists()


def test_the_page_is_whole_and_loads_nothing(tmp_path, capsys):
    target = tmp_path / "page.html"
    folder = folder_of_csv(tmp_path / "my <b>set")
    assert run_cli(main, ["data", str(folder), "--html", str(target)]) == 0
    assert f"page: {target}" in capsys.readouterr().out
    text = target.read_text()
    page = Page(text)
    assert page.open == [] and page.loads == [] and "http" not in text.replace("http-equiv", "") and "url(" not in text
    assert page.tags.count("polyline") == 2 * 4 * 2 and "b" not in page.open
    assert "my <b>set" in page.text  # as text, not as a tag
    groups = {found for found in re.findall(r"group (\w+)", " ".join(page.text))}
    assert groups >= {"anna", "ben", "carl", "dora"}


NASTY = "<script>alert(1)</script>\"'&{{7*7}}"


def test_names_are_shown_as_they_are_and_never_obeyed():
    recordings = tuple(Recording(wave(k), (NASTY, "b"), (NASTY, ""), 10.0, NASTY if k % 2 else "b", NASTY, None, f"{NASTY}{k}",
                                 Kind.MEASURED) for k in range(4))
    found = RecordingSet(recordings, (NASTY, "b"), (NASTY, ""), 10.0, (NASTY, "b"), Kind.MEASURED, (NASTY,))
    page = Page(render(found, Summary.of(found), NASTY))
    assert "script" not in page.tags and page.loads == [] and page.open == []
    assert "".join(page.text).count(NASTY) >= 8


def test_a_large_set_stays_below_5_mb():
    name = "<" * 100  # the longest when escaped
    values = np.random.default_rng(1).normal(size=(700, 40))
    channels, units = tuple(f"{name[:97]}{k:3}" for k in range(40)), ("",) * 40
    classes = tuple(f"{name[:96]}{k:4}" for k in range(100))
    recordings = tuple(Recording(values, channels, units, 100.0, classes[k // 4], None, None, f"{name}{k}", Kind.MEASURED)
                       for k in range(400))
    found = RecordingSet(recordings, channels, units, 100.0, classes)
    looked = Summary.of(found)
    looked = replace(looked, classes=looked.classes * 10, warnings=tuple(f"{name}{k}" for k in range(90_000)))
    page = render(found, looked, name)
    assert 2_000_000 < len(page.encode()) < 5_000_000
    assert f"and {90_000 - SENTENCES} more, which --json lists" in page and "40 more classes are not drawn" in page


def test_what_is_long_is_drawn_by_its_lowest_and_highest():
    values = np.zeros((100_000, 1))
    values[54_321] = 1
    found = RecordingSet((Recording(values, ("x",), ("",), None, None, None, None, "a", None),), ("x",), ("",), None, ())
    points = re.search(r'points="([^"]*)"', render(found, Summary.of(found), "a"))[1].split()
    heights = {point.split(",")[1] for point in points}
    assert len(points) <= 600 and heights == {"0.0", "134.0"}
