# SPDX-License-Identifier: BSD-2-Clause
"""One long recording and a table of labels in seconds."""

import pytest

from hadam_hw.errors import DataError
from hadam_hw.recordings import ReadOptions, read_recordings
from tests.recordings.made import csv_text, tree, wave

TABLE = "start,end,label\n3,4.5,walk\n0.5,1,run\n2,3,run\n"


def read(tmp_path, table, recording=None, **options):
    """The set of a recording of 6 s at 10 Hz."""
    recording = csv_text(wave(1, steps=60), rate_hz=10.0) if recording is None else recording
    tree(tmp_path, {"log.csv": recording, "labels.csv": table})
    return read_recordings(tmp_path / "log.csv", ReadOptions(table=tmp_path / "labels.csv", **options))


def test_each_row_is_a_recording(tmp_path):
    found = read(tmp_path, TABLE)
    assert [(one.label, one.start, len(one)) for one in found.recordings] == [("run", 5, 5), ("run", 20, 10), ("walk", 30, 15)]
    assert (found.recordings[2].values == wave(1, steps=60)[30:45]).all()
    assert found.recordings[0].source == "log.csv, 0.5 to 1 s (run)"


def test_what_has_no_label_is_background(tmp_path):
    found = read(tmp_path, TABLE, background="idle")
    assert [(one.label, one.start, len(one)) for one in found.recordings] == [
        ("idle", 0, 5), ("run", 5, 5), ("idle", 10, 10), ("run", 20, 10), ("walk", 30, 15), ("idle", 45, 15)]


def test_a_gap_cuts_a_row(tmp_path):
    lines = csv_text(wave(1, steps=60), rate_hz=10.0).splitlines()
    del lines[34:40]
    found = read(tmp_path, TABLE, "\n".join(lines))
    assert [(one.label, one.start, len(one)) for one in found.recordings] == [
        ("run", 5, 5), ("run", 20, 10), ("walk", 30, 3), ("walk", 39, 6)]


def test_groups_of_the_table(tmp_path):
    found = read(tmp_path, "start;end;label;group\n0,5;1;run;anna\n2;3;walk;ben\n")
    assert [one.group for one in found.recordings] == ["anna", "ben"]


@pytest.mark.parametrize("table, sentence", [
    ("start,end\n1,2\n", "labels.csv, line 1: a table of labels must have the columns start,end,label"),
    ("start,end,label\n", "labels.csv, line 1: a table of labels must have"),
    ("start,end,label\n1,2,a\n2,2,b\n", "labels.csv, line 3: a row must begin at 0 s or later and end after that, not 2 to 2"),
    ("start,end,label\n-1,2,a\n", "labels.csv, line 2: a row must begin at 0 s or later"),
    ("start,end,label\n1,,a\n", "labels.csv, line 2: a row must begin at 0 s or later"),
    ("start,end,label\n1,2,\n", "labels.csv, line 2: a row must have a label"),
    ("start,end,label\n3,4,a\n1,3.5,b\n", "labels.csv, line 2: a row must not begin before that of line 3 ends, at 3.5 s"),
    ("start,end,label\n3,9,a\n", "labels.csv, line 2: a row must end within the recording, which has 6.000 s"),
])
def test_what_is_no_table_of_labels(tmp_path, table, sentence):
    with pytest.raises(DataError) as caught:
        read(tmp_path, table)
    assert str(caught.value).startswith(sentence)


def test_seconds_need_a_rate(tmp_path):
    text = "x\n" + "1.5\n2.5\n" * 30
    with pytest.raises(DataError, match="log.csv must have a rate, since labels.csv is in seconds; give it with --rate"):
        read(tmp_path, TABLE, text)
    assert read(tmp_path, TABLE, text, rate_hz=10).lengths.tolist() == [5, 10, 15]


def test_a_table_wants_one_recording(tmp_path):
    with pytest.raises(DataError, match="must be one long recording"):
        read_recordings(tmp_path, ReadOptions(table=tmp_path / "labels.csv"))
