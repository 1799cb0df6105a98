# SPDX-License-Identifier: BSD-2-Clause
"""Recordings become sequences of integers: split first, then encoded, then cut into windows."""

from dataclasses import dataclass, replace

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.input import Input, LengthRule, Padding
from hadam_hw.input.bank_design import mel_bank
from hadam_hw.input.bank_front_end import BankFrontEnd
from hadam_hw.layer import InputFormat
from hadam_hw.pieces import pieces
from hadam_hw.readout import MAX_POOL_BITS
from hadam_hw.recordings import Kind, Part, Shares, SplitBy, folds, split
from hadam_hw.train.own.options import Balance, Front

#: Classes are weighted where the largest has so many times the sequences of the smallest.
UNEQUAL = 5
#: Beyond so much, in the fourth power of a deviation, a channel is loud now and then and quiet between; 3 is a normal noise.
PEAKED = 6.0
#: A count of the sensor fits so many, one bit of its word kept for what training did not see.
_LARGEST_COUNT = 1 << 14
#: From this rate on one channel is taken as sound.
SOUND_HZ = 4000
MAX_STEPS = 1 << MAX_POOL_BITS


@dataclass(frozen=True, eq=False)
class Sequences:
    """Integer sequences of any lengths.

    Parameters
    ----------
    codes : tuple of int64 [steps, d_in]
    labels : int64 [sequences]
    recordings : int64 [sequences]
        Of which recording of its part each is.
    groups : tuple of str or None
        Whose each is.
    """

    codes: tuple[np.ndarray, ...]
    labels: np.ndarray
    recordings: np.ndarray
    groups: tuple

    def __len__(self):
        return len(self.codes)

    @property
    def lengths(self):
        """int64 [sequences]"""
        return np.array([len(codes) for codes in self.codes], np.int64)

    def chosen(self, indices):
        """Those of ``indices``, in this order."""
        return Sequences(tuple(self.codes[k] for k in indices), self.labels[indices], self.recordings[indices],
                         tuple(self.groups[k] for k in indices))


@dataclass(frozen=True, eq=False)
class OwnData:
    """Recordings that are split, and what they become by an input.

    Parameters
    ----------
    name : str
    train, test : RecordingSet or None
        ``train`` with validation in it; ``test`` None where none is held out.
    fold_of : int64 [recordings of train]
        The fold that each is validated in, -1 for those that only train.
    sentence : str
        How it was split.
    warnings : tuple of str
    """

    name: str
    train: object
    test: object
    fold_of: np.ndarray
    sentence: str
    warnings: tuple[str, ...]

    @property
    def classes(self):
        """The names of the classes."""
        return self.train.classes

    @property
    def folds(self):
        """How many there are."""
        return int(self.fold_of.max()) + 1


def own_data(recordings, options, name):
    """Splits ``recordings`` (a RecordingSet) into a training part, its folds, and a test part.

    Raises
    ------
    DataError
        If there are no two classes with labels, or too few recordings to hold any out.
    """
    parted = split(recordings, options.seed, Shares(validation=0, test=options.test))
    test = parted.part(Part.TEST)
    kept = [k for k, part in enumerate(parted.parts) if part is not Part.TEST]
    if not kept:
        raise DataError("Recordings must leave some for training, and all are in the test part")
    train = recordings.chosen(kept)
    validated = np.array([parted.parts[k] is Part.VALIDATION for k in kept])
    if validated.any() and not validated.all():
        fold_of, by = np.where(validated, 0, -1), "the validation part that the files give"
    else:
        fold_of, by = _folds(train, options)
    given = parted.by is SplitBy.GIVEN or any(part is Part.TEST for part in (one.part for one in recordings.recordings))
    how = "no test part" if test is None else \
        f"test part as the files give it, {len(test)} recordings" if given else \
        f"test part of {len(test)} recordings, dealt by {parted.by.value} with seed {options.seed}"
    return OwnData(name, train, test, fold_of, f"{how}; chosen by {by}", (*recordings.warnings, *parted.warnings))


def _folds(train, options):
    """(fold of each recording, what they are)."""
    places = {id(recording): k for k, recording in enumerate(train.recordings)}
    units = {recording.group if recording.group is not None else ("source", recording.source) for recording in train.recordings}
    count = min(options.folds, len(units))
    if count < 2:
        raise DataError("Recordings for training must come in two groups or files or more, so that one can be held out to "
                        f"choose by, and there is {len(units)}; record another person, device or day")
    fold_of = np.empty(len(train), np.int64)
    for k, (_, held) in enumerate(folds(train, count, options.seed)):
        fold_of[[places[id(recording)] for recording in held.recordings]] = k
    grouped = any(recording.group is not None for recording in train.recordings)
    return fold_of, f"{count} folds of {'groups' if grouped else 'files'}"


def peaked(train):
    """The channels (names) of a RecordingSet that are loud now and then and quiet between, as a gyroscope is."""
    found = []
    for k, name in enumerate(train.channels):
        values = np.concatenate([recording.values[:, k] for recording in train.recordings]).astype(np.float64)
        values -= values.mean()
        square = np.square(values)
        variance = square.mean()
        if variance > 0 and np.square(square).mean() > PEAKED * variance**2:
            found.append(name)
    return tuple(found)


