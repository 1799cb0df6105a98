# SPDX-License-Identifier: BSD-2-Clause
"""What the words of a resonator cannot leave, whatever the samples are.

Without rounding a resonator behind its DC blocker is linear, and each rounding is one more input that lies in a known interval.
A word's greatest value is then the sum over all inputs of their greatest contribution: the positive part of an impulse response
times the upper end of its interval, and the negative part times the lower end. Some samples reach it, but for roundings.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hadam_hw.fixed import signed_width

#: A response is followed until no unit of state has more of it left than this, and what is left is bounded.
LEFT = 2.0**-30
#: Of a response's sum: far more than 64-bit floats lose in its some ten thousand terms.
MARGIN = 2.0**-20
#: Steps that are computed together.
BLOCK = 128
#: The parts of a state, and the inputs: the sample, and the roundings of the blocker and of a resonator's four shifts.
_STATE, _SOURCES, _WORDS = 3, 6, 5


@dataclass(frozen=True)
class ResonatorBounds:
    """Intervals (least, greatest), one a band, of x, of y, and of all words with the partial sums of a step."""

    x: tuple[tuple[int, int], ...]
    y: tuple[tuple[int, int], ...]
    words: tuple[tuple[int, int], ...]

    @property
    def bits(self):
        """Of a word that holds all."""
        return max(signed_width(*interval) for interval in self.words)

    @property
    def magnitude(self):
        """The greatest of y and ``-y - 1`` of each band."""
        return tuple(max(most, -least - 1) for least, most in self.y)


@lru_cache
def resonator_bounds(bands, fraction, blocker, sample_bits):
    """The :class:`ResonatorBounds` of some resonators behind a DC blocker."""
    shift, first, second, sign, damping = (np.array([getattr(band, name) for band in bands], np.float64)[:, None]
                                           for name in ("shift", "first", "second", "sign", "damping"))
    factors = 2.0**-shift, 2.0**-first, sign * 2.0**-second
    above, below, left = _responses(factors, 2.0**-damping, 2.0**-blocker, 2.0**fraction)
    intervals = _intervals(shift, first, second, sign, damping, blocker, sample_bits)
    least, most = intervals[..., 0][:, None], intervals[..., 1][:, None]
    high = (above * most - below * least + left * np.maximum(most, -least)).sum(axis=-1)
    low = (above * least - below * most - left * np.maximum(most, -least)).sum(axis=-1)
    high, low = np.ceil(high * (1 + MARGIN)).astype(np.int64), np.floor(low * (1 + MARGIN)).astype(np.int64)

    def pairs(rows):
        return tuple((int(each.min()), int(other.max())) for each, other in zip(low[:, rows], high[:, rows]))

    return ResonatorBounds(x=pairs([4]), y=pairs([3]), words=pairs([0, 1, 2, 3, 4]))


def worst_samples(bank, band, steps):
    """The int64 [steps] samples that drive y of one band as far up as samples can, but for roundings, in the last step."""
    resonator = bank.bands[band]
    factors = 2.0**-resonator.shift, 2.0**-resonator.first, resonator.sign * 2.0**-resonator.second
    state, response = np.zeros(_STATE), np.empty(steps)
    for step in range(steps):
        sources = np.zeros(_SOURCES)
        sources[0] = step == 0
        state, words = _step(state, sources, factors, 2.0**-resonator.damping, 2.0**-bank.blocker, 2.0**bank.fraction)
        response[step] = words[3]
    return np.where(response[::-1] >= 0, 32767, -32768)


def _step(state, sources, factors, damping, blocker, unit):
    """(new state, the five words of a step) without rounding, but for the ``sources``."""
    a, b, c = factors
    mean, x, y = state
    sample, mean_error, *errors = sources
    u = sample - mean + mean_error
    mean = mean + u * blocker
    words = [y - b * x + errors[0]]
    words.append(words[-1] - c * x + errors[1])
    words.append(words[-1] - damping * words[-1] + errors[2])
    words.append(words[-1] + unit * u)
    y = words[-1]
    words.append(x + a * y + errors[3])
    return (mean, words[-1], y), words


def _responses(factors, damping, blocker, unit):
    """Sums of the positive and of the negative parts of all responses, and a bound of what is left; [bands, words, sources].

    Beside the sources the three parts of the state are responded to: what they have become tells what can still come. Words of
    :data:`BLOCK` steps are a matrix times the state before them, and so is the state behind them.
    """
    bands = len(damping)
    sources = np.zeros((_SOURCES, bands, _SOURCES))
    sources[range(_SOURCES), :, range(_SOURCES)] = 1
    state, words = _step(np.zeros((_STATE, bands, _SOURCES)), sources, factors, damping, blocker, unit)
    first = np.concatenate([np.array(words).transpose(1, 0, 2), np.zeros((bands, _WORDS, _STATE))], axis=2)
    units = np.zeros((_STATE, bands, _STATE))
    units[range(_STATE), :, range(_STATE)] = 1
    states = np.concatenate([state, units], axis=2).transpose(1, 0, 2)
    rows = np.empty((BLOCK, _WORDS, bands, _STATE))
    for row in rows:
        units, row[:] = _step(units, np.zeros((_SOURCES, bands, _STATE)), factors, damping, blocker, unit)
    rows, units = rows.transpose(2, 0, 1, 3).reshape(bands, BLOCK * _WORDS, _STATE), np.array(units).transpose(1, 0, 2)
    above, below, kept = np.maximum(first, 0), np.maximum(-first, 0), 1.0
    while kept >= LEFT:  # each part of a state shrinks, at the slowest by 2**-10 a step
        words = (rows @ states).reshape(bands, BLOCK, _WORDS, _SOURCES + _STATE)
        above, below = above + np.maximum(words, 0).sum(axis=1), below + np.maximum(-words, 0).sum(axis=1)
        states = units @ states
        kept = np.abs(states[:, :, _SOURCES:]).sum(axis=(1, 2)).max()
    # A unit of any part of the state can bring all that it brought so far, and `kept` times as much again, and so on.
    whole = (above + below)[:, :, _SOURCES:].max(axis=(1, 2)) / (1 - kept)
    left = np.abs(states[:, :, :_SOURCES]).sum(axis=1) * whole[:, None]
    return above[:, :, :_SOURCES], below[:, :, :_SOURCES], np.broadcast_to(left[:, None], (bands, _WORDS, _SOURCES))


def _intervals(shift, first, second, sign, damping, blocker, sample_bits):
    """Float [bands, sources, 2]: where the inputs lie; a value that is rounded down loses 0 to ``1 - 2**-shift``."""
    def lost(by):
        return np.maximum(0, 1 - 2.0**-by)[:, 0]

    none, size = np.zeros(len(first)), 2.0**(sample_bits - 1)
    ends = lost(second) * sign[:, 0]
    rows = [(none - size, none + size - 1), (none, none + 1 - 2.0**-blocker), (none, lost(first)),
            (np.minimum(ends, 0), np.maximum(ends, 0)), (none, lost(damping)), (-lost(shift), none)]
    return np.array(rows).transpose(2, 0, 1)
