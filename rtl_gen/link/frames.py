# SPDX-License-Identifier: BSD-2-Clause
"""The frames of the link: their one definition, for gateware, Python and the C header (docs/link.md).

A frame is a :data:`HEADER`, its payload and a CRC. Every field is a row of one of the :data:`LAYOUTS`: its place is counted in
bits from the start, lowest bit of the first byte first, so that numbers go low byte first. Only the CRC goes high byte first,
which makes the CRC over everything behind ``sync`` 0 in a good frame.
"""

import binascii
from collections import namedtuple
from dataclasses import dataclass
from enum import IntEnum

from bitstring import Bits, pack

from hadam_hw.errors import LinkError

SYNC = 0xA5
VERSION = 2
CRC_BYTES = 2
MAX_PAYLOAD = 0xFFFF
TAGS = 256
#: Of a byte on a UART line: a start bit, the byte, a stop bit.
UART_BITS = 10
#: What serial ports and their adapters can be told, the fastest first.
RATES = (3_000_000, 2_000_000, 1_500_000, 1_000_000, 921_600, 500_000, 460_800, 250_000, 230_400, 115_200, 57_600, 38_400)
#: Sender and receiver together; the receiver bears 4.5 % at 14 clocks a bit, and the host's end has its own error.
MAX_BAUD_ERROR = 0.02
#: Bytes of vectors that a ``STEP`` may carry, or one vector if that is longer.
STEP_BYTES = 256
#: Counters of ``STATUS`` stay at their largest value.
SATURATED_STEPS_BITS = 16
COUNTER_BITS = 8


class Command(IntEnum):
    """What a frame is; replies have bit 3 set. ``INFER`` acts before its CRC is known: it is two flips away from ``STEP``."""

    IDENTIFY = 1
    INFER = 2
    READ = 3
    STEP = 4
    STATUS = 5
    RESET = 6
    IDENTITY = 9
    RESULT = 10
    ACCEPTED = 11
    STATE = 13
    ERROR = 15


class ErrorCode(IntEnum):
    """Why the device did not do what the frame asks."""

    BAD_CRC = 1
    BAD_VERSION = 2
    UNKNOWN_COMMAND = 3
    BAD_LENGTH = 4
    TRUNCATED = 5
    OVERRUN = 6
    FRAMING = 7
    OUT_OF_ORDER = 8
    NO_RESULT = 9
    UNSUPPORTED = 10
    NOT_READY = 11
    WRONG_CODES = 12


#: The requests that a device with the lean link knows, and what answers them; to the others it says ``UNSUPPORTED``.
LEAN_COMMANDS = {Command.IDENTIFY: Command.IDENTITY, Command.INFER: Command.RESULT, Command.RESET: Command.ACCEPTED}
#: Codes that say that the frame was damaged on its way: nothing of it counts, whatever its tag.
DAMAGED = frozenset({ErrorCode.BAD_CRC, ErrorCode.BAD_VERSION, ErrorCode.UNKNOWN_COMMAND, ErrorCode.BAD_LENGTH,
                     ErrorCode.TRUNCATED, ErrorCode.FRAMING})


@dataclass(frozen=True)
class Field:
    """A number in a layout.

    Parameters
    ----------
    name : str
    offset, bits : int
        Its place, in bits from the start of the layout, lowest bit of the first byte first.
    """

    name: str
    offset: int
    bits: int


class Layout:
    """Unsigned numbers side by side in whole bytes, packed and unpacked by name.

    Parameters
    ----------
    name : str
    fields : (str, int)
        Name and bits of each field, in their order.
    """

    def __init__(self, name, *fields):
        self.name = name
        offsets = [sum(bits for _, bits in fields[:k]) for k in range(len(fields) + 1)]
        self.fields = tuple(Field(field, offset, bits) for (field, bits), offset in zip(fields, offsets))
        self.bytes = offsets[-1] // 8
        self.values = namedtuple(name, [field for field, _ in fields])
        # bitstring counts from the highest bit, so everything is turned round
        self._format = ", ".join(f"uint:{field.bits}" for field in reversed(self.fields))

    def encode(self, **values):
        """The bytes. Raises LinkError if a value does not fit its field."""
        for field in self.fields:
            if not 0 <= values[field.name] < 1 << field.bits:
                raise LinkError(f"{self.name}.{field.name} must be from 0 to {(1 << field.bits) - 1}, not {values[field.name]}")
        return pack(self._format, *(values[field.name] for field in reversed(self.fields))).bytes[::-1]

    def decode(self, data):
        """The values by name. Raises LinkError unless ``data`` has exactly :attr:`bytes` bytes."""
        if len(data) != self.bytes:
            raise LinkError(f"{self.name} must have {self.bytes} bytes, not {len(data)}; is the bitstream of this version?")
        return self.values(*reversed(Bits(bytes(data)[::-1]).unpack(self._format)))