def fit_input(data, options, mu_law):
    """The :class:`~hadam_hw.input.Input` of the training part, its channels ``mu_law`` by the mu-law.

    A window is padded in front where a recording is shorter: the state stays 0 until its first step.
    """
    train = data.train
    if train.kind is Kind.CODES:
        return _input_of_codes(train, options)
    made = _input_of_sound(data) if front_of(data, options) is Front.BANK else _input_of_channels(data, mu_law)
    if options.window is None:
        return made
    return replace(made, window=options.window, hop=options.hop_steps, length=LengthRule(options.window, Padding.FRONT))


def _input_of_channels(data, mu_law):
    train = data.train
    values = [recording.values.astype(np.float64) for recording in train.recordings]
    largest = max(float(np.abs(one).max()) for one in values)
    whole = train.kind is not Kind.MEASURED and largest < _LARGEST_COUNT * (2 if train.kind is Kind.COUNTS else 1)
    return Input.fit(values, channels=train.channels, units=train.units, companded=mu_law,
                     counts=[1.0] * len(train.channels) if whole else None, rate_hz=train.rate_hz, source=data.name)


def front_of(data, options):
    """The front end: what the options say, or what suits the recordings."""
    train = data.train
    if options.front_end is not Front.AUTO:
        return options.front_end
    fast = train.rate_hz is not None and train.rate_hz >= SOUND_HZ
    return Front.BANK if fast and len(train.channels) == 1 and train.kind is not Kind.CODES else Front.NONE


def _input_of_sound(data):
    train = data.train
    if len(train.channels) != 1 or train.rate_hz is None or train.kind is Kind.CODES:
        rate = "no known rate" if train.rate_hz is None else f"{train.rate_hz:g} Hz"
        raise DataError("Recordings must be one channel of sound at a known rate for --front-end bank, not "
                        f"{len(train.channels)} channels at {rate}")
    front_end = BankFrontEnd(mel_bank(round(train.rate_hz)))
    counted = front_end.sources[0].count if train.kind is not Kind.MEASURED else 1.0
    values = [recording.values.astype(np.float64) * counted for recording in train.recordings]
    short = next((one for one, own in zip(train.recordings, values) if len(own) < front_end.frame), None)
    if short is not None:
        raise DataError(f"{short.source} must have {front_end.frame} samples or more, one frame, not {len(short)}")
    # bands are about equally loud over a word, so gateware need not scale them: less its mean, each is as good
    codes = np.concatenate([front_end.from_counts(front_end.counts(own[:, None] if own.ndim == 1 else own)) for own in values])
    return Input.direct(front_end, width=8, signed=True, offset=np.rint(codes.mean(axis=0)).astype(np.int64), source=data.name)


def _input_of_codes(train, options):
    if options.window is not None:
        raise DataError("window must be left alone for codes, which a model takes as they are; cut them before")
    low = min(int(recording.values.min()) for recording in train.recordings)
    high = max(int(recording.values.max()) for recording in train.recordings)
    width = max(2, 1 + max(high.bit_length(), (-1 - low).bit_length() if low < 0 else 0))
    if width > 16:
        raise DataError(f"Codes must be at most 16 bits wide, not {low} ... {high}; if they are counts, say --units counts")
    return Input(InputFormat(len(train.channels), max(8, width), True))


def encoded(source, recordings):
    """The :class:`Sequences` of a RecordingSet by the Input ``source``.

    Raises
    ------
    DataError
        If a sequence is longer than a pool can hold.
    """
    codes, labels, owners, groups = [], [], [], []
    kind = recordings.kind  # what whole numbers are is decided here: counts of sound, and elsewhere what was measured
    if kind is None and source.known:
        kind = Kind.MEASURED if source.front_end.sources is None else Kind.COUNTS
    settled = [replace(recording, kind=kind) for recording in recordings.recordings]
    for k, (recording, label, own) in enumerate(zip(settled, recordings.labels, pieces(source, settled))):
        if len(own[0].codes) > MAX_STEPS:
            raise DataError(f"{recording.source} must have at most {MAX_STEPS:,} steps, not {len(own[0].codes):,}; cut it into "
                            "windows: --window STEPS")
        codes += [piece.codes for piece in own]
        labels += [label] * len(own)
        owners += [k] * len(own)
        groups += [recording.group] * len(own)
    return Sequences(tuple(codes), np.array(labels, np.int64), np.array(owners, np.int64), tuple(groups))


def class_weights(labels, classes, balance):
    """(weight float64 [sequences] of mean 1, or None; a sentence about it or None)."""
    sizes = np.bincount(labels, minlength=classes)
    known = sizes[sizes > 0]
    unequal = known.max() > UNEQUAL * known.min()
    if balance is Balance.NONE or (balance is Balance.AUTO and not unequal):
        return None, None
    weights = len(labels) / (len(known) * np.maximum(sizes, 1))
    return weights[labels], (f"classes have {known.min()} to {known.max()} training sequences and are weighted to count alike")
