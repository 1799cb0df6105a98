# SPDX-License-Identifier: BSD-2-Clause
"""The resonator bank: samples of sound in, an unsigned code a band and frame out, by shifts and additions alone.

:meth:`ResonatorBank.frames` is the definition, in Python's integers; docs/front-end.md has it as formulas, with its bounds.
:meth:`ResonatorBank.run` computes the same integers of whole arrays: by a compiled loop where numba is there, else by NumPy.
"""

import math
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from hadam_hw.checks import as_instance, as_integer, as_integer_between, as_tuple, assign, frozen
from hadam_hw.errors import DataError, ModelError
from hadam_hw.input.bank_bounds import resonator_bounds
from hadam_hw.input.bank_numpy import run_numpy

#: Of a sample.
SAMPLE_BITS = 16
#: Of each word of a resonator, so that twice a word fits a register of 32 bits.
WORD_BITS = 31
#: Of a frame's sum, and of the sum of all bands.
SUM_BITS = 32
#: Fraction bits of the level that is followed.
LEVEL_FRACTION = 8
MAX_RATE_HZ, MAX_FRAME, MAX_BANDS = 1 << 20, 1 << 14, 128
MIN_SHIFT, MAX_SHIFT = -1, 14
MAX_DAMPING, MAX_FRACTION, MAX_BLOCKER, MAX_LOG_BITS, MAX_FOLLOW, MAX_DROPPED = 8, 8, 10, 3, 12, 16


@dataclass(frozen=True)
class Resonator:
    """One band: ``a = 2**-shift``, ``b = 2**-first + sign * 2**-second``, and a damping of ``2**-damping`` a sample.

    A sample turns x and y by the angle ``theta`` and shrinks them by ``r``: with ``d = 2**-damping``,
    ``r = sqrt(1 - d)`` and ``2 r cos(theta) = 2 - d - (1 - d) a b``.

    Parameters
    ----------
    shift : int
        -1 to 14.
    first : int
        -1 to 14. ``a b`` is below 4, and so large that the poles are complex.
    second : int
        Above ``first``, up to 14; 0 where ``sign`` is 0.
    sign : int
        -1 or 1, or 0 where e has one digit.
    damping : int
        1 to 8.

    Raises
    ------
    ModelError
    """

    shift: int
    first: int
    second: int
    sign: int
    damping: int

    def __post_init__(self):
        assign(self, shift=as_integer_between("Shift", self.shift, MIN_SHIFT, MAX_SHIFT),
               first=as_integer_between("First digit", self.first, MIN_SHIFT, MAX_SHIFT),
               sign=as_integer_between("Sign of the second digit", self.sign, -1, 1),
               damping=as_integer_between("Damping", self.damping, 1, MAX_DAMPING))
        least, most = (max(self.first + 1, 0), MAX_SHIFT) if self.sign else (0, 0)
        assign(self, second=as_integer_between(f"Second digit with the sign {self.sign}", self.second, least, most))
        if self.product >= 4:
            raise ModelError(f"Product a b of a resonator must be below 4, which is half of the rate, not {self.product}")
        kept = 1 - 2.0**-self.damping
        if self.product <= (1 - math.sqrt(kept)) ** 2 / kept:  # its poles are real: the slower one may take for ever
            raise ModelError(f"Resonator must oscillate, and with a damping of {self.damping} a product a b of "
                             f"{self.product:g} only decays; smaller shifts or a larger damping would do")

    @property
    def product(self):
        """``a b``, exact in a float."""
        return (2.0**-self.first + self.sign * 2.0**-self.second) * 2.0**-self.shift


@dataclass(frozen=True)
class Level:
    """How a level follows the loudness: by ``2**-rise`` of the difference a frame upwards, by ``2**-fall`` downwards.

    Equal shifts are a slow mean. Both are 0 to 12.

    Raises
    ------
    ModelError
    """

    rise: int
    fall: int

    def __post_init__(self):
        assign(self, rise=as_integer_between("Rise", self.rise, 0, MAX_FOLLOW),
               fall=as_integer_between("Fall", self.fall, 0, MAX_FOLLOW))


@dataclass(frozen=True, eq=False)
class BankState:
    """What a bank keeps between two samples.

    Parameters
    ----------
    blocker : int
        ``a``, the mean of the samples times ``2**blocker``.
    x, y, sums : int64 [bands]
        The resonators, and the magnitudes of the samples of an unfinished frame.
    count : int
        Samples of the unfinished frame.
    level : int
        ``m``, or -1 before the first frame.
    """

    blocker: int
    x: np.ndarray
    y: np.ndarray
    sums: np.ndarray
    count: int
    level: int