HEADER = Layout("Header", ("sync", 8), ("command", 4), ("version", 4), ("tag", 8), ("length", 16))
STEP_HEAD = Layout("StepHead", ("first", 1), ("last", 1), ("unused", 6))
RESULT_HEAD = Layout("ResultHead", ("tag", 8))
RESULT_TAIL = Layout("ResultTail", ("label", 16))
STATE = Layout("State", ("tag", 8), ("in_sequence", 1), ("has_result", 1), ("unused", 6),
               ("saturated_steps", SATURATED_STEPS_BITS), ("overruns", COUNTER_BITS), ("bad_frames", COUNTER_BITS))
ERROR = Layout("Error", ("code", 8))
IDENTITY = Layout(
    "Identity", ("digest", 64), ("size", 16), ("inputs", 16), ("outputs", 16), ("input_width", 8), ("input_signed", 8),
    ("emit_every", 1), ("lean", 1), ("values", 1), ("unused", 5), ("output_bytes", 8), ("state_width", 8), ("step_vectors", 8),
    ("step_clocks", 32), ("answer_clocks", 32), ("silence_clocks", 32), ("clock_hz", 32), ("link_hz", 32))
#: All layouts, for whoever writes them down in another language.
LAYOUTS = (HEADER, STEP_HEAD, RESULT_HEAD, RESULT_TAIL, STATE, ERROR, IDENTITY)
HEADER_BYTES = HEADER.bytes


def crc16(data):
    """CRC-16/XMODEM: polynomial 0x1021, initial value 0, nothing reflected."""
    return binascii.crc_hqx(data, 0)


@dataclass(frozen=True)
class Frame:
    """A command, its payload (bytes) and the tag by which a reply belongs to its request."""

    command: int
    payload: bytes = b""
    tag: int = 0

    def encode(self):
        """The bytes on the line. Raises LinkError if the payload is longer than 65,535 bytes."""
        if len(self.payload) > MAX_PAYLOAD:
            raise LinkError(f"Payload must be at most {MAX_PAYLOAD} bytes, not {len(self.payload)}; send a shorter sequence")
        data = HEADER.encode(sync=SYNC, command=self.command, version=VERSION, tag=self.tag, length=len(self.payload)) \
            + self.payload
        return data + crc16(data[1:]).to_bytes(CRC_BYTES, "big")


@dataclass(frozen=True)
class Identity:
    """What a device says of itself; the payload of ``IDENTITY``.

    Parameters
    ----------
    digest : str
        The first 8 bytes of the model's digest, in hex.
    size, inputs, outputs, input_width, input_signed, emit_every, state_width
        The model's: units, elements of a vector, outputs, bits of an element, whether it is signed, whether each step is
        read out, bits of the state.
    output_bytes : int
        Bytes of a logit on the line.
    step_vectors : int
        Vectors that a ``STEP`` may carry; 1 where each step is read out, 0 on a lean link.
    step_clocks : int
        Clocks of a step.
    answer_clocks : int
        Clocks from a vector that is read out to the last output of its answer.
    silence_clocks : int
        Clocks of silence after which a frame is truncated.
    clock_hz : int
    link_hz : int
        The UART's rate; for SPI the highest that the device can follow.
    lean : bool
        The device knows :data:`LEAN_COMMANDS` alone.
    values : bool
        The outputs are values and no classes; a result's label tells whether the first is positive.
    """

    digest: str
    size: int
    inputs: int
    outputs: int
    input_width: int
    input_signed: bool
    emit_every: bool
    output_bytes: int
    state_width: int
    step_vectors: int
    step_clocks: int
    answer_clocks: int
    silence_clocks: int
    clock_hz: int
    link_hz: int
    lean: bool = False
    values: bool = False

    def encode(self):
        """The payload."""
        return IDENTITY.encode(**vars(self) | {"digest": int.from_bytes(bytes.fromhex(self.digest), "little"), "unused": 0})

    @classmethod
    def decode(cls, payload):
        """The identity in a payload. Raises LinkError if it is not one."""
        values = IDENTITY.decode(payload)._asdict()
        del values["unused"]
        return cls(**values | {"digest": values["digest"].to_bytes(8, "little").hex()} | {
            name: bool(values[name]) for name in ("input_signed", "emit_every", "lean", "values")})

    @property
    def vector_bytes(self):
        """Bytes of a vector on the line."""
        return vector_bytes(self.inputs, self.input_width)


