# SPDX-License-Identifier: BSD-2-Clause
"""Finds frames in a stream of bytes."""

from rtl_gen.link.frames import CRC_BYTES, HEADER, HEADER_BYTES, MAX_PAYLOAD, SYNC, VERSION, Frame, crc16


class FrameReader:
    """Finds good frames in a stream of bytes, and goes on after bad ones.

    Whatever does not check as a frame is skipped byte by byte, so that a good frame behind garbage is found, even if the
    garbage looked like a header.

    Parameters
    ----------
    longest : int
        Bytes of the longest payload that can come; what announces a longer one is no header.
    """

    def __init__(self, longest=MAX_PAYLOAD):
        self._buffer = bytearray()
        self._longest = longest
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
            header = HEADER.decode(self._buffer[:HEADER_BYTES])
            if header.version != VERSION or header.length > self._longest:
                self._skip(1)
                continue
            total = HEADER_BYTES + header.length + CRC_BYTES
            if len(self._buffer) < total:
                return None
            if crc16(bytes(self._buffer[1:total])):
                self._skip(1)
                continue
            payload = bytes(self._buffer[HEADER_BYTES:total - CRC_BYTES])
            del self._buffer[:total]
            return Frame(header.command, payload, header.tag)
