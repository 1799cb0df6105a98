# SPDX-License-Identifier: BSD-2-Clause
"""Layers that are drawn and not trained: signs, wires and codes of V from a seed, the binary point from the training data.

The frequencies of oscillators are chosen where that can be done in closed form, and drawn elsewhere.
"""

import numpy as np

from hadam_hw.errors import ModelError
from hadam_hw.fixed import MAX_FRAC, FixedPoint
from hadam_hw.layer import Layer, make_phases
from hadam_hw.oscillators import Oscillators
from hadam_hw.quantize import quantize_codes
from hadam_hw.recurrence import Hadamard
from hadam_hw.recurrence.hadamard import bank_of
from hadam_hw.train.frequencies import LONGEST, chosen_oscillations, drawn_oscillations
from hadam_hw.train.leaks import leak_of
from hadam_hw.train.settings import Drive, Kind, Wires
from hadam_hw.train.states import last_states

#: Sequences that the binary point is chosen on.
CALIBRATION = 2048
#: Of folded cores: the butterflies of the largest have 8 words.
LARGEST_LOG2_RADIX = 3
#: Extra fraction bits of V in the second phase, where blocks have one.
INPUT_FRAC = 4
#: Sequences that tell how loud pairs of oscillators are.
LOUDNESS = 512
#: Of all words of all steps on them so many may saturate: a recurrence that forgets nothing keeps the error of each.
SATURATION_LIMIT = 1e-6


def drawn_wires(size, block, rng, *, keep_banks=True):
    """The wires int64 [size] in front of blocks of ``block`` units: a permutation drawn by ``rng``.

    With ``keep_banks`` each unit takes the word of a unit of its own bank, so that a folded core of the largest radix that the
    block has, up to 8, can render it in one lane.

    Blocks of 1 mix nothing, so there it is one cycle through all units. Shorter cycles would come back to where they began, up
    to a sign, and keep no more than sums of inputs that are their length apart.
    """
    if block > 1 and keep_banks:
        log2_radix, wires = min(LARGEST_LOG2_RADIX, block.bit_length() - 1), np.empty(size, np.int64)
        banks = np.array([bank_of(unit, block, log2_radix) for unit in range(size)])
        for bank in range(1 << log2_radix):
            units = np.flatnonzero(banks == bank)
            wires[units] = rng.permutation(units)
        return wires
    order = rng.permutation(size)
    if block > 1:
        return order
    wires = np.empty(size, np.int64)
    wires[order] = np.roll(order, 1)
    return wires


