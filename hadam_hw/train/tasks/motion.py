# SPDX-License-Identifier: BSD-2-Clause
"""Worn sensors: UCI HAR in six classes or FastGRNN's two, and the Daily and Sports Activities of eight persons."""

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.input import Encoding, Input, Law, ReferenceChannel
from hadam_hw.input.channel import COMPANDED_STEPS, STEPS
from hadam_hw.layer import InputFormat
from hadam_hw.train.data import check_channels, check_rows, fetch, read_npz_xz
from hadam_hw.train.tasks.task import Sequences, Task
from hadam_hw.train.tasks.worn import Worn

HAR_CLASSES = ("walking", "walking_upstairs", "walking_downstairs", "sitting", "standing", "laying")
#: FastGRNN (NeurIPS 2018, appendix B): sitting, laying and walking upstairs against the rest. Which is called 0 is our choice.
HAR2_CLASSES = ("sitting_laying_upstairs", "standing_walking_downstairs")
HAR2_OF_HAR = np.array([1, 0, 1, 0, 1, 0])
DSA_CLASSES = (
    "sitting", "standing", "lying_on_back", "lying_on_side", "ascending_stairs", "descending_stairs", "standing_in_elevator",
    "moving_in_elevator", "walking_in_parking_lot", "walking_on_treadmill", "walking_on_inclined_treadmill",
    "running_on_treadmill", "stepper", "cross_trainer", "cycling_horizontally", "cycling_upright", "rowing", "jumping",
    "playing_basketball")
#: Which half of the segments is the test set of ``dsa-random`` does not depend on the training's seed.
DSA_HALF_SEED = 4560
#: The training part of ``dsa-persons``, unless others are named.
DSA_TRAIN_PERSONS = (1, 2, 3, 4)
DSA_VALIDATION_PART = 10
#: The channels of UCI HAR, their units, and counts of its file to the unit.
HAR_CHANNELS = tuple(f"{sensor}_{axis}" for sensor in ("body_acc", "body_gyro", "total_acc") for axis in "xyz")
HAR_UNITS = ("g",) * 3 + ("rad/s",) * 3 + ("g",) * 3
HAR_COUNTS = np.array([8192.0] * 3 + [4096.0] * 3 + [8192.0] * 3)
HAR_HZ = 50
HAR_ORIGIN = dict(source="UCI HAR: Human Activity Recognition Using Smartphones (Anguita et al., IWAAL 2012)",
                  licence="any commercial use is prohibited (README of the data set)")
#: The channels of Daily and Sports Activities: torso, arms and legs, with the unit of each sensor and its step in the file.
DSA_CHANNELS = tuple(f"{place}_{sensor}_{axis}" for place in ("torso", "right_arm", "left_arm", "right_leg", "left_leg")
                     for sensor in ("acc", "gyro", "mag") for axis in "xyz")
DSA_SENSORS = {"acc": ("m/s2", 0.2), "gyro": ("rad/s", 0.05), "mag": ("of the earth's field", 0.02)}
DSA_HZ = 25
DSA_ORIGIN = dict(source="UCI Daily and Sports Activities (Altun, Barshan and Tuncel, 2010)",
                  licence="not stated where it was taken from; ask the UCI repository")
#: Of UCI HAR, those of the body's acceleration and of the gyroscope, which are 0 in a body at rest.
MOTION = 6


