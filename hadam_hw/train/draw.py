# SPDX-License-Identifier: BSD-2-Clause
"""Layers that are drawn and not trained: signs, wires and codes of V from a seed, the binary point from the training data."""

import numpy as np

from hadam_hw.errors import ModelError
from hadam_hw.fixed import MAX_FRAC, FixedPoint
from hadam_hw.layer import Layer, Phase
from hadam_hw.quantize import quantize_codes
from hadam_hw.recurrence import Hadamard
from hadam_hw.train.settings import Drive, Wires
from hadam_hw.train.states import last_states

#: Sequences that the binary point is chosen on.
CALIBRATION = 2048
#: Of all words of all steps on them so many may saturate: a recurrence that forgets nothing keeps the error of each.
SATURATION_LIMIT = 1e-6


def drawn_wires(size, block, rng):
    """The wires int64 [size] in front of blocks of ``block`` units: a permutation drawn by ``rng``.

    Blocks of 1 mix nothing, so there it is one cycle through all units. Shorter cycles would come back to where they began, up
    to a sign, and keep no more than sums of inputs that are their length apart.
    """
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


def drawn_layer(settings, input_format, calibration):
    """The layer that ``settings`` draw.

    Parameters
    ----------
    settings : Settings
        Of one phase. ``hidden``, ``block``, ``leak``, ``wires``, ``drive``, ``v_bits``, ``state_bits``, ``rounding`` and
        ``seed`` count.
    input_format : InputFormat
    calibration : int [sequences, steps, d_in]
        Training inputs. The binary point is the finest whose states saturate nearly never on them.

    Raises
    ------
    ModelError
        If no binary point keeps the state in range.
    """
    rng, size = np.random.default_rng([settings.seed, 3]), settings.hidden
    if settings.wires is Wires.RING:
        signs, wires = np.ones(size), np.roll(np.arange(size), 1)
    else:
        signs = rng.choice([-1, 1], size)
        wires = drawn_wires(size, settings.block, rng) if settings.wires is Wires.DRAWN else None
    recurrence = Hadamard(size, settings.block, signs, settings.leak, wires)
    codes = drawn_codes(size, input_format.size, settings.v_bits, settings.drive, rng)

    def layer(width, frac):
        return Layer(recurrence=recurrence, input=input_format, state=FixedPoint(width, frac), rounding=settings.rounding,
                     phases=(Phase(codes, 0, np.zeros(size, np.int64)),), input_bits=settings.v_bits)

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