def drawn_codes(size, inputs, bits, drive, rng):
    """The codes of V int64 [size, inputs]: normal numbers in ``bits`` bits; ``Drive.ONE``: a 1 an input, at units far apart."""
    if drive is not Drive.ONE:
        return quantize_codes(rng.normal(size=(size, inputs)), bits)[0].astype(np.int64)
    codes = np.zeros((size, inputs), np.int64)
    codes[np.arange(inputs) * size // inputs, np.arange(inputs)] = 1
    return codes


def pair_drives(pairs, inputs, drive, rng):
    """What drives x of each pair, float [pairs, inputs] of length 1: normal numbers, or ``Drive.ONE`` input, in turn."""
    if drive is Drive.ONE:
        return np.eye(inputs)[np.arange(pairs) % inputs]
    drives = rng.normal(size=(pairs, inputs)) if inputs > 1 else np.ones((pairs, 1))
    return drives / np.linalg.norm(drives, axis=1, keepdims=True)


def loudness(recurrence, drives, sequences):
    """float [pairs]: the largest size that a pair's state reaches on ``sequences`` [count, steps, inputs], never rounded."""
    codes = np.zeros((recurrence.size, drives.shape[1]))
    codes[0::2] = drives
    product, scale = recurrence.products(np.float64), 2.0**-recurrence.shift(0)
    state, peaks = np.zeros((len(sequences), recurrence.size)), np.zeros(recurrence.size)
    for step in range(sequences.shape[1]):
        state = product(state) * scale + sequences[:, step] @ codes.T
        peaks = np.maximum(peaks, np.abs(state).max(axis=0, initial=0))
    return peaks.reshape(-1, 2).max(axis=1)


def pair_codes(drives, peaks, bits, drive):
    """The codes of V int64 [2 * pairs, inputs]: ``drives`` for x, the larger the less loud a pair is, and 0 for y."""
    most = 1 << max(0, bits - 2)
    gains = np.minimum(peaks.max(initial=1) / np.maximum(peaks, 1), most)
    if drive is Drive.ONE:
        x = drives * 2.0 ** np.floor(np.log2(gains))[:, None]
    else:
        x, pairs = quantize_codes(drives * gains[:, None], bits)[0], np.arange(len(drives))
        largest = np.abs(drives).argmax(axis=1)
        silent = ~x.any(axis=1)  # too few bits for the loudest: the largest number counts
        x[pairs[silent], largest[silent]] = np.sign(drives[pairs[silent], largest[silent]])
    codes = np.zeros((2 * len(drives), drives.shape[1]), np.int64)
    codes[0::2] = x
    return codes


def _oscillators(settings, inputs, sequences, labels, rng):
    """(recurrence, codes of V)."""
    pairs = settings.hidden // 2
    drives = pair_drives(pairs, inputs, settings.drive, rng)
    if labels is not None and labels.ndim == 1 and sequences[0].size <= LONGEST:
        chosen, _ = chosen_oscillations(sequences, labels, drives, rng)
    else:
        chosen = drawn_oscillations(pairs, rng)
    recurrence = Oscillators.of(chosen, np.broadcast_to(leak_of(settings), 2 * pairs)[::2])
    peaks = loudness(recurrence, drives, sequences[:LOUDNESS])
    return recurrence, pair_codes(drives, peaks, settings.v_bits, settings.drive)


def _hadamard(settings, inputs, rng):
    """(recurrence, codes of V)."""
    size = settings.hidden
    if settings.wires is Wires.RING:
        signs, wires = np.ones(size), np.roll(np.arange(size), 1)
    else:
        signs = rng.choice([-1, 1], size)
        wires = None if settings.wires is Wires.NONE else drawn_wires(
            size, settings.block, rng, keep_banks=settings.wires is Wires.DRAWN)
    recurrence = Hadamard(size, settings.block, signs, leak_of(settings), wires)
    return recurrence, drawn_codes(size, inputs, settings.v_bits, settings.drive, rng)


def drawn_layer(settings, input_format, calibration, labels=None):
    """The layer that ``settings`` draw.

    Parameters
    ----------
    settings : Settings
        ``recurrence``, ``hidden``, ``block``, ``leak``, ``leaks``, ``wires``, ``drive``, ``v_bits``,
        ``state_bits``, ``rounding`` and ``seed`` count.
    input_format : InputFormat
    calibration : int [sequences, steps, d_in]
        Training inputs. The binary point is the finest whose states saturate nearly never on them.
    labels : int [sequences], optional
        With labels, the frequencies of oscillators are chosen to tell the classes from the last state, where a sequence has
        at most :data:`~hadam_hw.train.frequencies.LONGEST` numbers; else they are drawn.

    Raises
    ------
    ModelError
        If no binary point keeps the state in range.
    """
    rng, size = np.random.default_rng([settings.seed, 3]), settings.hidden
    if settings.recurrence is Kind.OSCILLATORS:
        recurrence, codes = _oscillators(settings, input_format.size, calibration, labels, rng)
    else:
        recurrence, codes = _hadamard(settings, input_format.size, rng)

    def layer(width, frac):
        return Layer(recurrence=recurrence, input=input_format, state=FixedPoint(width, frac), rounding=settings.rounding,
                     phases=make_phases(recurrence, codes, None, frac, INPUT_FRAC), input_bits=settings.v_bits)

    calibration = calibration[:CALIBRATION]
    words = calibration.shape[0] * calibration.shape[1] * size
    peak = np.abs(last_states(layer(24, 0), calibration)[0]).max(initial=1)
    frac = settings.state_bits - int(peak).bit_length() + 1
    if not recurrence.shift(0):
        frac = min(frac, 0)  # nothing is ever scaled down, so there are no fractions to keep
    while frac >= -MAX_FRAC:
        if last_states(layer(settings.state_bits, frac), calibration)[1] <= SATURATION_LIMIT * words:
            return layer(settings.state_bits, frac)
        frac -= 1
    raise ModelError("State has no binary point that keeps it in range; the recurrence grows without bound")
