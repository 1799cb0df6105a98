# SPDX-License-Identifier: BSD-2-Clause
"""The input of a model: how measured numbers become the integers that its first layer takes (docs/numerics.md)."""

import hashlib
import json
from dataclasses import asdict, dataclass, field

import numpy as np

from hadam_hw.checks import (
    as_array,
    as_instance,
    as_integer,
    as_integer_between,
    as_integers,
    as_names,
    as_positive,
    as_tuple,
    assign,
)
from hadam_hw.errors import ModelError
from hadam_hw.input.channel import COMPANDED_STEPS, MAX_COUNT_WIDTH, STEPS, Channel, as_line
from hadam_hw.input.front_end import FrontEnd, NoFrontEnd
from hadam_hw.input.law import Encoding, Law
from hadam_hw.input.length import MAX_STEPS, LengthRule
from hadam_hw.layer import InputFormat
from hadam_hw.terminal import listed

MAX_SOURCE = 400
MAX_RATE_HZ = 1e9


@dataclass(frozen=True)
class Input:
    """From measured numbers to integer vectors: front end, crop, encoding of each channel, padding.

    An input without channels knows its format alone, as of a model whose file says no more: it answers all that an InputFormat
    does, and encodes nothing.

    Parameters
    ----------
    format : InputFormat
        Of a vector, as the first layer takes it.
    channels : tuple of Channel
        One for each element of a vector, all of one encoding.
    rate_hz : float, optional
        Samples a second.
    front_end : FrontEnd
    window, hop : int, optional
        In steps: the length of the pieces that a long recording is cut into, and from the start of one to that of the next.
    length : LengthRule
        Of one sequence.
    source, licence : str
        Of the data that it was made for.

    Raises
    ------
    ModelError
        With one sentence that names the field.
    """

    format: InputFormat
    channels: tuple[Channel, ...] = ()
    rate_hz: float | None = None
    front_end: FrontEnd = field(default_factory=NoFrontEnd)
    window: int | None = None
    hop: int | None = None
    length: LengthRule = field(default_factory=LengthRule)
    source: str = ""
    licence: str = ""

    def __post_init__(self):
        as_instance("Input's format", self.format, InputFormat)
        as_instance("Front end", self.front_end, FrontEnd)
        as_instance("Length rule", self.length, LengthRule)
        assign(self, channels=as_tuple("Channels", self.channels, Channel),
               source=as_line("Source of the data", self.source, MAX_SOURCE),
               licence=as_line("Licence of the data", self.licence, MAX_SOURCE))
        if self.rate_hz is not None:
            assign(self, rate_hz=as_positive("Rate", self.rate_hz))
            if self.rate_hz > MAX_RATE_HZ:
                raise ModelError(f"Rate must be at most {MAX_RATE_HZ:g} Hz, not {self.rate_hz:g}")
        for name in ("window", "hop"):
            if getattr(self, name) is not None:
                steps = as_integer_between(f"Input's {name}, in steps,", getattr(self, name), 1, MAX_STEPS)
                assign(self, **{name: steps})
        if (self.window is None) != (self.hop is None):
            raise ModelError("Window and hop must be given both or neither")
        if self.channels:
            self._check_channels()

    def _check_channels(self):
        names = [channel.name for channel in self.channels]
        if len(names) != self.format.size:
            raise ModelError(f"Input must have a channel for each of its {self.format.size} elements, not {len(names)}")
        if len(set(names)) < len(names):
            twice = next(name for k, name in enumerate(names) if name in names[:k])
            raise ModelError(f"Channels must have names of their own, and two are {twice!r}")
        if len({channel.encoding for channel in self.channels}) > 1:
            raise ModelError("Channels must be of one encoding, all reference or all integer")
        for channel in self.channels:
            if not np.isfinite(channel.range(self.format)).all():
                raise ModelError(f"Channel {channel.name!r} must have a finite range, and its last code is beyond all numbers")
        if self.front_end.features not in (None, len(names)):
            raise ModelError(f"Front end must give {len(names)} elements, one a channel, not {self.front_end.features}")
        if self.front_end.rate_hz is not None and self.rate_hz != self.front_end.rate_hz:
            raise ModelError(f"Rate must be the front end's, {self.front_end.rate_hz:g} Hz, not {self.rate_hz}")
        if self.encoding is Encoding.INTEGER and not self.front_end.exact:
            raise ModelError(f"Front end of an integer encoding must be defined in integers, and {self.front_end.kind} is "
                             "computed on the host in floating point; take --front-end bank, or the reference encoding")

    # What an InputFormat answers, an input answers too, so that whoever asks a model's input for its width need not know more.

    @property
    def size(self):
        """Elements of a vector."""
        return self.format.size

    @property
    def width(self):
        """Bits of an element."""
        return self.format.width

    @property
    def signed(self):
        """Whether elements are signed."""
        return self.format.signed

    @property
    def minimum(self):
        """The least element."""
        return self.format.minimum

    @property
    def maximum(self):
        """The greatest element."""
        return self.format.maximum

    def holds(self, values):
        """Whether all ``values`` are in the range of an element."""
        return self.format.holds(values)

    @property
    def known(self):
        """Whether measured numbers can be encoded: whether there are channels."""
        return bool(self.channels)

    @property
    def encoding(self):
        """The :class:`Encoding` of the channels, or None where there are none."""
        return self.channels[0].encoding if self.channels else None

    @property
    def sources(self):
        """A :class:`~hadam_hw.input.source.Source` for each of the numbers that are measured, in their order."""
        if self.front_end.sources is not None:
            return self.front_end.sources
        return tuple(channel.source for channel in self.channels)

    @property
    def step_hz(self):
        """Vectors a second, or None where the rate is not known."""
        return None if self.rate_hz is None else self.rate_hz / self.front_end.frame_hop

    @property
    def digest(self):
        """SHA-256, in hex, over all that decides which integers come of which numbers: not names, source and licence."""
        facts = {"format": asdict(self.format)} | self.header()
        facts["channels"] = [{name: value for name, value in entry.items() if name != "name"} for entry in facts["channels"]]
        for name in ("source", "licence"):
            del facts[name]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def header(self):
        """All but the format, ready for JSON (:mod:`hadam_hw.input.parse` reads it)."""
        length = {"steps": self.length.steps, "padding": self.length.padding.value, "crop": self.length.crop.value}
        return {
            "encoding": self.encoding and self.encoding.value, "channels": [channel.header() for channel in self.channels],
            "front_end": {"kind": self.front_end.kind} | self.front_end.header(), "rate_hz": self.rate_hz,
            "window": self.window, "hop": self.hop, "length": length, "source": self.source, "licence": self.licence}

    def encode(self, measured):
        """The integer vectors of one sequence.

        Parameters
        ----------
        measured : float [samples, sources]
            In the units of :attr:`sources`, at ``rate_hz``; of one source [samples] too.

        Returns
        -------
        int64 [steps, d_in]

        Raises
        ------
        ModelError
            If the input knows no channels, or these are no such numbers.
        """
        values = self._checked(measured)
        if self.encoding is Encoding.INTEGER:
            return self._finish_counts(self._counts(values))
        return self.length.padded(self.codes(self._kept(self.front_end(values))))

    def encode_counts(self, counts):
        """The integer vectors int64 [steps, d_in] of raw counts int [samples, sources].

        With the encoding ``integer`` they are those of gateware and C. With ``reference`` they are those of the measured
        numbers, where the sources say how large a count is.

        Raises
        ------
        ModelError
            If they do not, or these are no such counts.
        """
        counts = self._shaped(as_integers("Counts", counts))
        if self.encoding is Encoding.INTEGER:
            return self._finish_counts(counts)
        sizes = [source.count for source in self.sources]
        if None in sizes:
            raise ModelError("Counts must go to an input that says how large they are, and this one, of reference encoding, "
                             "takes measured numbers; give those, or fit a model with --encoding integer")
        return self.encode(counts * np.array(sizes))

    def windows(self, measured):
        """The windows int64 [count, window, d_in] of a long recording, one every ``hop`` steps; what is left over is not used.

        Raises
        ------
        ModelError
            As of :meth:`encode`, or if the input has no window, or the recording is shorter.
        """
        if self.window is None:
            raise ModelError("Input must have a window to cut recordings, and this one takes sequences as they are")
        whole = Input(self.format, self.channels, self.rate_hz, self.front_end).encode(measured)
        if len(whole) < self.window:
            raise ModelError(f"Recording must have at least a window of {self.window} steps, not {len(whole)}")
        return np.lib.stride_tricks.sliding_window_view(whole, self.window, axis=0)[::self.hop].transpose(0, 2, 1).copy()

    def codes(self, vectors, dtype=np.int64):
        """The codes [..., d_in] of what the front end gave, ``vectors`` float64 [..., d_in], without the length rule."""
        vectors = np.asarray(vectors)
        made = np.empty(vectors.shape, dtype=dtype)
        for k, channel in enumerate(self.channels):  # one by one: the float64 of all would be eight times the data
            made[..., k] = channel.codes(vectors[..., k].astype(np.float64), self.format)
        return made

    def measured(self, codes):
        """The numbers float64 [..., d_in], as the front end gives them, that ``codes`` [..., d_in] stand for."""
        return np.stack([channel.measured(codes[..., k]) for k, channel in enumerate(self.channels)], axis=-1)

    def _finish_counts(self, counts):
        vectors = self._kept(self.front_end.from_counts(counts))
        codes = [channel.codes_of_counts(vectors[:, k], self.format) for k, channel in enumerate(self.channels)]
        return self.length.padded(np.stack(codes, axis=1))

    def _kept(self, vectors):
        """What the length rule keeps of the front end's ``vectors``."""
        if not len(vectors):
            raise ModelError(f"Sequence must have a frame of {self.front_end.frame} samples at least")
        return self.length.cropped(vectors)

    def _counts(self, values):
        if self.front_end.sources is not None:
            return self.front_end.counts(values)
        return np.stack([channel.counts(values[:, k]) for k, channel in enumerate(self.channels)], axis=1)

    def _checked(self, measured):
        values = self._shaped(as_array("Measured numbers", measured)).astype(np.float64, copy=False)
        wrong = np.argwhere(~np.isfinite(values))
        if len(wrong):
            sample, source = wrong[0]
            raise ModelError(f"Measured numbers must be finite, and sample {sample} of {self.sources[source].name!r} is "
                             f"{values[sample, source]}")
        return values

    def _shaped(self, values):
        if not self.known:
            raise ModelError("Input must know its channels to take measured numbers, and this model's file says only that a "
                             f"vector is {self.size} integers between {self.minimum} and {self.maximum}; give those to "
                             "golden.run, or fit the model again")
        count = len(self.sources)
        values = values[:, None] if values.ndim == 1 and count == 1 else values
        if values.ndim != 2 or values.shape[1] != count or not len(values):
            names = listed([source.name for source in self.sources])
            raise ModelError(f"Sequence must be numbers [samples, {count}], a column each of {names}, not {list(values.shape)}")
        return values

    @classmethod
    def fit(cls, recordings, *, channels=None, units=None, width=8, companded=(), encoding=Encoding.INTEGER, counts=None,
            steps=None, rate_hz=None, front_end=None, window=None, hop=None, length=None, source="", licence=""):
        """The input of training data: each channel by its mean and its deviation, in signed codes.

        A channel that never changes counts as of deviation 1.

        Parameters
        ----------
        recordings : list of float [samples, sources], or float [sequences, samples, sources]
            All of the training part, and never a test sequence.
        channels, units : sequence of str, optional
            Of the sources; a front end has its own. Names are ``channel_0`` and so on by default.
        width : int
            Bits of a code, 2 to 16.
        companded : sequence of str, or bool
            The channels by the mu-law: their names, or all or none.
        encoding : Encoding
        counts : sequence of float, optional
            How large a raw count of the sensor is, in the unit of each channel; integer encoding only.
        steps : int, optional
            Codes of a deviation; by default 24 of 8 bits, or 48 where a channel is companded.
        rate_hz, front_end, window, hop, length, source, licence
            Fields of the input.

        Raises
        ------
        ModelError
            If a field is not what it must be, or the recordings are no such numbers.
        """
        front_end = NoFrontEnd() if front_end is None else as_instance("Front end", front_end, FrontEnd)
        length = LengthRule() if length is None else as_instance("Length rule", length, LengthRule)
        vectors = _vectors(recordings, front_end, length, Channel.of(encoding).encoding)
        return cls.fit_vectors(vectors, channels=channels, units=units, width=width, companded=companded, encoding=encoding,
                               counts=counts, steps=steps, rate_hz=rate_hz, front_end=front_end, window=window, hop=hop,
                               length=length, source=source, licence=licence)

    @classmethod
    def direct(cls, front_end, *, width, offset=0, signed=False, **facts):
        """The input that takes the integers of an exact ``front_end`` as they are, less ``offset``: gateware scales nothing.

        Parameters
        ----------
        width, signed
            Of a code; what is beyond it is clipped.
        offset : int, or sequence of int
            Of all elements, or of each.
        **facts
            Other fields of the input.

        Raises
        ------
        ModelError
            If the front end is not defined in integers, or a field is not what it must be.
        """
        form = InputFormat(front_end.features, width, signed)
        offsets = np.broadcast_to(as_integers("Offsets", offset), front_end.features).tolist()
        channels = tuple(Channel.of(Encoding.INTEGER)(name=name, unit=front_end.unit, count=front_end.step, offset=own,
                                                      count_width=MAX_COUNT_WIDTH, multiplier=1, shift=0)
                         for name, own in zip(front_end.names, offsets, strict=True))
        return cls(form, channels, front_end=front_end, **{"rate_hz": front_end.rate_hz} | facts)

    @classmethod
    def fit_vectors(cls, vectors, *, front_end, channels=None, units=None, width=8, companded=(), encoding=Encoding.INTEGER,
                    counts=None, steps=None, **facts):
        """The input of what ``front_end`` has made of training data, ``vectors`` [..., d_in]; the rest as of :meth:`fit`."""
        kind, form_width, size = Channel.of(encoding), as_integer("Input width", width), vectors.shape[-1]
        form = InputFormat(size, form_width, True)
        names = front_end.names or as_names("Channels", channels or [f"channel_{k}" for k in range(size)])
        units = (front_end.unit,) * size if front_end.unit is not None else as_names("Units", units or [""] * size)
        laws = _laws(names, companded)
        if front_end.sources is not None and kind.encoding is Encoding.INTEGER:
            counts = (front_end.step,) * size
        counts = (None,) * size if counts is None else tuple(as_positive("Count", count) for count in counts)
        if not len(names) == len(units) == len(counts) == size:
            raise ModelError(f"Channels, units and counts must be one for each of {size} columns, not {len(names)}, "
                             f"{len(units)} and {len(counts)}")
        if steps is None:
            steps = max(1, round((COMPANDED_STEPS if Law.MU_LAW in laws else STEPS) * 2.0 ** (form_width - 8)))
        made = tuple(kind.fit(vectors[..., k].astype(np.float64), name=names[k], unit=units[k], law=laws[k], width=form_width,
                              steps=as_integer("Steps", steps), count=counts[k]) for k in range(size))
        if facts.get("rate_hz") is None:
            facts["rate_hz"] = front_end.rate_hz
        return cls(form, made, front_end=front_end, **facts)


