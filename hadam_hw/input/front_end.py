# SPDX-License-Identifier: BSD-2-Clause
"""The front end: what makes vectors of samples before they are encoded. None, or a kind that is registered by its class."""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from hadam_hw.errors import ModelError
from hadam_hw.input.source import Source


class FrontEnd(ABC):
    """Samples of its sources in, a vector of ``features`` numbers a frame out.

    A kind gives ``kind``, the attributes below, ``header``, ``parse`` and ``__call__``. One that gateware and C can compute
    sets ``exact`` and gives ``counts`` and ``from_counts`` too. It is known by its ``kind`` as soon as its class exists.
    """

    #: The word for the kind in a model file.
    kind: ClassVar[str]
    #: What 1 in a vector of integers is worth, in ``unit``.
    step: ClassVar[float] = 1.0
    #: Whether it is defined in integers from raw counts on, so that an integer encoding may follow it.
    exact: ClassVar[bool] = False
    #: In a few words, for a person.
    words: str
    #: Samples a second that it is made for, or None.
    rate_hz: float | None
    #: Samples that a vector is made of, and from one vector to the next.
    frame: int
    frame_hop: int
    #: Elements of a vector, a name for each, and their unit; None where they are those of a sample.
    features: int | None
    names: tuple[str, ...] | None
    unit: str | None
    #: The numbers of a sample; None where those are the encoded channels themselves.
    sources: tuple[Source, ...] | None
    _kinds: ClassVar[dict[str, type]] = {}

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        FrontEnd._kinds[cls.kind] = cls

    @staticmethod
    def kinds():
        """The kinds that there are, by their words in a model file."""
        return dict(FrontEnd._kinds)

    @abstractmethod
    def header(self):
        """What defines it, ready for JSON; ``kind`` is added to it."""

    @classmethod
    @abstractmethod
    def parse(cls, header):
        """The front end of what :meth:`header` gave; a TypeError, KeyError or ModelError for anything else."""

    @abstractmethod
    def __call__(self, measured):
        """Vectors float64 [frames, features] of ``measured`` float64 [samples, sources]."""

    def counts(self, measured):
        """The raw counts int64 [samples, sources] that a sensor would give for ``measured`` float64 of that shape."""
        raise ModelError(self._refusal)

    def from_counts(self, counts):
        """Vectors int64 [frames, features] of raw ``counts`` int64 [samples, sources]."""
        raise ModelError(self._refusal)

    @property
    def _refusal(self):
        return (f"Front end must be defined in integers to start from counts, and {self.kind} is computed on the host in "
                "floating point; take --front-end bank")


@dataclass(frozen=True)
class NoFrontEnd(FrontEnd):
    """A sample is a vector."""

    kind = "none"
    exact = True
    words = "none"
    rate_hz = None
    frame = frame_hop = 1
    features = sources = names = unit = None

    def header(self):
        """Nothing."""
        return asdict(self)

    @classmethod
    def parse(cls, header):
        """Of nothing."""
        return cls(**header)

    def __call__(self, measured):
        return np.asarray(measured)

    def from_counts(self, counts):
        """The counts as they are."""
        return np.asarray(counts)
