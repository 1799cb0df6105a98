# SPDX-License-Identifier: BSD-2-Clause
"""A channel: how its numbers become codes, in floating point or in integers (docs/numerics.md, "The input")."""

import math
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from hadam_hw.checks import as_integer_between, as_member, as_positive, as_real, as_text, assign
from hadam_hw.errors import ModelError
from hadam_hw.fixed import Rounding, round_shift
from hadam_hw.input.digits import FEW, few_digits, signed_digits
from hadam_hw.input.law import Encoding, Law, compress, expand
from hadam_hw.input.source import Source

#: Of the reference encoding, as in ITU-T G.711.
MU = 255.0
#: Codes of a deviation in a channel of 8 bits, and where some channels are companded: of 127, the linear ones beside them then
#: hold 2.6 deviations and the companded ones more than ever occurs.
STEPS, COMPANDED_STEPS = 24, 48
MAX_NAME, MAX_UNIT = 64, 32
MAX_STEPS = 1 << 15
MAX_COUNT_WIDTH = 24
MAX_MULTIPLIER = 1 << 20
MAX_DIGITS = 4
MAX_SHIFT = 40
MAX_CHORD = 8
#: Of a count chosen here: it is a power of two of the unit, and twice the range seen fits its word.
COUNT_WIDTH = 16


def as_line(name, value, longest):
    """``value`` as a text of one line that can be printed; a ModelError that begins with ``name`` for anything else."""
    value = as_text(name, value)
    if len(value) > longest or not value.isprintable():
        raise ModelError(f"{name} must be one line of at most {longest} printable characters, not {value[:longest]!r}")
    return value


@dataclass(frozen=True, kw_only=True)
class Channel(ABC):
    """Numbers of one kind, and the code of each.

    Parameters
    ----------
    name : str
        Not empty; a header of a file of measured numbers has it.
    unit : str
        Of the measured numbers; empty where they have none.
    law : Law
    """

    encoding: ClassVar[Encoding]
    _kinds: ClassVar[dict[Encoding, type]] = {}

    name: str
    unit: str = ""
    law: Law = Law.LINEAR

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        Channel._kinds[cls.encoding] = cls

    @staticmethod
    def of(encoding):
        """The class of the channels of an :class:`Encoding`."""
        return Channel._kinds[as_member(Encoding, encoding)]

    def __post_init__(self):
        assign(self, name=as_line("Channel's name", self.name, MAX_NAME), unit=as_line("Channel's unit", self.unit, MAX_UNIT),
               law=as_member(Law, self.law))
        if not self.name.strip():
            raise ModelError("Channel's name must not be empty")

    @classmethod
    @abstractmethod
    def fit(cls, values, *, name, unit, law, width, steps, count=None):
        """The channel of measured ``values`` float64 [...]: its offset their mean, ``steps`` codes their deviation.

        Parameters
        ----------
        width : int
            Bits of a code.
        count : float, optional
            The unit's part that a raw count of the sensor is, where raw counts matter; chosen by default.
        """

    @abstractmethod
    def codes(self, values, form):
        """The codes int64 [...] of measured ``values`` float64 [...], in the range of the InputFormat ``form``."""

    @abstractmethod
    def measured(self, codes):
        """The numbers float64 [...] that ``codes`` int [...] stand for."""

    @property
    def source(self):
        """The :class:`~hadam_hw.input.source.Source` whose numbers it encodes where there is no front end."""
        return Source(self.name, self.unit)

    @property
    @abstractmethod
    def step(self):
        """The least difference of measured numbers that two codes tell apart."""

    def range(self, form):
        """The least and the greatest measured number, as floats, that codes of the InputFormat ``form`` stand for."""
        with np.errstate(over="ignore"):
            ends = self.measured(np.array([form.minimum, form.maximum]))
        return float(ends.min()), float(ends.max())

    def header(self):
        """The fields, ready for JSON."""
        return asdict(self) | {"law": self.law.value}


@dataclass(frozen=True, kw_only=True)
class ReferenceChannel(Channel):
    """``code = clip(rint(f((x - offset) / scale) * steps))`` in float64, ``rint`` to even where it is a tie.

    ``f`` is the identity, or the mu-law ``f(z) = sign(z) ln(1 + 255 |z|) / ln(256)``: codes then tell small numbers apart that
    would all be 0 beside the large ones of the same channel.

    Parameters
    ----------
    offset : float
        In the channel's unit; its code is 0.
    scale : float
        Above 0, in the channel's unit; the code of ``offset + scale`` is ``steps``.
    steps : int
    """

    encoding = Encoding.REFERENCE

    offset: float
    scale: float
    steps: int = STEPS

    def __post_init__(self):
        super().__post_init__()
        assign(self, offset=as_real("Channel's offset", self.offset), scale=as_positive("Channel's scale", self.scale),
               steps=as_integer_between("Channel's steps", self.steps, 1, MAX_STEPS))

    @classmethod
    def fit(cls, values, *, name, unit, law, width, steps, count=None):
        """As of :meth:`Channel.fit`."""
        deviation = values.std()
        return cls(name=name, unit=unit, law=law, steps=steps, offset=values.mean(), scale=deviation if deviation > 0 else 1.0)

    def codes(self, values, form):
        """As of :meth:`Channel.codes`."""
        with np.errstate(over="ignore"):  # what is beyond float64 is beyond the last code
            scaled = (values - self.offset) / self.scale
            if self.law is Law.MU_LAW:
                scaled = np.sign(scaled) * np.log1p(MU * np.abs(scaled)) / np.log1p(MU)
        return np.clip(np.rint(scaled * self.steps), form.minimum, form.maximum).astype(np.int64)

    def measured(self, codes):
        """The number of which the formula, without rounding, makes the code."""
        scaled = codes / self.steps
        if self.law is Law.MU_LAW:
            scaled = np.sign(scaled) * np.expm1(np.abs(scaled) * np.log1p(MU)) / MU
        return scaled * self.scale + self.offset

    @property
    def step(self):
        """That of the codes beside 0."""
        slope = 1.0 if self.law is Law.LINEAR else MU / math.log1p(MU)
        return self.scale / self.steps / slope


