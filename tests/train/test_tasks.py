# SPDX-License-Identifier: BSD-2-Clause
"""Every task from small files of its format: what it yields, that its parts share nothing, and what it says of bad files."""

import io
import lzma
import shutil

import numpy as np
import pytest

from hadam_hw.errors import DataError
from hadam_hw.input import Encoding, Input, Law, ReferenceChannel
from hadam_hw.layer import InputFormat
from hadam_hw.train.data import read_npz_xz
from hadam_hw.train.tasks import TASKS, load_task
from hadam_hw.train.tasks.task import Pictures, Sequences
from hadam_hw.train.tasks.worn import Triad, Worn, triads
from tests.train import task_files

NAMES = [name if name != "copy" else "copy:12:10" for name in TASKS]
FILES = sorted({
    "pmnist": "mnist/train-images-idx3-ubyte.gz", "fashion": "fashion-mnist/t10k-labels-idx1-ubyte.xz",
    "har": "uci_har/uci_har_int16.npz.xz", "dsa-random": "dsa19/dsa19_q16.npz.xz", "imdb": "imdb/imdb_test_ids.npz.xz",
    "sst2": "sst2/sst2_bert_uncased_ids.npz.xz", "qqp": "qqp/dev.tsv.xz", "ecg": "ecg/ecg5000.npz.xz",
    "digits": "fsdd/fsdd_8khz_int16.npz.xz", "keywords": "speech_commands/sc12_logmel_u8.npz.xz"}.items())