def element_bytes(width):
    """Bytes that an element of ``width`` bits takes on the line."""
    return -(-width // 8)


def vector_bytes(inputs, width):
    """Bytes that a vector of ``inputs`` elements of ``width`` bits takes on the line."""
    return inputs * element_bytes(width)


def keeps_up(vector, step_clocks, clock_hz, baud):
    """Whether a core with steps of ``step_clocks`` takes vectors of ``vector`` bytes as fast as an ``INFER`` over a UART brings
    them, its host's rate being as high as it may be."""
    return step_clocks * baud * (1 + MAX_BAUD_ERROR) <= vector * UART_BITS * clock_hz


def logit_bytes(width):
    """Bytes that a logit of ``width`` bits takes on the line: 4, or 8 where 4 do not hold it."""
    return 4 if width <= 32 else 8


def result_bytes(outputs, each):
    """Bytes of the payload of ``RESULT`` with ``outputs`` logits of ``each`` bytes."""
    return RESULT_HEAD.bytes + outputs * each + RESULT_TAIL.bytes


def step_vectors(inputs, width, emit_every):
    """Vectors that a ``STEP`` may carry: one where each is read out, else what :data:`STEP_BYTES` hold."""
    return 1 if emit_every else max(1, min(255, STEP_BYTES // vector_bytes(inputs, width)))


def encode_vectors(vectors, identity):
    """Integers [steps][inputs] as they go over the line: the payload of ``INFER``, and what follows the head of ``STEP``.

    Raises
    ------
    LinkError
        If a vector has the wrong number of elements or an element does not fit.
    """
    width, signed = identity.input_width, identity.input_signed
    size = element_bytes(width)
    low, high = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
    payload = bytearray()
    for vector in vectors:
        if len(vector) != identity.inputs:
            raise LinkError(f"Each vector must have {identity.inputs} elements, not {len(vector)}")
        for value in vector:
            if not low <= value <= high:
                raise LinkError(f"Elements must lie between {low} and {high}, not {value}")
            payload += int(value).to_bytes(size, "little", signed=signed)
    return bytes(payload)


@dataclass(frozen=True)
class Result:
    """The payload of ``RESULT``: its request's tag, all logits, and their label (:func:`~hadam_hw.golden.label`)."""

    logits: tuple[int, ...]
    label: int
    tag: int = 0

    def encode(self, output_bytes):
        """The payload, ``output_bytes`` a logit."""
        return RESULT_HEAD.encode(tag=self.tag) \
            + b"".join(y.to_bytes(output_bytes, "little", signed=True) for y in self.logits) \
            + RESULT_TAIL.encode(label=self.label)

    @classmethod
    def decode(cls, payload, identity):
        """The result in a payload. Raises LinkError if it is not one of such a device."""
        size, expected = identity.output_bytes, result_bytes(identity.outputs, identity.output_bytes)
        if len(payload) != expected:
            raise LinkError(f"Result must have {expected} bytes, not {len(payload)}")
        head, logits, tail = payload[:RESULT_HEAD.bytes], payload[RESULT_HEAD.bytes:-RESULT_TAIL.bytes], \
            payload[-RESULT_TAIL.bytes:]
        return cls(tuple(int.from_bytes(logits[k:k + size], "little", signed=True) for k in range(0, len(logits), size)),
                   RESULT_TAIL.decode(tail).label, RESULT_HEAD.decode(head).tag)