@dataclass(frozen=True)
class ResonatorBank:
    """Damped shift resonators, the sum of the magnitudes of a frame, its logarithm, and the level taken off it.

    For each sample ``s`` and each band, with ``v >> i = floor(v / 2**i)``, where i may be -1::

        u = s - (a >> blocker);  a += u                      DC blocker, once a sample
        y -= x >> first;  y -= sign * (x >> second)
        y -= y >> damping
        y += u << fraction
        x += y >> shift
        S += |y| >> dropped                                  |y| = y, or -y - 1 where y < 0

    After each ``frame`` samples the code of a band is ``log(S)`` less the level, and ``S = 0``. docs/front-end.md defines both.

    Parameters
    ----------
    bands : tuple of Resonator
        1 to 128.
    rate_hz : int
    frame : int
        Samples a frame; frames do not overlap, since resonators remember.
    fraction : int
        Fraction bits of a resonator's words, 0 to 8.
    dropped : int
        Low bits of a magnitude that a frame's sum leaves out, 0 to 16.
    blocker : int
        Shift of the DC blocker, 1 to 10: its corner lies at ``rate_hz / (2 pi 2**blocker)``.
    log_bits : int
        Codes an octave are ``2**log_bits``; 0 to 3.
    level : Level, optional
        None: codes are logarithms as they are.

    Raises
    ------
    ModelError
        If a parameter is out of its range, or some input could overflow a word of 31 bits or a sum of 32.
    """

    bands: tuple[Resonator, ...]
    rate_hz: int
    frame: int
    fraction: int = 4
    dropped: int = 4
    blocker: int = 8
    log_bits: int = 3
    level: Level | None = None

    def __post_init__(self):
        assign(self, bands=as_tuple("Bands", self.bands, Resonator),
               rate_hz=as_integer_between("Bank's rate", self.rate_hz, 1, MAX_RATE_HZ),
               frame=as_integer_between("Bank's frame", self.frame, 1, MAX_FRAME),
               fraction=as_integer_between("Bank's fraction", self.fraction, 0, MAX_FRACTION),
               dropped=as_integer_between("Bank's dropped bits", self.dropped, 0, MAX_DROPPED),
               blocker=as_integer_between("Bank's blocker", self.blocker, 1, MAX_BLOCKER),
               log_bits=as_integer_between("Bank's bits of the logarithm", self.log_bits, 0, MAX_LOG_BITS))
        as_integer_between("Number of bands", len(self.bands), 1, MAX_BANDS)
        if self.level is not None:
            as_instance("Bank's level", self.level, Level)
        if self.word_bits > WORD_BITS:
            raise ModelError(f"Words of a resonator must fit {WORD_BITS} bits for any input, not take {self.word_bits}; "
                             "fewer fraction bits or more damping would do")
        if self.total_bound >> SUM_BITS:
            raise ModelError(f"Sum of all bands must be below 2**{SUM_BITS} for any input, not reach {self.total_bound}; "
                             "more dropped bits would do")

    @property
    def size(self):
        """Number of bands, the elements of a vector."""
        return len(self.bands)

    @property
    def frame_hop(self):
        """Samples between two vectors: ``frame``."""
        return self.frame

    @property
    def code_bits(self):
        """Of a code: the logarithm of a word of 32 bits has 5 bits before its fraction."""
        return 5 + self.log_bits

    @property
    def center(self):
        """The code of a band that is as loud as the level."""
        return 1 << self.code_bits - 1

    @cached_property
    def bounds(self):
        """What no word leaves, whatever the samples: :class:`~hadam_hw.input.bank_bounds.ResonatorBounds`."""
        return resonator_bounds(self.bands, self.fraction, self.blocker, SAMPLE_BITS)

    @property
    def word_bits(self):
        """Of the narrowest two's complement word that holds each x, y and partial sum."""
        return self.bounds.bits

    @property
    def sum_bounds(self):
        """The greatest S of each band, a tuple of int."""
        return tuple(self.frame * (most >> self.dropped) for most in self.bounds.magnitude)

    @property
    def total_bound(self):
        """The greatest sum of S over all bands."""
        return sum(self.sum_bounds)

    def start(self):
        """The :class:`BankState` after a reset."""
        zeros = frozen(np.zeros(self.size), np.int64)
        return BankState(blocker=0, x=zeros, y=zeros, sums=zeros, count=0, level=-1)

    def log(self, total):
        """The logarithm of an int from 0 to 2**32 - 1: ``2**log_bits`` codes an octave, linear within it; 0 of 0."""
        if not total:
            return 0
        octave = total.bit_length() - 1
        return (octave << self.log_bits) + ((total << self.log_bits) >> octave) - (1 << self.log_bits)

    def follow(self, level, loudness):
        """The level after a frame whose sum of all bands has the logarithm ``loudness``."""
        target = loudness << LEVEL_FRACTION
        if level < 0:
            return target
        return level + (target - level >> (self.level.rise if target >= level else self.level.fall))

    def frames(self, samples):
        """The definition: yields the codes of each frame, a list of int, for an iterable of samples that may never end.

        Raises
        ------
        DataError
            If a sample is not an integer between -32768 and 32767.
        """
        blocker, count, level = 0, 0, -1
        x, y, sums = [0] * self.size, [0] * self.size, [0] * self.size
        for sample in samples:
            sample = as_integer("Sample", sample, DataError)
            if not -1 << SAMPLE_BITS - 1 <= sample < 1 << SAMPLE_BITS - 1:
                raise DataError(f"Sample must be between -32768 and 32767, not {sample}")
            u = sample - (blocker >> self.blocker)
            blocker += u
            for b, band in enumerate(self.bands):
                y[b] -= _shifted(x[b], band.first) + band.sign * (x[b] >> band.second)
                y[b] -= y[b] >> band.damping
                y[b] += u << self.fraction
                x[b] += _shifted(y[b], band.shift)
                sums[b] += (y[b] if y[b] >= 0 else ~y[b]) >> self.dropped
            count += 1
            if count == self.frame:
                codes = [self.log(each) for each in sums]
                if self.level is not None:
                    level = self.follow(level, self.log(sum(sums)))
                    most, shift = (1 << self.code_bits) - 1, self.center - (level >> LEVEL_FRACTION)
                    codes = [min(max(code + shift, 0), most) for code in codes]
                yield codes
                count, sums = 0, [0] * self.size

    def run(self, samples, state=None, compiled=True):
        """The frames of an array, and the state behind it.

        Parameters
        ----------
        samples : int [n]
            Between -32768 and 32767.
        state : BankState, optional
            Where the samples go on; None after a reset.
        compiled : bool
            False: by NumPy even where numba is there.

        Returns
        -------
        codes : uint8 [frames, bands]
            What is behind the last whole frame stays in the state.
        state : BankState

        Raises
        ------
        DataError
            If the samples are not such integers.
        """
        samples = _checked(samples)
        state = self.start() if state is None else state
        compute = _fastest() if compiled else run_numpy
        sums, blocker, x, y, rest = compute(self, samples, state)
        codes, level = self._codes(sums, state.level)
        count = (state.count + len(samples)) % self.frame
        return codes, BankState(blocker=int(blocker), x=frozen(x, np.int64), y=frozen(y, np.int64),
                                sums=frozen(rest, np.int64), count=count, level=level)

    def encode(self, samples):
        """The codes uint8 [frames, bands] of a whole recording int [n]; a last frame that is not full is left out."""
        return self.run(samples)[0]

    def _codes(self, sums, level):
        """(codes, level behind them) of the sums int64 [frames, bands]."""
        codes = self._logs(sums)
        if self.level is not None and len(sums):
            shifts = np.empty(len(sums), np.int64)
            for k, loudness in enumerate(self._logs(sums.sum(axis=1)).tolist()):
                level = self.follow(level, loudness)
                shifts[k] = self.center - (level >> LEVEL_FRACTION)
            codes = np.clip(codes + shifts[:, None], 0, (1 << self.code_bits) - 1)
        return codes.astype(np.uint8), level

    def _logs(self, totals):
        """:meth:`log` of each int64; floats of 53 bits tell the octave of one below 2**32 exactly."""
        octaves = np.maximum(np.frexp(totals.astype(np.float64))[1].astype(np.int64) - 1, 0)
        logs = (octaves << self.log_bits) + ((totals << self.log_bits) >> octaves) - (1 << self.log_bits)
        return np.where(totals > 0, logs, 0)


@cache
def _fastest():
    """The compiled loop, or NumPy's where numba, an extra, is not there; it loads slowly, so only when there is sound."""
    try:
        from hadam_hw.input.bank_kernel import run_compiled
    except ImportError:
        return run_numpy
    return run_compiled


def _shifted(value, shift):
    """``value >> shift``, doubled where the shift is -1."""
    return value >> shift if shift >= 0 else value << -shift


def _checked(samples):
    """``samples`` as a vector of int64."""
    samples = np.asarray(samples)
    if samples.ndim != 1 or (samples.size and samples.dtype.kind not in "iu"):
        raise DataError(f"Sound must be integer samples [n], not {samples.dtype} {list(samples.shape)}")
    if samples.size and not (samples.min() >= -1 << SAMPLE_BITS - 1 and samples.max() < 1 << SAMPLE_BITS - 1):
        raise DataError(f"Samples must be between -32768 and 32767, not between {samples.min()} and {samples.max()}")
    return samples.astype(np.int64)
