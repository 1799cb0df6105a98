# SPDX-License-Identifier: BSD-2-Clause
"""A split deals out groups, or files where there are none, never windows; the same seed deals the same."""

import re

import numpy as np
import pytest

from hadam_hw.errors import DataError
from hadam_hw.recordings import Part, Recording, RecordingSet, Shares, SplitBy, folds, split

CLASSES = ("a", "b", "c")


def made(entries, steps=10):
    """A set of (label, group, source, part)."""
    recordings = tuple(Recording(np.full((steps, 1), k), ("x",), ("",), 100.0, label, group, part, source, None)
                       for k, (label, group, source, part) in enumerate(entries))
    return RecordingSet(recordings, ("x",), ("",), 100.0, CLASSES)


def by_group(rng, groups=12, each=9):
    """A set of groups that have each class about as often."""
    return made([(CLASSES[rng.integers(3)], f"g{g}", f"{g}.{k}", None) for g in range(groups) for k in range(each)])


def sides(found, unit):
    """The parts in which each unit is."""
    parts = {}
    for recording, part in zip(found.recordings.recordings, found.parts, strict=True):
        parts.setdefault(unit(recording), set()).add(part)
    return list(parts.values())


@pytest.mark.parametrize("seed", range(12))
def test_no_group_is_on_two_sides_and_each_part_has_its_share(seed):
    found = split(by_group(np.random.default_rng(seed)), seed)
    assert found.by is SplitBy.GROUP and all(len(parts) == 1 for parts in sides(found, lambda one: one.group))
    sizes = [len(found.indices(part)) for part in Part]
    assert 54 <= sizes[0] <= 81 and 9 <= sizes[1] <= 27 and 9 <= sizes[2] <= 36
    assert found.warnings == ()


def test_without_groups_a_file_is_a_unit_and_the_leak_is_said():
    entries = [(CLASSES[k % 3], None, f"{k // 2}.csv" if k % 3 else f"{k}.csv", None) for k in range(90)]
    found = split(made(entries), 3)
    assert found.by is SplitBy.FILE and all(len(parts) == 1 for parts in sides(found, lambda one: one.source))
    assert "neighboring windows are on both sides" in found.warnings[0]


def test_windows_are_cut_after_the_split():
    found = split(by_group(np.random.default_rng(1), groups=6), 1)
    train, test = (found.part(part).windows(4, 2) for part in (Part.TRAIN, Part.TEST))
    assert {len(one) for one in train.recordings} == {4} and len(train) == 4 * len(found.indices(Part.TRAIN))
    assert not {one.group for one in train.recordings} & {one.group for one in test.recordings}
    assert [one.start for one in train.recordings[:4]] == [0, 2, 4, 6]
    assert train.recordings[3].label == found.part(Part.TRAIN).recordings[0].label


def test_a_recording_shorter_than_a_window_stays():
    assert made([("a", None, "a", None)]).windows(20, 5).lengths.tolist() == [10]


def test_the_seed_decides():
    recordings = by_group(np.random.default_rng(5))
    assert split(recordings, 1).parts == split(recordings, 1).parts
    assert len({split(recordings, seed).parts for seed in range(6)}) > 1


@pytest.mark.parametrize("seed", range(6))
def test_a_rare_class_is_on_every_side(seed):
    entries = [("a", None, f"a{k}", None) for k in range(60)] + [("b", None, f"b{k}", None) for k in range(6)]
    entries += [("c", None, f"c{k}", None) for k in range(3)]
    found = split(made(entries), seed)
    for part in Part:
        assert {found.recordings.recordings[k].label for k in found.indices(part)} == {"a", "b", "c"}


def test_parts_that_are_given_are_obeyed():
    entries = [(CLASSES[k % 3], f"g{k % 7}", f"{k}", Part.TEST if k % 7 == 2 else Part.TRAIN) for k in range(63)]
    found = split(made(entries))
    assert [k % 7 == 2 for k in range(63)] == [part is Part.TEST for part in found.parts]
    assert len(found.indices(Part.VALIDATION)) and found.by is SplitBy.GROUP
    entries = [(label, group, source, Part.VALIDATION if group == "g3" else part) for label, group, source, part in entries]
    assert split(made(entries)).by is SplitBy.GIVEN


def test_a_group_that_the_files_put_on_both_sides_is_said():
    entries = [(CLASSES[k % 3], f"g{k % 7}", f"{k}", Part.TEST if k % 2 else Part.TRAIN) for k in range(63)]
    assert "the files put 7 groups into more than one of train, validation and test" in split(made(entries)).warnings[0]


def test_a_part_without_a_class_is_said():
    entries = [("abc"[k // 9], f"g{k // 9}{k % 2}" if k < 18 else "one", f"{k}", None) for k in range(27)]
    assert re.search("the test part has no recording of (a, |b, )?c", " ".join(split(made(entries)).warnings))


@pytest.mark.parametrize("entries, sentence", [
    ([("a", None, "1", None), ("a", None, "2", None)], "Recordings must be of two classes or more, and all 2 are 'a'"),
    ([("a", None, "1", None), (None, None, "2", None)], "2 must have a label to be trained on"),
    ([("a", "g", "1", None), ("b", "g", "2", None)], "Recordings must come in two groups or files or more to hold out a part"),
])
def test_what_cannot_be_split(entries, sentence):
    with pytest.raises(DataError, match=sentence):
        split(made(entries))


@pytest.mark.parametrize("shares", [(0.5, 0.5), (-0.1, 0.2), (float("nan"), 0.1)])
def test_shares_leave_something_to_train_on(shares):
    with pytest.raises(DataError, match="validation and test must be shares"):
        Shares(*shares)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [2, 5, 12])
def test_folds_hold_each_group_out_once(seed, count):
    recordings = by_group(np.random.default_rng(seed))
    found = folds(recordings, count, seed)
    held = [{one.group for one in validation.recordings} for _, validation in found]
    assert sum(map(len, held)) == 12 and len(set().union(*held)) == 12 and min(map(len, held)) >= 1
    for train, validation in found:
        assert not {one.group for one in train.recordings} & {one.group for one in validation.recordings}
        assert len(train) + len(validation) == len(recordings)


def test_more_folds_than_groups_are_refused():
    with pytest.raises(DataError, match="folds must be between 2 and the 12 groups of the recordings, not 13"):
        folds(by_group(np.random.default_rng(1)), 13)
