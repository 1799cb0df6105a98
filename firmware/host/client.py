# SPDX-License-Identifier: BSD-2-Clause
"""Asks a device who it is, and lets it work through sequences."""

import math
import time

from firmware.host.errors import DeviceError, NoReplyError, SequenceLostError, WrongModelError, WrongReplyError
from hadam_hw.errors import LinkError
from rtl_gen.link.frame_reader import FrameReader
from rtl_gen.link.frames import (
    DAMAGED,
    ERROR,
    IDENTITY,
    MAX_PAYLOAD,
    STATE,
    STEP_HEAD,
    TAGS,
    UART_BITS,
    Command,
    ErrorCode,
    Frame,
    Identity,
    Result,
    encode_vectors,
    keeps_up,
    result_bytes,
)

#: Seconds without a byte. The device answers some ms after a bad frame at the latest; USB adds some more.
DEFAULT_TIMEOUT = 1.0
ATTEMPTS = 4
#: Seconds after which a device that was still loading is asked again; the largest codes take 60 ms.
LOADING = 0.05
#: Bytes after which what comes is no reply: the longest frame behind a header that was none of as many.
MAX_HEARD = 2 * MAX_PAYLOAD
#: Seconds for the bytes of a reply, once they come: the longest takes 17 at 9,600 baud. What takes longer is dripped, and none.
MAX_REPLY_SECONDS = 30.0
#: Of the tags, this far from those of the steps are those of all else: so no late reply is taken for another's.
FAR = 64


