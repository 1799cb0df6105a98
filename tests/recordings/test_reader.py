# SPDX-License-Identifier: BSD-2-Clause
"""Folders and archives become sets of recordings; what does not go together is one sentence."""

import io
import os
import struct
import zipfile

import numpy as np
import pytest

from bench.hostile_files import HEADERS
from hadam_hw.errors import DataError, ModelFileError
from hadam_hw.model_file import load_model
from hadam_hw.recordings import Kind, Part, ReadOptions, read_file, read_recordings
from tests.recordings.made import csv_text, folder_of_csv, tree, wave


def archive(path, **arrays):
    """Writes an ``.npz``."""
    np.savez(path, **arrays)
    return path


def test_a_folder_a_class_and_a_group(tmp_path):
    found = read_recordings(folder_of_csv(tmp_path))
    assert found.classes == ("run", "walk") and len(found) == 16 and found.warnings == ()
    assert found.rate_hz == pytest.approx(100) and found.channels == ("x", "y") and found.kind is Kind.MEASURED
    third = found.recordings[2]
    assert (third.source, third.label, third.group, third.part) == ("run/ben/0.csv", "run", "ben", None)
    assert (third.values == wave([0, 1, 0])).all()
    assert (found.labels == [0] * 8 + [1] * 8).all()


def test_parts_above_the_classes_are_obeyed(tmp_path):
    for name in ("train", "Validation", "test"):
        folder_of_csv(tmp_path / name, each=1)
    parts = [recording.part for recording in read_recordings(tmp_path).recordings]
    assert parts == [Part.VALIDATION] * 8 + [Part.TEST] * 8 + [Part.TRAIN] * 8


def test_channels_may_come_in_another_order(tmp_path):
    tree(tmp_path, {"a/1.csv": "x [g],y\n1,2\n3,4\n", "b/1.csv": "y,x [g]\n5,6\n7,8\n"})
    found = read_recordings(tmp_path)
    assert found.recordings[1].values.tolist() == [[6, 5], [8, 7]] and found.recordings[1].units == ("g", "")


def test_classes_are_numbered_as_people_count(tmp_path):
    tree(tmp_path, {f"{k}/1.csv": csv_text(wave(k)) for k in range(12)})
    assert read_recordings(tmp_path).classes == tuple(str(k) for k in range(12))


def test_groups_from_the_name(tmp_path):
    tree(tmp_path, {f"{label}/{who}_{k}.csv": csv_text(wave([k, len(who)])) for label in ("a", "b") for who in ("eva", "otto")
                    for k in range(2)})
    groups = {recording.group for recording in read_recordings(tmp_path, ReadOptions(group_from=r"([a-z]+)_\d")).recordings}
    assert groups == {"eva", "otto"}
    with pytest.raises(DataError, match="group-from must match each file's path, and 'xyz' does not match a/eva_0.csv"):
        read_recordings(tmp_path, ReadOptions(group_from="xyz"))
    with pytest.raises(DataError, match="group-from must be a regular expression"):
        ReadOptions(group_from="(")


