# SPDX-License-Identifier: BSD-2-Clause
"""The frames of the link: their one definition, for gateware and host (docs/link.md).

A frame is ``SYNC, version and command, length (2 bytes), payload, CRC (2 bytes)``. Numbers are little-endian, but for the
CRC, which goes high byte first so that the CRC over everything behind ``SYNC`` is 0 in a good frame.
"""

import binascii
from dataclasses import dataclass, fields
from enum import IntEnum

from bitstring import Bits, pack

from hadam_hw.errors import LinkError

SYNC = 0xA5
VERSION = 1
HEADER_BYTES = 4
CRC_BYTES = 2
MAX_PAYLOAD = 0xFFFF
CLASS_BYTES = 2


class Command(IntEnum):
    """What a frame is; replies have bit 3 set."""

    IDENTIFY = 1
    INFER = 2
    IDENTITY = 9
    RESULT = 10
    ERROR = 15


class ErrorCode(IntEnum):
    """Why there is no result."""

    BAD_CRC = 1
    BAD_VERSION = 2
    UNKNOWN_COMMAND = 3
    BAD_LENGTH = 4
    TRUNCATED = 5
    OVERRUN = 6
    FRAMING = 7


@dataclass(frozen=True)
class Frame:
    """A command and its payload (bytes)."""

    command: int
    payload: bytes = b""

    def encode(self):
        """The bytes on the line.

        Raises
        ------
        LinkError
            If the payload is longer than 65,535 bytes.
        """
        if len(self.payload) > MAX_PAYLOAD:
            raise LinkError(f"Payload must be at most {MAX_PAYLOAD} bytes, not {len(self.payload)}; send a shorter sequence")
        body = pack("uint:4, uint:4, uintle:16", VERSION, self.command, len(self.payload)).bytes + self.payload
        return bytes([SYNC]) + body + crc16(body).to_bytes(2, "big")


def crc16(data):
    """CRC-16/XMODEM: polynomial 0x1021, initial value 0, nothing reflected."""
    return binascii.crc_hqx(data, 0)


@dataclass(frozen=True)
class Identity:
    """What a device says of itself; the payload of ``IDENTITY``.

    ``digest`` is the first 8 bytes of the model's digest in hex, ``steps_clocks`` the clocks of one step.
    """

    digest: str
    size: int
    inputs: int
    outputs: int
    input_width: int
    input_signed: bool
    output_bytes: int
    state_width: int
    steps_clocks: int
    clock_hz: int
    baud: int

    _FORMAT = ("bytes:8, uintle:16, uintle:16, uintle:16, uint:8, uint:8, uint:8, uint:8, uintle:16, uintle:32, uintle:32")

    def encode(self):
        """The payload."""
        values = [bytes.fromhex(self.digest), *(getattr(self, field.name) for field in fields(self)[1:])]
        return pack(self._FORMAT, *values).bytes

    @classmethod
    def decode(cls, payload):
        """The identity in a payload. Raises LinkError if it is not one."""
        try:
            digest, *values = Bits(payload).unpack(cls._FORMAT)
        except ValueError:
            values = []
        if len(values) != len(fields(cls)) - 1 or len(payload) != IDENTITY_BYTES:
            raise LinkError(f"Identity must have {IDENTITY_BYTES} bytes, not {len(payload)}; is the bitstream of this version?")
        values[4] = bool(values[4])
        return cls(digest.hex(), *values)

    @property
    def element_bytes(self):
        """Bytes of one element of the input on the line."""
        return element_bytes(self.input_width)


def element_bytes(width):
    """Bytes that an element of ``width`` bits takes on the line."""
    return -(-width // 8)


def logit_bytes(width):
    """Bytes that a logit of ``width`` bits takes on the line: 4, or 8 where 4 do not hold it."""
    return 4 if width <= 32 else 8


IDENTITY_BYTES = len(Identity("00" * 8, 0, 0, 0, 0, False, 0, 0, 0, 0, 0).encode())


def encode_sequence(sequence, identity):
    """The payload of ``INFER`` for integers [steps][inputs].

    Raises
    ------
    LinkError
        If a vector has the wrong number of elements or an element does not fit.
    """
    width, signed = identity.input_width, identity.input_signed
    low, high = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
    payload = bytearray()
    for vector in sequence:
        if len(vector) != identity.inputs:
            raise LinkError(f"Each vector must have {identity.inputs} elements, not {len(vector)}")
        for value in vector:
            if not low <= value <= high:
                raise LinkError(f"Elements must lie between {low} and {high}, not {value}")
            payload += int(value).to_bytes(identity.element_bytes, "little", signed=signed)
    return bytes(payload)


@dataclass(frozen=True)
class Result:
    """The payload of ``RESULT``: all logits, then the class (the lowest index among the largest)."""

    logits: tuple[int, ...]
    label: int

    def encode(self, output_bytes):
        """The payload, ``output_bytes`` a logit."""
        return b"".join(y.to_bytes(output_bytes, "little", signed=True) for y in self.logits) \
            + self.label.to_bytes(CLASS_BYTES, "little")

    @classmethod
    def decode(cls, payload, identity):
        """The result in a payload. Raises LinkError if it is not one of such a device."""
        size = identity.output_bytes
        if len(payload) != identity.outputs * size + CLASS_BYTES:
            raise LinkError(f"Result must have {identity.outputs * size + CLASS_BYTES} bytes, not {len(payload)}")
        logits = tuple(int.from_bytes(payload[k * size:(k + 1) * size], "little", signed=True)
                       for k in range(identity.outputs))
        return cls(logits, int.from_bytes(payload[-CLASS_BYTES:], "little"))


class FrameReader:
    """Finds good frames in a stream of bytes, and goes on after bad ones.

    Whatever does not check as a frame is skipped byte by byte, so that a good frame behind garbage is found, even if the
    garbage looked like a header.
    """

    def __init__(self):
        self._buffer = bytearray()
        #: Bytes that belonged to no good frame.
        self.skipped = 0

    def feed(self, data):
        """Takes bytes and returns the list of good frames that they complete."""
        self._buffer += data
        found = []
        while (frame := self._next()) is not None:
            found.append(frame)
        return found

    def flush(self):
        """Gives up waiting for the rest of what looked like a frame; returns the frames found behind it."""
        found = []
        while self._buffer:
            self._skip(1)
            found += self.feed(b"")
        return found

    def _skip(self, count):
        del self._buffer[:count]
        self.skipped += count

    def _next(self):
        while True:
            start = self._buffer.find(SYNC)
            self._skip(len(self._buffer) if start < 0 else start)
            if len(self._buffer) < HEADER_BYTES:
                return None
            version, command = divmod(self._buffer[1], 16)
            if version != VERSION:
                self._skip(1)
                continue
            total = HEADER_BYTES + int.from_bytes(self._buffer[2:4], "little") + CRC_BYTES
            if len(self._buffer) < total:
                return None
            if crc16(bytes(self._buffer[1:total])):
                self._skip(1)
                continue
            payload = bytes(self._buffer[HEADER_BYTES:total - CRC_BYTES])
            del self._buffer[:total]
            return Frame(command, payload)