@dataclass(frozen=True, kw_only=True)
class IntegerChannel(Channel):
    """``level = round_shift(multiplier * (count - offset), shift)``, half-up; the code is the level or its mu-law, clipped.

    No multiplication is needed: ``multiplier`` has at most 4 signed binary digits, and the mu-law is that of
    :func:`hadam_hw.input.law.compress`.

    Parameters
    ----------
    count : float
        How large a raw count is, in the channel's unit.
    count_width : int
        Bits of a count, a signed word: 2 to 24.
    offset : int
        In counts; its code is 0.
    multiplier : int
        Not 0, of at most 20 bits.
    shift : int
    chord : int
        c of the mu-law, whose octaves have ``2**c`` codes; 0 where the law is linear.
    """

    encoding = Encoding.INTEGER

    count: float
    count_width: int = COUNT_WIDTH
    offset: int
    multiplier: int
    shift: int
    chord: int = 0

    def __post_init__(self):
        super().__post_init__()
        assign(self, count=as_positive("Channel's count", self.count),
               count_width=as_integer_between("Bits of a channel's count", self.count_width, 2, MAX_COUNT_WIDTH),
               multiplier=as_integer_between("Channel's multiplier", self.multiplier, -MAX_MULTIPLIER, MAX_MULTIPLIER),
               shift=as_integer_between("Channel's shift", self.shift, 0, MAX_SHIFT),
               chord=as_integer_between(f"Channel's chord of the law {self.law.value}", self.chord, 0,
                                        MAX_CHORD if self.law is Law.MU_LAW else 0))
        assign(self, offset=as_integer_between("Channel's offset, a count,", self.offset, self.lowest, self.highest))
        if not 1 <= len(signed_digits(self.multiplier)) <= MAX_DIGITS:
            raise ModelError(f"Channel's multiplier must be of 1 to {MAX_DIGITS} signed binary digits, not {self.multiplier}")

    @classmethod
    def fit(cls, values, *, name, unit, law, width, steps, count=None):
        """As of :meth:`Channel.fit`; a count that is chosen is a power of two of the unit."""
        deviation, mean, largest = values.std(), values.mean(), np.abs(values).max(initial=0)
        if count is None:
            count = 2.0 ** (math.ceil(math.log2(largest)) + 2 - COUNT_WIDTH) if largest > 0 else 1.0
        half = 1 << COUNT_WIDTH - 1
        chord = min(max(0, width - 5), MAX_CHORD) if law is Law.MU_LAW else 0
        level = steps if law is Law.LINEAR else (1 << chord) * (2.0 ** (steps / (1 << chord)) - 1)  # of one deviation
        multiplier, shift = few_digits(min(level * count / deviation if deviation > 0 else 1.0, MAX_MULTIPLIER / 2), FEW)
        return cls(name=name, unit=unit, law=law, count=count, offset=int(np.clip(np.rint(mean / count), -half, half - 1)),
                   multiplier=multiplier, shift=shift, chord=chord)

    @property
    def source(self):
        """As of :attr:`Channel.source`, with the count."""
        return Source(self.name, self.unit, self.count)

    @property
    def lowest(self):
        """The least raw count."""
        return -(1 << self.count_width - 1)

    @property
    def highest(self):
        """The greatest raw count."""
        return (1 << self.count_width - 1) - 1

    def counts(self, values):
        """The raw counts int64 [...] that a sensor would give for measured ``values`` [...]: the nearest, within its word."""
        with np.errstate(over="ignore"):
            counts = np.rint(values / self.count)
        return np.clip(counts, self.lowest, self.highest).astype(np.int64)

    def codes(self, values, form):
        """As of :meth:`Channel.codes`, by way of :meth:`counts`."""
        return self.codes_of_counts(self.counts(values), form)

    def codes_of_counts(self, counts, form):
        """The codes int64 [...] of raw ``counts`` int64 [...].

        Raises
        ------
        ModelError
            If one is beyond the word of ``count_width`` bits.
        """
        if counts.size and not (self.lowest <= counts.min() and counts.max() <= self.highest):
            raise ModelError(f"Counts of channel {self.name!r} must lie between {self.lowest} and {self.highest}, "
                             f"not between {counts.min()} and {counts.max()}")
        levels = round_shift(self.multiplier * (counts - self.offset), self.shift, Rounding.HALF_UP)
        return np.clip(levels if self.law is Law.LINEAR else compress(levels, self.chord), form.minimum, form.maximum)

    def measured(self, codes):
        """The middle of the levels that give a code."""
        codes = np.asarray(codes).astype(np.int64)
        levels = codes if self.law is Law.LINEAR else expand(codes, self.chord)
        return (levels * 2.0**self.shift / self.multiplier + self.offset) * self.count

    def range(self, form):
        """As of :meth:`Channel.range`, within the word of a count."""
        return tuple(min(max(end, self.lowest * self.count), self.highest * self.count) for end in super().range(form))

    @property
    def step(self):
        """That of the codes beside 0, or a count where that is more."""
        return max(self.count, self.count * 2.0**self.shift / abs(self.multiplier))