def test_one_file_with_a_column_of_labels_is_a_set(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("x,label\n" + "".join(f"{k * k}.5,{'run' if k % 10 < 5 else 'walk'}\n" for k in range(40)))
    found = read_recordings(path)
    assert found.classes == ("run", "walk") and len(found) == 8
    assert len({recording.source for recording in found.recordings}) == 8


@pytest.mark.parametrize("files, sentence", [
    ({"train/a/1.csv": "x\n1\n", "b/1.csv": "x\n1\n"}, "Folder train/ must hold the classes, with only train/, validation/"),
    ({"a/b/c/1.csv": "x\n1\n"}, "a/b/c/1.csv lies too deep"),
    ({"a/b/c/d/1.csv": "x\n1\n"}, "Folder a/b/c/d lies too deep"),
    ({"a/1.csv": "x\n1\n", "b/1.csv": "y\n1\n"}, "b/1.csv must have the channels of a/1.csv, x, not y"),
    ({"a/1.csv": "x [g]\n1\n", "b/1.csv": "x\n1\n"}, "b/1.csv must have the units of a/1.csv: channel x is in g"),
    ({"a/1.csv": "x [counts]\n1\n", "b/1.csv": "x\n1\n"}, "b/1.csv must have the units of a/1.csv"),
    ({"a/1.csv": "x\n1\n", "2.csv": "x\n1\n"}, "2.csv must have a class as the others do"),
    ({"a/1.txt": "x\n1\n"}, "Folder "),
    ({"a/1.csv": ""}, ""),
    ({"a/1.csv": csv_text(wave(1)), "b/1.csv": csv_text(wave(1), rate_hz=90.0)}, "a/1.csv must have the rate of the others"),
    ({"a\x1b[31m/1.csv": "x\n1\n"}, "Folder a\\x1b[31m must have a name of at most 100 printable"),
])
def test_what_does_not_go_together_is_a_sentence(tmp_path, files, sentence):
    with pytest.raises(DataError) as caught:
        read_recordings(tree(tmp_path, files))
    text = str(caught.value)
    assert "\n" not in text and "\x1b" not in text
    assert text.startswith(sentence)


def said(tmp_path, files, **options):
    """The warnings of a folder."""
    return " | ".join(read_recordings(tree(tmp_path, files), ReadOptions(**options)).warnings)


def test_what_would_spoil_a_training_is_said(tmp_path):
    text = said(tmp_path, {"a/1.csv": csv_text(wave(1) * [1, 0]), "a/2.csv": "", "_noise/1.csv": "x\n", "a/3.pdf": "x"})
    assert "channel y is 0 everywhere, so it says nothing" in text
    assert "a/2.csv: the file has no samples and was left out" in text
    assert "there is one class, a; a model needs two or more" in text
    assert "1 file left out, in folders that begin with _" in text
    assert "1 file left out, not named .csv or .wav, a/3.pdf the first" in text


def test_three_recordings_are_too_few_and_classes_of_unequal_size_are_said(tmp_path):
    files = {f"a/{k}.csv": csv_text(wave(k)) for k in range(3)} | {f"b/{k}.csv": csv_text(wave(9 + k)) for k in range(16)}
    text = said(tmp_path, files)
    assert "class a has 3 recordings, too few to train on and to be judged by" in text and "class b" not in text
    assert "classes are of very unequal size, 3 to 16 recordings" in text


def test_a_constant_channel_and_a_clipped_one_are_said_with_their_file(tmp_path):
    values = wave(1, steps=400)
    values[:, 1] = np.clip(values[:, 1], -0.5, 9)
    flat = wave(2)
    flat[:, 0] = 0.25
    text = said(tmp_path, {"a/1.csv": csv_text(values), "b/1.csv": csv_text(flat.clip(-0.5, 9))})
    assert "b/1.csv: channel x is constant" in text
    assert "a/1.csv: channel y stays at -0.5, its end" in text


def test_a_rate_that_drifts_is_said_with_its_line(tmp_path):
    seconds = np.cumsum(np.where(np.arange(400) < 300, 0.01, 0.0104))
    lines = [f"{second:.4f},{k % 9}.5" for k, second in enumerate(seconds)]
    text = said(tmp_path, {"a/1.csv": "time [s],x\n" + "\n".join(lines)})
    assert "a/1.csv, line 303: the rate drifts, 96.15 Hz from this line on" in text


def test_gaps_are_counted_and_the_first_place_is_named(tmp_path):
    lines = csv_text(wave(1)).splitlines()
    del lines[20:26], lines[6:8]
    lines[3] = lines[3].split(",")[0] + ",,1"
    text = said(tmp_path, {"a/1.csv": "\n".join(lines)})
    assert "a/1.csv, line 4: 'x' is empty or NaN here, the first of 1 such cell" in text
    assert "a/1.csv: 3 samples in gaps of up to 3 interpolated" in text
    assert "a/1.csv, line 19: the recording was cut at 1 gap of more than 3 samples, first here" in text


def test_two_steps_of_very_different_length(tmp_path):
    (tmp_path / "a.csv").write_text("time,x\n0,1\n1,2\n100,3\n")
    assert [len(one) for one in read_file(tmp_path / "a.csv")] == [2, 1]


def test_milliseconds_taken_as_seconds_are_said(tmp_path):
    assert "write 'time [ms]'" in said(tmp_path, {"a/1.csv": "time,x\n0,1\n10,2\n20,4\n"})


def test_links_pipes_and_devices(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    folder_of_csv(inside)
    folder_of_csv(outside)
    os.symlink(inside / "run/anna/0.csv", inside / "walk/again.csv")
    assert len(read_recordings(inside)) == 17
    for target, sentence in ((outside / "run/anna/0.csv", "walk/bad.csv is a link out of the folder"),
                             (inside / "run", "walk/bad.csv is a link to a folder"),
                             (inside / "walk/bad.csv", "walk/bad.csv"), ("/dev/zero", "walk/bad.csv is a link out of")):
        os.symlink(target, inside / "walk/bad.csv")
        with pytest.raises(DataError, match=sentence):
            read_recordings(inside)
        os.unlink(inside / "walk/bad.csv")
    os.mkfifo(inside / "walk/pipe.csv")
    with pytest.raises(DataError, match="walk/pipe.csv must be a regular file, not a pipe"):
        read_recordings(inside)
    with pytest.raises(DataError, match="zero.csv must be a regular file, not a device"):
        os.symlink("/dev/zero", tmp_path / "zero.csv")
        read_file(tmp_path / "zero.csv")


def test_an_archive_of_equal_sequences(tmp_path):
    inputs = np.random.default_rng(1).normal(size=(6, 20, 3)).astype(np.float32)
    path = archive(tmp_path / "a.npz", inputs=inputs, labels=[0, 1, 0, 1, 0, 1], groups=[1, 1, 2, 2, 3, 3], rate_hz=50,
                   test=[False] * 4 + [True] * 2, classes=["sit", "go"], channels=["x", "y", "z"], units=["g", "g", ""])
    found = read_recordings(path)
    assert found.classes == ("sit", "go") and found.channels == ("x", "y", "z") and found.units == ("g", "g", "")
    assert found.rate_hz == 50 and found.kind is Kind.MEASURED and (found.labels == [0, 1, 0, 1, 0, 1]).all()
    assert (np.stack([recording.values for recording in found.recordings]) == inputs).all()
    assert [recording.group for recording in found.recordings] == ["1", "1", "2", "2", "3", "3"]
    assert found.recordings[4].part is Part.TEST and found.recordings[3].part is Part.TRAIN
    assert found.recordings[3].source == "a.npz, sequence 3"


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, ">i4", np.uint64, np.float16, ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_archive_of_sequences_of_several_lengths(tmp_path, dtype, order):
    inputs = np.asarray(np.arange(30).reshape(10, 3) % 100, dtype=dtype, order=order)
    found = read_recordings(archive(tmp_path / "a.npz", inputs=inputs, lengths=[3, 6, 1], labels=["b", "a", "b"]))
    assert found.lengths.tolist() == [3, 6, 1] and found.classes == ("a", "b") and found.labels.tolist() == [1, 0, 1]
    assert (np.concatenate([recording.values for recording in found.recordings]) == inputs).all()
    assert found.channels == ("channel_0", "channel_1", "channel_2")
    assert found.kind is (Kind.MEASURED if np.dtype(dtype).kind == "f" else None)


def test_a_bare_array_of_integers_is_codes(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(24, dtype=np.int8).reshape(2, 4, 3))
    np.save(tmp_path / "b.npy", np.arange(12).reshape(4, 3) / 2)
    first, second = read_file(tmp_path / "a.npy")
    assert first.kind is Kind.CODES and (second.values == np.arange(12, 24).reshape(4, 3)).all()
    assert [(one.kind, one.values.shape) for one in read_file(tmp_path / "b.npy")] == [(Kind.MEASURED, (4, 3))]


GOOD = {"inputs": np.zeros((3, 4, 2)), "labels": np.array([0, 1, 1])}


@pytest.mark.parametrize("changed, sentence", [
    ({"inputs": None}, "it lacks the array 'inputs'"),
    ({"inputs": np.zeros((3, 4))}, "inputs must be [sequences, steps, channels], or [total steps, channels] with lengths"),
    ({"inputs": np.zeros((3, 0, 2))}, "inputs must have 1 to 256 channels and 1 to"),
    ({"inputs": np.zeros((3, 4, 300))}, "inputs must have 1 to 256 channels"),
    ({"inputs": np.zeros((3, 4, 2), complex)}, "array 'inputs' must have type integers or floats"),
    ({"inputs": np.array([[["a"]]])}, "array 'inputs' must have type integers or floats"),
    ({"inputs": np.full((3, 4, 2), np.nan)}, "inputs must be finite, and sequence 0 has nan in channel 0 of step 0"),
    ({"inputs": np.full((3, 4, 2), -1e31)}, "inputs must lie within 1e+30, not reach 1e+31"),
    ({"inputs": np.full((3, 4, 2), 2**63, np.uint64)}, "inputs must be below 2**63"),
    ({"inputs": np.zeros((9, 2)), "lengths": [3, 3, 4]}, "lengths must be positive and make up the 9 steps of inputs, not 10"),
    ({"inputs": np.zeros((9, 2)), "lengths": [12, -3, 0]}, "lengths must be positive"),
    ({"inputs": np.zeros((9, 2)), "lengths": [[9]]}, "inputs must be [sequences, steps, channels]"),
    ({"labels": np.array([0, 1])}, "labels must be [3], not [2]"),
    ({"labels": np.array([0.0, 1, 1])}, "array 'labels' must have type integers or text"),
    ({"labels": np.array([0, 1, 2]), "classes": ["a", "b"]}, "labels must be 0 to 1, the 2 classes, not 2"),
    ({"labels": np.array(["a", "c", "b"]), "classes": ["a", "b"]}, "labels must be one of the classes, not 'c'"),
    ({"labels": np.array(["a", "\x1b[0m", "b"])}, "labels must be names of 1 to 100 printable characters"),
    ({"classes": ["a", "a"]}, "classes must be at most 1000 names, each once"),
    ({"channels": ["a"]}, "channels must be [2], not [1]"),
    ({"channels": ["a", "a"]}, "channels must have a name of their own each"),
    ({"groups": [1]}, "groups must be [3], not [1]"),
    ({"test": [1, 2, 0]}, "test must be [3], true or false"),
    ({"rate_hz": -1}, "rate_hz must be one number above 0"),
    ({"rate_hz": np.nan}, "rate_hz must be one number above 0"),
    ({"extra": [1]}, "array 'extra' must be one of inputs, lengths"),
])
def test_what_an_archive_must_not_hold(tmp_path, changed, sentence):
    arrays = {name: value for name, value in (GOOD | changed).items() if value is not None}
    with pytest.raises(DataError) as caught:
        read_recordings(archive(tmp_path / "a.npz", **arrays))
    assert str(caught.value).startswith(f"a.npz: {sentence}")


def test_objects_are_never_unpickled(tmp_path):
    class Boom:
        def __reduce__(self):
            return os.abort, ()

    path = tmp_path / "a.npz"
    buffer = io.BytesIO()
    np.savez(buffer, inputs=np.array([[[Boom()]]], dtype=object))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match="a.npz: array 'inputs' holds Python objects, which are never loaded"):
        read_recordings(path)


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_that_is_no_header_is_a_sentence(tmp_path, header):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("inputs.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + bytes(80))
    with pytest.raises(DataError, match="^a.npz: ") as caught:
        read_recordings(tmp_path / "a.npz")
    assert len(str(caught.value)) < 400
    with pytest.raises(ModelFileError):
        load_model(tmp_path / "a.npz")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.xlsx").write_text("")
    with pytest.raises(DataError, match="a.xlsx must be one of .csv, "):
        read_file(tmp_path / "a.xlsx")
    with pytest.raises(DataError, match="none.csv cannot be read: No such file"):
        read_recordings(tmp_path / "none.csv")