ARRAYS = [entry for entry in FILES if entry[1].endswith(".npz.xz")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All data files, small."""
    return task_files.write_all(tmp_path_factory.mktemp("tasks"))


def shared(*parts):
    """Sequences that are in two of the ``parts``."""
    seen, twice = set(), 0
    for part in parts:
        own = {row.tobytes() for row in part.inputs}
        twice += len(seen & own)
        seen |= own
    return twice


def marks(part):
    """The values of the first channel at the first step: whose the sequences are."""
    return set(part.inputs[:, 0, 0].tolist())


@pytest.mark.parametrize("name", NAMES)
def test_parts_are_of_the_declared_form_and_share_nothing(name, folder):
    task = load_task(name, folder)
    assert task.name == name and task.split and task.every_step == name.startswith("copy")
    for part in (task.train, task.validation, task.test):
        inputs, labels = part.inputs, part.labels
        assert inputs.ndim == 3 and inputs.dtype.itemsize == (4 if task.vocabulary else 1)
        assert labels.dtype == np.int64 and labels.shape == inputs.shape[:2 if task.every_step else 1]
        assert labels.min() >= 0 and labels.max() < len(task.classes)
        low, high = (task.format.minimum, task.format.maximum) if task.format else (0, task.vocabulary - 1)
        assert inputs.min() >= low and inputs.max() <= high
        assert task.format is None or inputs.shape[2] == task.format.size
    assert bool(task.vocabulary) == (task.format is None)
    if name != "qqp":  # its first rows stand in both of its files
        assert shared(task.train, task.validation, task.test) == 0


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("sst2", "sst2-post", "copy:12:10")])
def test_the_seed_moves_validation_and_never_the_test_set(name, folder):
    one, again, *others = (load_task(name, folder, seed) for seed in (0, 0, 1, 2, 3))
    assert np.array_equal(one.train.inputs, again.train.inputs) and np.array_equal(one.train.labels, again.train.labels)
    for other in others:
        assert np.array_equal(one.test.inputs, other.test.inputs) and np.array_equal(one.test.labels, other.test.labels)
    assert any(not np.array_equal(one.validation.inputs, other.validation.inputs) for other in others)


def test_a_sequence_in_two_parts_is_seen(folder):
    task = load_task("ecg", folder)
    assert shared(task.train, task.test, task.train) == len(task.train)


@pytest.mark.parametrize(("name", "voices"), [("har", 8), ("har2", 8), ("dsa-persons", 8), ("keywords", 10)])
def test_nobody_is_in_two_parts(name, voices, folder):
    task = load_task(name, folder)
    train, validation, test = (marks(part) for part in (task.train, task.validation, task.test))
    if name == "keywords":  # silence is nobody's
        silence = train & validation & test
        assert len(silence) == 1
        train, validation, test = train - silence, validation - silence, test - silence
    assert not train & validation and not (train | validation) & test
    assert len(train | validation | test) == voices and validation and test


@pytest.mark.parametrize("persons", [(1, 2, 3, 4), (2, 5, 6, 8), (3, 8), (1, 2, 3, 4, 5, 6, 7)])
def test_dsa_trains_on_the_persons_that_are_named(persons, folder):
    task = load_task(":".join(["dsa-persons", *map(str, persons)]), folder)
    assert set(task.train.groups.tolist()) | set(task.validation.groups.tolist()) == set(persons)
    assert len(task.train) + len(task.validation) == 6 * len(persons) and len(task.test) == 48 - 6 * len(persons)
    if persons == (1, 2, 3, 4):
        usual = load_task("dsa-persons", folder)
        assert np.array_equal(task.test.inputs, usual.test.inputs) and task.split == usual.split


@pytest.mark.parametrize("name", ["dsa-persons:1", "dsa-persons:2:1", "dsa-persons:1:1:2", "dsa-persons:1:9",
                                  "dsa-persons:1:2:3:4:5:6:7:8", "dsa-persons:1:x", "dsa-random:1:2", "copy:1:2:3"])
def test_persons_and_numbers_that_there_are_not(name, folder):
    with pytest.raises(DataError, match="must be"):
        load_task(name, folder)


def test_the_random_half_has_the_same_persons_on_both_sides(folder):
    task = load_task("dsa-random", folder)
    assert len(marks(task.train) & marks(task.test)) > 4 and len(task.test) == 24 == len(task.train) + len(task.validation)


def test_har2_are_fastgrnns_two_classes(folder):
    six, two = load_task("har", folder), load_task("har2", folder)
    low = {"sitting", "laying", "walking_upstairs"}
    assert set(six.test.labels.tolist()) >= {0, 1, 2, 5}
    for of_six, of_two in zip(six.test.labels, two.test.labels):
        assert of_two == (six.classes[of_six] not in low)
    assert np.array_equal(six.train.inputs, two.train.inputs) and np.array_equal(six.train.follows, two.train.follows)


@pytest.mark.parametrize("name", ["har", "har2"])
def test_companding_enlarges_small_motion_alone(name, folder):
    plain, companded = load_task(name, folder), load_task(f"{name}-mu", folder)
    assert companded.scale == plain.scale / 2 == 1 / 48
    for one, other in ((plain.train, companded.train), (plain.test, companded.test)):
        assert np.array_equal(one.labels, other.labels)
        x, motion = one.inputs * plain.scale, other.inputs[..., :6] * companded.scale
        assert np.abs(np.clip(x[..., 6:], -128 / 48, 127 / 48) - other.inputs[..., 6:] * companded.scale).max() < 1 / 30
        expected = np.sign(x[..., :6]) * np.log1p(255 * np.abs(x[..., :6])) / np.log1p(255)
        assert np.abs(expected - motion)[np.abs(x[..., :6]) > 0.5].max() < 0.04
        assert len(np.unique(motion[np.abs(x[..., :6]) < 0.05])) > 10 * len(np.unique(x[np.abs(x) < 0.05]))


def test_dsas_gyroscopes_are_companded(folder):
    plain, companded = load_task("dsa-persons", folder), load_task("dsa-persons-mu", folder)
    assert companded.scale == plain.scale / 2 == 1 / 48
    assert [channel.law is Law.MU_LAW for channel in companded.input.channels] == [k // 3 % 3 == 1 for k in range(45)]
    assert np.array_equal(plain.test.labels, companded.test.labels)
    named = [load_task(f"{name}:2:3", folder).train.labels for name in ("dsa-persons", "dsa-persons-mu")]
    assert np.array_equal(*named)


def input_of(mean, deviation, laws, steps, names=None):
    """The input of channels with those means and deviations."""
    return Input(InputFormat(len(laws), 8, True), [
        ReferenceChannel(name=names[k] if names else f"channel_{k}", law=law, offset=mean[k], scale=deviation[k], steps=steps)
        for k, law in enumerate(laws)])


def test_what_was_measured_is_told_by_companded_integers():
    rng = np.random.default_rng(0)
    mean, deviation = np.array([3.0, -2.0]), np.array([0.5, 4.0])
    source = input_of(mean, deviation, ["mu-law", "linear"], 48)
    numbers = rng.normal(size=(1000, 2)) * deviation * 10.0**rng.uniform(-2, 0, (1000, 1)) + mean
    back = (source.measured(source.codes(numbers)) - mean) / deviation
    scaled = (numbers - mean) / deviation
    assert np.all(np.abs(back - scaled)[:, 0] <= 0.06 * np.abs(scaled[:, 0]) + 1e-3)  # half of a step of ln(256) / 48
    assert np.abs(back - np.clip(scaled, -128 / 48, 127 / 48))[:, 1].max() <= 0.5 / 48 + 1e-12


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("har", "dsa", "ecg", "digits"))])
def test_the_tasks_input_makes_its_integers_of_what_was_measured(name, folder):
    task = load_task(name, folder)
    wanted = Encoding.INTEGER if name == "digits-bank" else Encoding.REFERENCE
    assert task.input.format == task.format and task.input.encoding is wanted
    assert task.input.source and task.input.licence
    assert np.array_equal(np.stack([task.input.encode(one) for one in task.measured()]), task.test.inputs)


def test_measured_numbers_are_in_their_units(folder):
    counts = read_npz_xz(folder / "uci_har/uci_har_int16.npz.xz", X_test=3)["X_test"]
    har = load_task("har-mu", folder)
    assert [(source.name, source.unit) for source in har.input.sources][2:4] == [("body_acc_z", "g"), ("body_gyro_x", "rad/s")]
    assert np.array_equal(har.measured()[..., 2:4] * [8192, 4096], counts[..., 2:4])
    arrays = read_npz_xz(folder / "dsa19/dsa19_q16.npz.xz", dq=3, person=1)
    names = [source.name for source in load_task("dsa-persons", folder).input.sources]
    assert names[:4] + names[-1:] == ["torso_acc_x", "torso_acc_y", "torso_acc_z", "torso_gyro_x", "left_leg_mag_z"]
    measured = load_task("dsa-persons", folder).measured()
    counts = np.cumsum(arrays["dq"][:, arrays["person"] > 4], axis=2, dtype=np.int16)
    assert np.allclose(measured[..., [0, 3, 44]], counts[[0, 3, 44]].transpose(1, 2, 0) * [0.2, 0.05, 0.02])


def test_windows_are_cut_anew_only_where_one_goes_on(folder):
    train = load_task("har", folder).train
    assert train.follows.sum() == 3 * len(train) // 4
    drawn = train.batch(np.arange(len(train)), np.random.default_rng(0))
    for k in np.flatnonzero(train.follows):
        both = np.concatenate([train.inputs[k], train.inputs[k + 1, 64:]])
        assert any(np.array_equal(drawn[k], both[start:start + 128]) for start in range(64))
    assert (drawn != train.inputs).any()
    ends = np.flatnonzero(~train.follows)
    assert np.array_equal(drawn[ends], train.inputs[ends])


def test_integers_are_the_training_parts_deviations_and_differences_add_up(folder):
    values, person = task_files.dsa_values(np.random.default_rng(1))
    changed = task_files.dsa_arrays(np.random.default_rng(1))
    target = folder.parent / "sums"
    task_files.write_npz_xz(target / "dsa19/dsa19_q16.npz.xz", changed)
    task = load_task("dsa-persons", target)
    train = values[2, person <= 4].astype(float)
    expected = np.clip(np.rint((values[2, person > 4] - train.mean()) / train.std() * 24), -128, 127)
    assert np.array_equal(task.test.inputs[:, :, 2], expected) and task.scale == 1 / 24


def test_imdb_keeps_the_last_500_of_10000_words(folder):
    arrays = read_npz_xz(folder / "imdb/imdb_test_ids.npz.xz", ids_lo=1, offset=1)
    test = load_task("imdb", folder).test
    for k, row in enumerate(test.inputs[:, :, 0]):
        words = arrays["ids_lo"][arrays["offset"][k]:arrays["offset"][k + 1]].astype(int)
        words[-2:] = 2  # 10,000 and 65,543 are not among the first 10,000
        assert np.array_equal(row, np.concatenate([np.zeros(500, int), words])[-500:])


def test_words_come_last_unless_asked_otherwise(folder):
    before, behind = load_task("sst2", folder), load_task("sst2-post", folder)
    assert before.test.inputs.shape == (8, 128, 1)
    for one, other in zip(before.test.inputs[:, :, 0], behind.test.inputs[:, :, 0]):
        length = int((one > 0).sum())
        assert 3 <= length < 9 and not one[:-length].any() and not other[length:].any()
        assert np.array_equal(one[-length:], other[:length])


def test_qqp_is_cut_into_word_pieces(folder):
    task = load_task("qqp", folder)
    assert len(task.test) == 6 and len(task.train) + len(task.validation) == 43  # two rows of each file are broken
    you, is_, it = (task_files.VOCABULARY.index(word) for word in ("you", "is", "it"))
    assert task.test.inputs[0, -15:, 0].tolist() == [0, 2, 4, 5, 6, you, 8, 3, is_, it, 9, 10, 11, 8, 3]
    assert task.test.inputs[2, :, 0].tolist() == [2, *[you] * 63, 3, *[it] * 62, 3]  # 128 of 203, the longer question cut first
    assert task.test.labels[:3].tolist() == [0, 1, 0]


def test_digits_end_with_the_clip_and_keep_the_loudest_of_a_long_one(folder):
    task = load_task("digits", folder)
    assert task.test.inputs.shape == (20, 80, 32) and len(task.validation) == 4
    counts = [int(row.any(axis=1).sum()) for row in task.test.inputs]
    assert min(counts) < 40 and all(row[-count:].any(axis=1).all() for row, count in zip(task.test.inputs, counts))
    longest = max((row for part in (task.train, task.validation) for row in part.inputs), key=lambda row: row.any(axis=1).sum())
    assert longest.any(axis=1).all() and longest.mean(axis=1).min() > -20  # not the frames that are 40 dB lower


@pytest.mark.parametrize(("name", "file"), FILES)
def test_missing_or_damaged_files_are_one_sentence_that_names_them(name, file, folder, tmp_path, monkeypatch):
    copy = tmp_path / "data"
    shutil.copytree(folder, copy)
    content = (copy / file).read_bytes()
    for damaged in (content[:len(content) // 2], b"", b"<html>not found</html>",
                    lzma.compress(b"PK\x03\x04 no archive") if file.endswith("xz") else content[:-30]):
        (copy / file).write_bytes(damaged)
        with pytest.raises(DataError, match=file) as caught:
            load_task(name, copy)
        assert "\n" not in str(caught.value)
    (copy / file).unlink()
    monkeypatch.setattr("urllib.request.urlopen", _offline)
    with pytest.raises(DataError, match=rf"{file.removesuffix('.xz')}.* is missing"):
        load_task(name, copy)


def _offline(*_, **__):
    raise OSError("no network")


@pytest.mark.parametrize(("name", "file"), ARRAYS)
def test_an_array_that_is_absent_or_short_is_told(name, file, folder, tmp_path):
    with np.load(io.BytesIO(lzma.decompress((folder / file).read_bytes()))) as archive:
        arrays = dict(archive)
    needed = next(key for key in ("y_train", "activity", "y", "train_y", "abnormal", "label") if key in arrays)
    for broken in ({key: value for key, value in arrays.items() if key != needed}, arrays | {needed: arrays[needed][:-1]},
                   arrays | {needed: arrays[needed] + np.uint8(200)}):
        if name == "imdb":
            shutil.copytree(folder / "imdb", tmp_path / "imdb", dirs_exist_ok=True)
        task_files.write_npz_xz(tmp_path / file, broken)
        with pytest.raises(DataError):
            load_task(name, tmp_path)


@pytest.mark.parametrize(("name", "file", "key", "axis", "words"), [
    ("har", "uci_har/uci_har_int16.npz.xz", "X_test", 2, "must hold 9 channels, not 8"),
    ("dsa-persons", "dsa19/dsa19_q16.npz.xz", "dq", 0, "must hold 45 channels, not 44"),
    ("keywords", "speech_commands/sc12_logmel_u8.npz.xz", "X", 2, "must hold 32 channels, not 31")])
def test_a_channel_less_is_told(name, file, key, axis, words, folder, tmp_path):
    with np.load(io.BytesIO(lzma.decompress((folder / file).read_bytes()))) as archive:
        arrays = dict(archive)
    task_files.write_npz_xz(tmp_path / file, arrays | {key: np.delete(arrays[key], 0, axis)})
    with pytest.raises(DataError, match=words):
        load_task(name, tmp_path)


def test_a_table_that_is_not_qqps_is_told(folder, tmp_path):
    shutil.copytree(folder / "sst2", tmp_path / "sst2")
    (tmp_path / "qqp").mkdir()
    (tmp_path / "qqp/train.tsv").write_text("sentence\tlabel\nfine\t1\n")
    with pytest.raises(DataError, match="must be GLUE's table with the columns id, qid1"):
        load_task("qqp", tmp_path)


@pytest.mark.parametrize(("name", "words"), [
    ("mnist", "must be one of copy, digits"), ("har:3", "a name alone"), ("copy:1:2:3", "a name alone"),
    ("copy:-1", "a name alone"), ("copy:0", "1 to"), ("copy:10:2000", "1 to")])
def test_a_name_that_is_no_task_is_told(name, words, tmp_path):
    with pytest.raises(DataError, match=words):
        load_task(name, tmp_path)


def test_pictures_move_as_pictures_whatever_the_order_of_their_pixels():
    picture = np.arange(1, 13, dtype=np.uint8).reshape(1, 12, 1)  # 3 rows of 4
    order = np.random.default_rng(0).permutation(12)
    rows = Pictures(picture, np.zeros(1, np.int64), rows=3, order=np.arange(12))
    permuted = Pictures(picture[:, order], np.zeros(1, np.int64), rows=3, order=order)
    seen = set()
    for seed in range(40):
        moved = rows.moved(rows.inputs, 1, np.random.default_rng(seed))
        other = permuted.moved(permuted.inputs, 1, np.random.default_rng(seed))
        assert np.array_equal(moved[:, order], other)
        seen.add(moved.tobytes())
    down = np.array([[0, 0, 0, 0], [1, 2, 3, 4], [5, 6, 7, 8]], np.uint8)
    left = np.array([[2, 3, 4, 0], [6, 7, 8, 0], [10, 11, 12, 0]], np.uint8)
    assert {down.tobytes(), left.tobytes(), picture.tobytes()} <= seen and len(seen) == 9


def test_pictures_warp_about_their_middle_whatever_the_order_of_their_pixels():
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (3, 30, 1)).astype(np.uint8)  # 5 rows of 6
    order = rng.permutation(30)
    rows = Pictures(pictures, np.zeros(3, np.int64), rows=5, order=np.arange(30))
    permuted = Pictures(pictures[:, order], np.zeros(3, np.int64), rows=5, order=order)
    assert np.array_equal(rows.warped(rows.inputs, 0.0, rng), rows.inputs)
    for seed in range(20):
        warped = rows.warped(rows.inputs, 0.3, np.random.default_rng(seed))
        other = permuted.warped(permuted.inputs, 0.3, np.random.default_rng(seed))
        assert np.array_equal(warped[:, order], other) and warped.dtype == np.uint8
        matrices = np.eye(2) + 0.3 * np.random.default_rng(seed).normal(size=(3, 2, 2))
        for picture, matrix, result in zip(pictures.reshape(3, 5, 6), matrices, warped.reshape(3, 5, 6), strict=True):
            for row, column in ((2, 3), (0, 0), (4, 1)):
                y, x = matrix @ [row - 2, column - 2.5] + [2, 2.5]
                around = [(j, k) for j in range(5) for k in range(6) if abs(y - j) < 1 and abs(x - k) < 1]
                value = sum(picture[j, k] * (1 - abs(y - j)) * (1 - abs(x - k)) for j, k in around)
                assert abs(int(result[row, column]) - value) < 0.51


def test_sequences_are_stretched_about_their_middle_and_mirrored_at_their_ends():
    rng = np.random.default_rng(2)
    inputs = rng.integers(-100, 101, (50, 9, 2)).astype(np.int8)
    sequences = Sequences(inputs, np.zeros(50, np.int64))
    assert np.array_equal(sequences.stretched(inputs, 0.0, rng), inputs)
    stretched = sequences.stretched(inputs, 0.4, np.random.default_rng(7))
    factors = 1 + 0.4 * np.random.default_rng(7).normal(size=50)
    longer = np.concatenate([inputs[:, :0:-1], inputs, inputs[:, -2::-1]], axis=1)  # steps -8 to 16
    for sequence, factor, result in zip(longer, factors, stretched, strict=True):
        places = (np.arange(9) - 4) * factor + 4
        expected = np.stack([np.interp(places, np.arange(-8, 17), channel) for channel in sequence.T], axis=1)
        assert np.abs(result - expected).max() < 0.51
    one = np.array([[[5]]])
    assert np.array_equal(Sequences(one, np.zeros(1, np.int64)).stretched(one, 0.5, rng), one)


def test_pictures_are_not_stretched():
    pictures = Pictures(np.zeros((1, 12, 1), np.uint8), np.zeros(1, np.int64), rows=3, order=np.arange(12))
    with pytest.raises(DataError, match="stretch must be 0 where sequences are pictures"):
        pictures.stretched(pictures.inputs, 0.1, np.random.default_rng(0))


def test_only_pictures_can_be_warped(folder):
    task = load_task("digits", folder)
    with pytest.raises(DataError, match="warp must be 0 but for the tasks smnist"):
        task.train.warped(task.train.inputs, 0.1, np.random.default_rng(0))


def test_sequences_move_in_time():
    sequences = Sequences(np.arange(1, 11).reshape(1, 5, 2), np.zeros(1, np.int64))
    seen = {sequences.moved(sequences.inputs, 2, np.random.default_rng(seed))[0, :, 0].tobytes() for seed in range(40)}
    assert seen == {np.array(values).tobytes() for values in (
        [1, 3, 5, 7, 9], [0, 1, 3, 5, 7], [0, 0, 1, 3, 5], [3, 5, 7, 9, 0], [5, 7, 9, 0, 0])}


def test_worn_units_turn_as_a_whole_in_what_was_measured():
    rng = np.random.default_rng(3)
    names = [f"{place}_{sensor}_{axis}" for place in ("wrist", "hip") for sensor in ("acc", "gyro", "mag") for axis in "xyz"]
    source = input_of(rng.normal(size=18), rng.uniform(1, 3, 18), ["linear"] * 18, 24, names)
    inputs = rng.integers(-50, 51, (4, 6, 18)).astype(np.int8)
    worn = Worn(inputs, np.zeros(4, dtype=np.int64), source=source)
    assert np.array_equal(worn.turned(inputs, 0.0, rng), inputs)
    turned = worn.turned(inputs, 40.0, rng)
    assert turned.dtype == np.int8 and np.abs(turned.astype(int)).max() < 127  # nothing was cut off, so lengths are kept
    before, after = (source.measured(these).reshape(4, 6, 2, 3, 3) for these in (inputs, turned))
    lengths = [np.linalg.norm(these, axis=-1) for these in (before, after)]
    assert np.abs(lengths[0] - lengths[1]).max() < 0.2 and np.abs(before - after).max() > 2
    angles = []
    for unit in range(8):  # one turn a sequence and unit: a rotation that takes all its vectors from before to after
        old, new = (these[unit // 2, :, unit % 2].reshape(-1, 3) for these in (before, after))
        fit = np.linalg.lstsq(old, new, rcond=None)[0]
        assert np.abs(fit @ fit.T - np.eye(3)).max() < 0.05 and np.abs(old @ fit - new).max() < 0.2
        assert np.linalg.det(fit) > 0.9
        angles.append(np.arccos(np.clip((np.trace(fit) - 1) / 2, -1, 1)))
    assert len(set(np.round(angles, 1))) > 4


@pytest.mark.parametrize(("names", "found"), [
    (["acc_x", "acc_y", "acc_z", "temperature"], [("", (0, 1, 2))]),
    (["gz", "az", "gx", "ax", "gy", "ay"], [("", (2, 4, 0)), ("", (3, 5, 1))]),
    (["LeftArm Acc X", "LeftArm Acc Y", "LeftArm Acc Z"], [("leftarm", (0, 1, 2))]),
    (["x", "y", "z"], [("", (0, 1, 2))]),
    ([f"{kind}_acc_{axis}" for kind in ("body", "total") for axis in "xyz"], [("", (0, 1, 2)), ("", (3, 4, 5))]),
    (["imu1.gyro.x", "imu1.gyro.y", "imu1.gyro.z", "imu2.gyro.x"], [("1", (0, 1, 2))]),
    (["acc_x", "acc_y", "max", "may"], []), (["acc_x", "acc_y", "acc_z", "acc-x"], []), ([], []),
])
def test_axes_of_a_sensor_are_known_by_their_names(names, found):
    assert triads(names) == tuple(Triad(*one) for one in found)


def test_axes_of_a_sensor_are_of_one_unit_and_other_channels_stay():
    assert triads(["a_x", "a_y", "a_z"], ["g", "g", "deg"]) == ()
    source = input_of(np.zeros(4), np.ones(4), ["linear"] * 4, 24, ["acc_x", "light", "acc_y", "acc_z"])
    inputs = np.random.default_rng(1).integers(-50, 51, (5, 7, 4)).astype(np.int8)
    turned = Worn(inputs, np.zeros(5, np.int64), source=source).turned(inputs, 30.0, np.random.default_rng(2))
    assert np.array_equal(turned[..., 1], inputs[..., 1]) and (turned != inputs)[..., [0, 2, 3]].any(axis=(0, 1)).all()


def test_only_worn_units_can_be_turned(folder):
    for name in ("har", "har2", "har-mu", "har2-mu", "dsa-random", "dsa-persons"):
        assert isinstance(load_task(name, folder).train, Worn)
    task = load_task("digits", folder)
    with pytest.raises(DataError, match="turn must be 0 but where three channels are a worn sensor's axes"):
        task.train.turned(task.train.inputs, 5.0, np.random.default_rng(0))
