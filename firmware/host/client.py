# SPDX-License-Identifier: BSD-2-Clause
"""Asks a device who it is, and lets it work through sequences."""

from typing import Protocol

from hadam_hw.errors import LinkError
from rtl_gen.link.frames import MAX_PAYLOAD, Command, ErrorCode, Frame, FrameReader, Identity, Result, encode_sequence

#: Seconds without a byte. The device answers some ms after a bad frame at the latest; USB adds some more.
DEFAULT_TIMEOUT = 1.0
#: Bytes after which what comes is no reply: the longest frame behind a header that was none of as many.
MAX_HEARD = 2 * MAX_PAYLOAD


class NoReplyError(LinkError):
    """Nothing that is a frame came back in time."""


class WrongReplyError(LinkError):
    """A good frame came back that answers another question."""


class DeviceError(LinkError):
    """The device says that it could not use the frame; :attr:`code` says why.

    Parameters
    ----------
    code : ErrorCode or int
        An ``int`` where this version does not know it.
    """

    def __init__(self, code):
        self.code = ErrorCode(code) if code in set(ErrorCode) else code
        name = self.code.name.lower().replace("_", " ") if isinstance(self.code, ErrorCode) else f"code {code}"
        super().__init__(f"Device could not use the frame: {name}; send it again")


class Transport(Protocol):
    """A line to a device: a serial port, or the pins of a simulated one."""

    def write(self, data: bytes) -> None:
        """Sends ``data``."""

    def read(self, timeout: float) -> bytes:
        """All that has come: at least a byte, or nothing after ``timeout`` seconds without one. 0 does not wait."""


class Client:
    """The host's end of the link: a question, an answer.

    Parameters
    ----------
    transport : Transport
    timeout : float
        Seconds without a byte after which no reply will come.
    """

    def __init__(self, transport, timeout=DEFAULT_TIMEOUT):
        self._transport = transport
        self._timeout = timeout
        self._identity = None

    def identify(self):
        """Asks the device for its :class:`~rtl_gen.link.frames.Identity`.

        Raises
        ------
        NoReplyError, WrongReplyError, DeviceError
            See the classes; all are :class:`~hadam_hw.errors.LinkError`.
        """
        self._identity = Identity.decode(self._ask(Frame(Command.IDENTIFY), Command.IDENTITY))
        return self._identity

    def infer(self, sequence):
        """Sends a sequence and returns the :class:`~rtl_gen.link.frames.Result` of its last step.

        Parameters
        ----------
        sequence : integers [steps][inputs]
            Within the input width of the device's model; the device is asked for it once.

        Raises
        ------
        LinkError
            If the sequence is empty, too long or does not fit the model; nothing was sent then.
        NoReplyError, WrongReplyError, DeviceError
            See the classes.
        """
        if len(sequence) == 0:
            raise LinkError("Sequence must have at least one vector, not 0")
        identity = self._identity or self.identify()
        frame = Frame(Command.INFER, encode_sequence(sequence, identity))
        return Result.decode(self._ask(frame, Command.RESULT), identity)

    def _ask(self, frame, wanted):
        data = frame.encode()
        self._transport.read(0)  # what came too late for an earlier question is nobody's now
        self._transport.write(data)
        reader, heard, found = FrameReader(), 0, []
        while not found:
            got = self._transport.read(self._timeout)
            heard += len(got)
            found = reader.feed(got) if got else reader.flush()
            if not found and (not got or heard > MAX_HEARD):
                raise NoReplyError(f"Device must answer within {self._timeout:g} s, and {heard} bytes that are no frame came; "
                                   "check port, baud rate and bitstream")
        reply = found[0]
        if reply.command == Command.ERROR and len(reply.payload) == 1:
            raise DeviceError(reply.payload[0])
        if reply.command != wanted:
            raise WrongReplyError(f"Reply must be {wanted.name}, not command {reply.command}; "
                                  "is the bitstream of this version?")
        return reply.payload