def load_har(name, folder, rng, group=None, companded=False):
    """UCI HAR: nine channels of 128 steps at 50 Hz; ``group[class]`` are the classes where they are not the six.

    ``companded``: the six channels of motion by the mu-law, so that who stands and who sits differ by how they sway.
    """
    path = fetch(folder, "uci_har/uci_har_int16.npz.xz")
    arrays = read_npz_xz(path, X_train=3, y_train=1, subject_train=1, X_test=3, y_test=1)
    check_rows(path, *(arrays[name] for name in ("X_train", "y_train", "subject_train")))
    check_rows(path, arrays["X_test"], arrays["y_test"])
    check_channels(path, len(HAR_CHANNELS), arrays["X_train"].shape[2], arrays["X_test"].shape[2])
    labels = {part: arrays[f"y_{part}"].astype(np.int64) for part in ("train", "test")}
    if group is not None:
        labels = {part: group[classes] for part, classes in labels.items()}
    measured = {part: arrays[f"X_{part}"] / HAR_COUNTS for part in ("train", "test")}
    steps = arrays["X_train"].shape[1]
    source = Input.fit(measured["train"], channels=HAR_CHANNELS, units=HAR_UNITS, encoding=Encoding.REFERENCE,
                       companded=HAR_CHANNELS[:MOTION] if companded else (), rate_hz=HAR_HZ, window=steps, hop=steps // 2,
                       **HAR_ORIGIN)
    people = rng.permutation(np.unique(arrays["subject_train"]))
    kept = np.isin(arrays["subject_train"], people[:max(1, len(people) // 5)])

    def part(chosen):
        inputs = source.codes(measured["train"][chosen], np.int8)
        half = inputs.shape[1] // 2
        follows = np.array([k + 1 < len(inputs) and np.array_equal(inputs[k, half:], inputs[k + 1, :half])
                            for k in range(len(inputs))])
        return Worn(inputs, labels["train"][chosen], follows, arrays["subject_train"][chosen], source=source)

    return Task(name, part(~kept), part(kept), Sequences(source.codes(measured["test"], np.int8), labels["test"]),
                source.format, 1 / (COMPANDED_STEPS if companded else STEPS), HAR_CLASSES if group is None else HAR2_CLASSES,
                "official test set, nine unseen persons; validation on a fifth of the training persons", input=source,
                measured=lambda: measured["test"])


def load_har2(name, folder, rng, companded=False):
    """UCI HAR in the two classes of FastGRNN's HAR-2."""
    return load_har(name, folder, rng, HAR2_OF_HAR, companded)


def load_dsa_persons(name, folder, rng, *persons, companded=False):
    """Daily and Sports Activities, tested on persons that training has not seen: trained on ``persons``, or the first four.

    ``companded``: the channels of the gyroscopes by the mu-law.

    Raises
    ------
    DataError
        If these are not some, and not all, of the persons that there are, in ascending order.
    """
    arrays, persons = _dsa(folder), persons or DSA_TRAIN_PERSONS
    known = np.unique(arrays["person"]).tolist()
    if len(persons) < 2 or list(persons) != sorted(set(persons) & set(known)) or len(persons) == len(known):
        raise DataError(f"Training persons of dsa-persons must be two or more of {', '.join(map(str, known))}, ascending and "
                        f"not all, not {', '.join(map(str, persons))}")
    seen = np.isin(arrays["person"], persons)
    kept = seen & (arrays["person"] == rng.permutation(np.unique(arrays["person"][seen]))[0])
    return _dsa_task(name, arrays, rng.permutation(np.flatnonzero(seen & ~kept)), np.flatnonzero(kept), np.flatnonzero(~seen),
                     f"test on persons {_listed(set(known) - set(persons))}, unseen; validation on one of persons "
                     f"{_listed(persons)}", companded)


def _listed(persons):
    """Persons in words: those that follow each other by the first and the last."""
    persons = sorted(persons)
    if persons[-1] - persons[0] == len(persons) - 1:
        return f"{persons[0]} to {persons[-1]}"
    return f"{', '.join(map(str, persons[:-1]))} and {persons[-1]}"


def load_dsa_random(name, folder, rng):
    """Daily and Sports Activities, a random half of all segments for training: the same persons on both sides."""
    arrays = _dsa(folder)
    order = np.random.default_rng(DSA_HALF_SEED).permutation(len(arrays["person"]))
    half = len(order) // 2
    train = rng.permutation(order[:half])
    kept = half // DSA_VALIDATION_PART
    return _dsa_task(name, arrays, train[kept:], train[:kept], order[half:],
                     "test on a random half of the segments, the same for every seed, of the same persons; validation on a "
                     "tenth of the other half")


def _dsa(folder):
    path = fetch(folder, "dsa19/dsa19_q16.npz.xz")
    arrays = read_npz_xz(path, dq=3, activity=1, person=1)
    check_rows(path, arrays["dq"][0], arrays["activity"], arrays["person"])
    check_channels(path, len(DSA_CHANNELS), len(arrays["dq"]))
    return arrays


def _dsa_task(name, arrays, train, validation, test, split, companded=False):
    differences, scale = arrays["dq"], COMPANDED_STEPS if companded else STEPS
    channels, count, steps = differences.shape
    seen, form = np.concatenate([train, validation]), InputFormat(channels, 8, True)
    inputs, fitted = np.empty((count, steps, channels), dtype=np.int8), []
    for k, name_of in enumerate(DSA_CHANNELS):  # a channel at a time, since the whole as float64 is 400 MB
        values, unit = _dsa_channel(differences, k)
        law = Law.MU_LAW if companded and "gyro" in name_of else Law.LINEAR
        fitted.append(ReferenceChannel.fit(values[seen], name=name_of, unit=unit, law=law, width=8, steps=scale))
        inputs[..., k] = fitted[k].codes(values, form)
    source = Input(form, fitted, rate_hz=DSA_HZ, window=steps, hop=steps, **DSA_ORIGIN)
    labels = arrays["activity"].astype(np.int64)
    parts = [Worn(inputs[chosen], labels[chosen], groups=arrays["person"][chosen], source=source)
             for chosen in (train, validation, test)]
    return Task(name, *parts, form, 1 / scale, DSA_CLASSES, split, input=source, measured=lambda: np.stack(
        [_dsa_channel(differences[:, test], k)[0] for k in range(channels)], axis=-1))


def _dsa_channel(differences, k):
    """The measured numbers float64 [segments, steps] of channel ``k``, and their unit."""
    unit, step = DSA_SENSORS[DSA_CHANNELS[k].split("_")[-2]]
    return np.cumsum(differences[k], axis=1, dtype=np.int16) * step, unit