class Client:
    """The host's end of the link: a question, an answer. A context manager that closes the transport.

    Whatever is lost or damaged on the way, or comes while the device still loads, is asked again, up to ``attempts`` times in
    all, with the same tag. All requests
    but ``STEP`` may be repeated freely; a ``STEP`` with the tag of the last one is answered again, and not taken again.

    Parameters
    ----------
    transport : Transport
        Where it has a method ``now``, its seconds are the ones that count.
    digest : str, optional
        Of the model that the device must compute; a longer one is compared as far as the device knows its own.
    timeout : float
        Seconds without a byte after which no reply will come; finite, more than 0.
    attempts : int
        Times that a request is sent, at most; 1 or more.

    Raises
    ------
    LinkError
        If ``timeout`` or ``attempts`` is out of its range.
    """

    def __init__(self, transport, *, digest=None, timeout=DEFAULT_TIMEOUT, attempts=ATTEMPTS):
        if not isinstance(attempts, int) or attempts < 1:
            raise LinkError(f"Attempts must be a whole number from 1 on, not {attempts!r}; the default is {ATTEMPTS}")
        if not 0 < timeout < math.inf:
            raise LinkError(f"Timeout must be a finite number of seconds greater than 0, not {timeout!r}; "
                            f"the default is {DEFAULT_TIMEOUT:g}")
        self._transport = transport
        # a virtual board has a clock of its own, which a slow machine does not hurry
        self._now = getattr(transport, "now", time.monotonic)
        self._digest = digest
        self._timeout = timeout
        self._attempts = attempts
        self._identity = None
        self._step_tag = None  # of the last STEP; None: the device must be asked
        self._others = 0
        #: Requests that had to be sent again.
        self.repeated = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def close(self):
        """Closes the transport."""
        self._transport.close()

    def identify(self):
        """Asks the device for its :class:`~rtl_gen.link.frames.Identity`.

        Raises
        ------
        WrongModelError
            If it computes another model than the one asked for.
        NoReplyError, WrongReplyError, DeviceError
            See the classes; all are :class:`~hadam_hw.errors.LinkError`.
        """
        identity = Identity.decode(self._ask(Command.IDENTIFY, b"", Command.IDENTITY))
        if self._digest is not None and not self._digest.startswith(identity.digest):
            raise WrongModelError(f"Device must compute the model {self._digest[:16]}, not {identity.digest}; "
                                  "load the bitstream that was built from this file")
        self._identity = identity
        return identity

    def infer(self, sequences):
        """The results of sequences, integers [steps, inputs] each, as a list; see :meth:`each`."""
        return list(self.each(sequences))

    def each(self, sequences):
        """Yields for each sequence its :class:`~rtl_gen.link.frames.Result`, or the list of them where each step is read out.

        Raises
        ------
        LinkError
            If a sequence is empty or does not fit the model; nothing of it was sent then.
        NoReplyError, WrongReplyError, DeviceError, SequenceLostError
            See the classes.
        """
        identity = self._identity or self.identify()
        for sequence in sequences:
            if len(sequence) == 0:
                raise LinkError("Sequence must have at least one vector, not 0")
            payload = encode_vectors(sequence, identity)
            if identity.emit_every:
                yield list(self.stream(sequence))
            elif not identity.lean and (len(payload) > MAX_PAYLOAD or self._core_is_slower()):
                yield from self.stream(sequence)
            else:
                result = self._ask(Command.INFER, payload, Command.RESULT,
                                   len(sequence) * identity.step_clocks + identity.answer_clocks)
                yield Result.decode(result, identity)

    def stream(self, vectors):
        """Sends a sequence of unknown length; yields a result a vector, or the last one's where only that is read out.

        Where each step is read out, a vector is sent as soon as it is there, and its result comes before the next is asked for.
        A device with the lean link has no steps: there the sequence is gathered and sent as a whole, at most 65,535 bytes.

        Raises
        ------
        SequenceLostError
            If the device works on something else, which a damaged frame that looks like another request can cause.
        LinkError
            As :meth:`each`.
        """
        identity = self._identity or self.identify()
        if identity.lean:
            whole = list(vectors)
            yield from self.each([whole] if whole else [])
            return
        if self._step_tag is None:
            self._step_tag = self.status().tag
        chunk, first = [], True
        for vector in vectors:
            if identity.emit_every:
                yield self._step([vector], first=first, last=False)
                first = False
            else:  # the last vector must be known as such, so one is kept back
                if len(chunk) == identity.step_vectors:
                    self._step(chunk, first=first, last=False)
                    chunk, first = [], False
                chunk.append(vector)
        if chunk:
            yield self._step(chunk, first=first, last=True)

    def status(self):
        """What the device counted since its last reset: the values of :data:`~rtl_gen.link.frames.STATE`, by name."""
        return STATE.decode(self._ask(Command.STATUS, b"", Command.STATE))

    def read(self):
        """The last :class:`~rtl_gen.link.frames.Result` once more; its ``tag`` says to which request it belongs."""
        identity = self._identity or self.identify()
        return Result.decode(self._ask(Command.READ, b"", Command.RESULT), identity)

    def reset(self):
        """Ends the device's sequence, forgets its result, sets its counters to 0."""
        self._ask(Command.RESET, b"", Command.ACCEPTED)

    def _core_is_slower(self):
        """Whether vectors arrive faster than the core takes them, so that they must wait in the device's memory."""
        identity = self._identity
        return not keeps_up(identity.vector_bytes, identity.step_clocks, identity.clock_hz, identity.link_hz)

    def _step(self, vectors, *, first, last):
        identity = self._identity
        payload = STEP_HEAD.encode(first=first, last=last, unused=0) + encode_vectors(vectors, identity)
        tag = (self._step_tag + 1) % TAGS
        read_out = last or identity.emit_every
        self._step_tag = None  # unless all goes well
        reply = self._ask(Command.STEP, payload, Command.RESULT if read_out else Command.ACCEPTED,
                          len(vectors) * identity.step_clocks + identity.answer_clocks, tag=tag)
        if read_out:
            result = Result.decode(reply, identity)
            if result.tag != tag:
                raise WrongReplyError(f"Result must be that of request {tag}, not of {result.tag}; start the sequence again")
        self._step_tag = tag
        return result if read_out else None

    def _other_tag(self):
        self._others = (self._others + 1) % (TAGS - 2 * FAR)
        return ((self._step_tag or 0) + FAR + self._others) % TAGS

    def _ask(self, command, payload, wanted, clocks=0, tag=None):
        """Sends a request until it is answered; returns the payload of the reply."""
        tag = self._other_tag() if tag is None else tag
        data = Frame(command, payload, tag).encode()
        patience = self._timeout + self._duration(len(data), clocks)
        for attempt in range(self._attempts):
            self.repeated += attempt > 0
            self._transport.read(0)  # what came too late for an earlier question is nobody's now
            self._transport.write(data)
            try:
                reply = self._await(tag, patience)
            except NoReplyError as error:
                problem = error
                continue
            if reply.command == Command.ERROR:
                problem = DeviceError(ERROR.decode(reply.payload).code)
                if problem.code in DAMAGED:
                    continue
                if problem.code == ErrorCode.NOT_READY:
                    self._transport.read(LOADING)
                    continue
                if problem.code == ErrorCode.OUT_OF_ORDER:
                    raise SequenceLostError("Device must still work on this sequence, and does not; start it again")
                raise problem
            if reply.command != wanted:
                raise WrongReplyError(f"Reply must be {wanted.name}, not command {reply.command}; "
                                      "is the bitstream of this version?")
            return reply.payload
        raise problem

    def _duration(self, size, clocks):
        """Seconds that the request's bytes and the device's work take."""
        identity = self._identity
        return size * UART_BITS / identity.link_hz + clocks / identity.clock_hz if identity else 0.0

    def _await(self, tag, patience):
        """The first frame that answers ``tag``, or says that what came was damaged."""
        identity = self._identity
        longest = max(IDENTITY.bytes, result_bytes(identity.outputs, identity.output_bytes)) if identity else MAX_PAYLOAD
        reader, heard = FrameReader(longest), 0
        ends = self._now() + patience + MAX_REPLY_SECONDS  # a byte now and then must not go on for days
        while True:
            got = self._transport.read(patience)
            heard += len(got)
            for frame in reader.feed(got) if got else reader.flush():
                damaged = frame.command == Command.ERROR and len(frame.payload) == 1 and frame.payload[0] in DAMAGED
                if frame.tag == tag or damaged:
                    return frame
            if not got or heard > MAX_HEARD or self._now() > ends:
                raise NoReplyError(f"Device must answer within {patience:.3g} s, and {heard} bytes that are no reply came; "
                                   "check port, baud rate and bitstream")
