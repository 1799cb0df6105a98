# SPDX-License-Identifier: BSD-2-Clause
"""Text as loggers and spreadsheets write it becomes the same numbers, and what is no table is one sentence with its line."""

import numpy as np
import pytest

from hadam_hw.errors import DataError
from hadam_hw.recordings import Kind, ReadOptions, read_file
from tests.recordings.made import csv_text, wave


def read(tmp_path, text, name="a.csv", **options):
    """The recordings of a file with this text."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_file(path, ReadOptions(**options))


def test_a_plain_file_is_one_recording(tmp_path):
    values = wave(1)
    (recording,) = read(tmp_path, csv_text(values))
    assert (recording.values == values).all() and recording.values.dtype == np.float64
    assert recording.channels == ("x", "y") and recording.units == ("g", "g") and recording.kind is Kind.MEASURED
    assert recording.rate_hz == pytest.approx(100) and recording.source == "a.csv"
    with pytest.raises(ValueError):
        recording.values[0, 0] = 1


@pytest.mark.parametrize("spelled", [
    lambda text: "\ufeff" + text,
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace("\n", "\r"),
    lambda text: text.replace(",", ";"),
    lambda text: text.replace(",", "\t"),
    lambda text: text.replace(",", ";").replace(".", ","),
    lambda text: "sep=;\n" + text.replace(",", ";"),
    lambda text: text.replace("\n", ",,\n"),
    lambda text: text.replace("\n", "\n\n"),
    lambda text: "# a logger\n\n" + text,
    lambda text: "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in text.splitlines()),
    lambda text: "\n".join(",".join(f'"{cell.replace(".", ",")}"' for cell in line.split(",")) for line in text.splitlines()),
    lambda text: text.replace("[g]", "(g)").replace(",", " , "),
    lambda text: text.removesuffix("\n"),
    lambda text: text + ",,\n",
])
def test_spellings_of_the_same_table(tmp_path, spelled):
    values = wave(2)
    (recording,) = read(tmp_path, spelled(csv_text(values)), "A.CSV")
    assert (recording.values == values).all()
    assert recording.channels == ("x", "y") and recording.units == ("g", "g")


def test_a_degree_sign_of_an_old_spreadsheet(tmp_path):
    (recording,) = read(tmp_path, "t;v [°C]\n1;2\n2;3\n".encode("latin-1"))
    assert recording.units == ("°C",)


def test_many_blocks_are_read_as_one(tmp_path):
    values = wave(3, steps=60_000)
    text = csv_text(values, rate_hz=1000.0).split("\n")
    text[40_001] += ","  # one odd line among plain ones
    (recording,) = read(tmp_path, "\n".join(text))
    assert (recording.values == values).all() and recording.rate_hz == pytest.approx(1000)


@pytest.mark.parametrize("unit, scale", [("", 1), (" [s]", 1), (" [ms]", 1e3), ("_us", 1e6), (" (ns)", 1e9)])
def test_time_in_its_unit(tmp_path, unit, scale):
    text = f"time{unit},x\n" + "".join(f"{k * 0.02 * scale:.0f},{k % 7}.5\n" if scale > 1 else f"{k * 0.02:.2f},{k % 7}.5\n"
                                       for k in range(50))
    assert read(tmp_path, text)[0].rate_hz == pytest.approx(50)


def test_time_of_day(tmp_path):
    text = "timestamp,x\n" + "".join(f"2026-05-01 12:00:{k // 10:02}.{k % 10}00,{k % 7}.5\n" for k in range(50))
    assert read(tmp_path, text)[0].rate_hz == pytest.approx(10)


def test_a_time_of_day_is_the_same_read_line_by_line(tmp_path):
    rows = [f"2026-05-01T12:{k // 60:02}:{k % 60:02}.{k % 9},{k}.5" for k in range(90)]
    (plain,) = read(tmp_path, "time,x\n" + "\n".join(rows))
    (odd,) = read(tmp_path, "time,x\n" + "\n".join(rows) + ",")
    assert plain.rate_hz == pytest.approx(odd.rate_hz) and (plain.values == odd.values).all()


@pytest.mark.parametrize("seed", range(20))
def test_whole_blocks_and_single_lines_read_the_same(tmp_path, seed):
    rng = np.random.default_rng(seed)
    cells = [" 1 ", "-2.5", "", "NaN", "nan", "1e3", "+4", ".5", "6.", "-0", "0.1", "123456789.123456789", "1E-7"]
    rows = [",".join([str(k), *rng.choice(cells, 2), str(k)]) for k in range(60)]
    plain = read(tmp_path, "t,x,y,z\n" + "\n".join(rows))
    odd = read(tmp_path, "t,x,y,z\n" + ",\n".join(rows) + ",\n")  # a delimiter too many
    assert [(one.start, one.values.tolist()) for one in plain] == [(one.start, one.values.tolist()) for one in odd]


def test_milliseconds_that_are_rounded_give_the_right_rate(tmp_path):
    text = "time [ms],x\n" + "".join(f"{round(k * 1000 / 60)},{k % 7}.5\n" for k in range(600))
    assert read(tmp_path, text)[0].rate_hz == pytest.approx(60, rel=1e-3)


@pytest.mark.parametrize("text, kind, dtype", [
    ("x [counts],y [counts]\n1,2\n3,4\n", Kind.COUNTS, np.int64),
    ("x [codes]\n1.0\n3.0\n", Kind.CODES, np.int64),
    ("x,y\n1.0,2\n3,4\n", None, np.int64),
    ("x,y\n1.5,2\n3,4\n", Kind.MEASURED, np.float64),
    ("x [g],y\n1,2\n3,4\n", Kind.MEASURED, np.float64),
])
def test_what_the_numbers_are(tmp_path, text, kind, dtype):
    (recording,) = read(tmp_path, text)
    assert recording.kind is kind and recording.values.dtype == dtype


def test_what_the_user_says_they_are(tmp_path):
    assert read(tmp_path, "x\n1\n3\n", kind=Kind.COUNTS)[0].kind is Kind.COUNTS
    assert read(tmp_path, "x [g]\n1\n3\n", kind=Kind.COUNTS)[0].kind is Kind.MEASURED


def test_short_gaps_are_interpolated_and_long_ones_cut(tmp_path):
    values = np.arange(40.0)[:, None] * [1, -2] + 0.5
    lines = csv_text(values, rate_hz=50.0).splitlines()
    del lines[6:9]  # rows 5, 6, 7
    (whole,) = read(tmp_path, "\n".join(lines))
    assert np.allclose(whole.values, values)
    del lines[16:20]  # rows 18 to 21
    first, second = read(tmp_path, "\n".join(lines))
    assert np.allclose(first.values, values[:18]) and np.allclose(second.values, values[22:])
    assert second.start == 22 and first.source == second.source


def test_empty_cells_are_gaps_of_their_channel(tmp_path):
    values = np.arange(30.0)[:, None] * [1, -2] + 0.5
    lines = csv_text(values).splitlines()
    for row in (3, 4, 9):
        lines[row + 1] = ",".join([*lines[row + 1].split(",")[:2], "NaN" if row == 9 else ""])
    for row in range(15, 19):
        lines[row + 1] = lines[row + 1].split(",")[0] + ",,"
    first, second = read(tmp_path, "\n".join(lines))
    assert np.allclose(first.values, values[:15]) and np.allclose(second.values, values[19:])


def test_labels_and_groups_in_columns_cut_the_file(tmp_path):
    text = "x,label,group\n" + "".join(f"{k}.5,{'run' if k < 4 else 'walk'},{'a' if k < 6 else 'b'}\n" for k in range(9))
    found = [(recording.label, recording.group, len(recording)) for recording in read(tmp_path, text)]
    assert found == [("run", "a", 4), ("walk", "a", 2), ("walk", "b", 3)]


def test_rows_without_a_label_are_left_out(tmp_path):
    found = read(tmp_path, "x,label\n1.5,\n2.5,run\n3.5,run\n4.5,\n")
    assert [(recording.label, len(recording)) for recording in found] == [("run", 2)]


@pytest.mark.parametrize("text, sentence", [
    ("1,2\n3,4\n", "a.csv, line 1: the header must name the columns"),
    ("x,x\n1,2\n", "a.csv, line 1: each channel must have a name of its own, and 'x' is there twice"),
    ("time\n1\n2\n", "a.csv, line 1: a file must have 1 to 256 channels beside the time, not 0"),
    (",".join(f"c{k}" for k in range(300)) + "\n1\n", "a.csv, line 1: a file must have at most 256 channels, not 300 columns"),
    ("x,,y\n1,2,3\n", "a.csv, line 1: column 2 must have a name"),
    ("time [min],y\n1,2\n", "a.csv, line 1: the time must be in s, ms, us or ns, not 'min'"),
    ("x,y\n1,2\n3\n4,5\n", "a.csv, line 3: a line must have the header's 2 cells, not 1"),
    ("x,y\n1,2\n3,4,5\n4,5\n", "a.csv, line 3: a line must have the header's 2 cells, not 3"),
    ("x,y\n1,2\n3,four\n4,5\n", "a.csv, line 3: y must be a finite number, not 'four'"),
    ("x,y\n1,2\n3,inf\n4,5\n", "a.csv, line 3: y must be a finite number, not 'inf'"),
    ("x,y\n1,2\n3,1e999\n4,5\n", "a.csv, line 3: y must be a finite number, not '1e999'"),
    ("x,y\n1,2\n3,-1e31\n4,5\n", "a.csv, line 3: y must lie within 1e+30, not be -1e+31"),
    ("x,y\n1,2\n3,1_0\n4,5\n", "a.csv, line 3: y must be a finite number, not '1_0'"),
    ("x;y\n0,5;2\n3;1.234\n4;5\n", "a.csv, line 3: numbers must all have a decimal point, or all a decimal comma"),
    ("x;y\n0,5;2\n3;1.234,5\n4;5\n", "a.csv, line 3: numbers must all have a decimal point, or all a decimal comma"),
    ("x,y\n1,2\n3,\x00\n4,5\n", "a.csv, line 3: y must be a finite number"),
    ("x,y\n1,2\n3,\u0664\n4,5\n", "a.csv, line 3: y must be a finite number"),
    ("x,y\n1,2\n3,\"4\n4,5\n", "a.csv, line 3"),
    ("time,y\n1,2\n2,4\n1.5,5\n", "a.csv, line 4: the time must rise from line to line, and here it goes back"),
    ("time,y\n1,2\n,4\n1.5,5\n", "a.csv, line 3: the time must be a number, and this cell is empty"),
    ("time,y\n1,2\nnoon,4\n1.5,5\n", "a.csv, line 3: the time must be a number or like"),
    ("x,y\n1,\n2,\n", "a.csv, line 2: channel 'y' must have values"),
    ("x\n" + "1" * 70_000 + "\n", "a.csv, line 2: a line must have at most 65,536 bytes"),
    ("x [counts]\n1\n2.5\n3\n", "a.csv must hold whole numbers, as its values are counts"),
    (b"\xff\xfex\x00", "a.csv: text must be UTF-8, not UTF-16"),
])
def test_what_is_no_table_is_told_with_its_line(tmp_path, text, sentence):
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(sentence) and "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n\n", "x,y\n", "\ufeff", "x\n\n\n"])
def test_an_empty_file_has_no_recordings(tmp_path, text):
    assert read(tmp_path, text) == []


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path):
    assert len(read(tmp_path, "x,y\n1,2\n3,4\n5")[0]) == 2