def _laws(names, companded):
    chosen = (set(names) if companded else set()) if isinstance(companded, (bool, np.bool_)) \
        else set(as_names("Companded channels", companded))
    unknown = chosen - set(names)
    if unknown:
        raise ModelError(f"Companded channels must be among {', '.join(names)}, not {sorted(unknown)[0]!r}")
    return tuple(Law.MU_LAW if name in chosen else Law.LINEAR for name in names)


def _vectors(recordings, front_end, length, encoding):
    """What ``front_end`` makes of recordings and ``length`` keeps, [total, d]."""
    parts = recordings if isinstance(recordings, np.ndarray) else [as_array("Recording", one) for one in recordings]
    if not len(parts):
        raise ModelError("Recordings must be at least one")
    parts = [one[:, None] if one.ndim == 1 else one for one in parts]
    if any(one.ndim != 2 or one.shape[1] != parts[0].shape[1] or not len(one) for one in parts):
        raise ModelError("Recordings must be numbers [samples, sources], all with the same sources and none empty")
    if front_end.sources is not None:
        exact = encoding is Encoding.INTEGER and front_end.exact
        parts = [front_end.from_counts(front_end.counts(one)) * front_end.step if exact else front_end(one) for one in parts]
    vectors = np.concatenate([length.cropped(one) for one in parts])
    if not np.isfinite(vectors).all():
        raise ModelError("Recordings must be finite numbers")
    return vectors
