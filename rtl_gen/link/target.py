# SPDX-License-Identifier: BSD-2-Clause
"""The device's end of the link: frames in, vectors to the core, replies out."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from hadam_hw.readout import Pooling
from rtl_gen.gateware.memories import BLOCK
from rtl_gen.gateware.words import byte_of, input_stream, output_stream
from rtl_gen.link import frames
from rtl_gen.link.counters import LinkCounters
from rtl_gen.link.frames import SYNC, VERSION, Command, ErrorCode
from rtl_gen.link.result import ResultBytes
from rtl_gen.link.vectors import VectorAssembler


class LinkTarget(wiring.Component):
    """Answers requests (docs/link.md): one frame at a time, each answered before the next is looked for.

    The vectors of ``INFER`` go to the core as they arrive, before the CRC is known, so a sequence of any length needs no
    memory; if the frame turns out bad, the core's answer is thrown away. The vectors of ``STEP`` wait in memory until the CRC
    is known, so a bad frame leaves the sequence as it was. A frame that stops for ``silence_clocks`` is truncated. Before a
    damaged frame is reported the line must be silent for as long: what follows a damaged header is not taken for frames.

    One memory holds the identity, the last result and the vectors of ``STEP``: one counter goes through it, whatever happens.

    Three machines share the work, one after the other, so that none has more states than a look-up table has inputs for: one
    takes a frame and decides, one feeds the core and stores its answer, one sends the reply.

    Parameters
    ----------
    model : Model
    identity : Identity
    loads : bool
        The core has to be loaded first. Until then vectors are refused, once the frame is whole and good; all else works.

    Members
    -------
    data : In(8)
    valid, framing_error : In(1)
        From the receiver; two bytes are at least 8 clocks apart.
    tx : Out(stream of 8 bits)
        To the transmitter.
    x : Out(stream)
        To the core.
    y : In(stream)
        From the core.
    saturated : In(1)
        From the core: a step in which a unit saturated.
    open : Out(1)
        The next byte will be taken and not lost.
    label : Out(range(label_count))
        The label of the last result.
    busy, failed : Out(1)
        A frame is being worked on; the last one ended in an error.
    loading : In(1)
        Only if it ``loads``: the core is not loaded yet.
    spoiled : In(1)
        Only if it ``loads``: what was loaded was wrong.
    """

    def __init__(self, model, identity, *, loads=False):
        self.model = model
        self.identity = identity
        self.loads = loads
        self._vectors = VectorAssembler(model)
        self._result = ResultBytes(model)
        self._every = model.pooling is Pooling.EVERY
        self._vector_bytes = identity.vector_bytes
        self._step_bytes = identity.step_vectors * identity.vector_bytes
        self._result_bytes = frames.result_bytes(model.outputs, identity.output_bytes)
        self._result_place = frames.IDENTITY.bytes
        self._step_place = self._result_place + self._result_bytes
        self._goals = [0, self._result_place, self._step_place]
        super().__init__({
            "data": In(8), "valid": In(1), "framing_error": In(1), "tx": Out(stream.Signature(8)),
            "x": Out(input_stream(model)), "y": In(output_stream(model.readout_width)), "saturated": In(1), "open": Out(1),
            "label": Out(self._result.label.shape()), "busy": Out(1), "failed": Out(1),
        } | ({"loading": In(1), "spoiled": In(1)} if loads else {}))

    def elaborate(self, platform):
        m = Module()
        m.submodules.vectors = vectors = self._vectors
        m.submodules.result = result = self._result
        m.submodules.counters = self._counters = LinkCounters()
        m.submodules.crc = self._crc = catalog.CRC16_XMODEM(data_width=8).create()
        m.submodules.memory = memory = Memory(
            shape=8, depth=self._step_place + self._step_bytes, init=list(self.identity.encode()), attrs=BLOCK)
        self._write, self._read = memory.write_port(), memory.read_port()
        connect(m, vectors.x, flipped(self.x))

        self._place = Signal(range(memory.depth))
        # What moves it are registers: the states are many, and the memory's address is far from them.
        goals = Array(self._goals)
        self._forward, self._jump, self._goal = Signal(), Signal(), Signal(range(len(goals)))
        self._moving = self._forward | self._jump
        m.d.sync += [self._forward.eq(0), self._jump.eq(0)]
        with m.If(self._jump):
            m.d.sync += self._place.eq(goals[self._goal])
        with m.Elif(self._forward):
            m.d.sync += self._place.eq(self._place + 1)
        self._end = Signal.like(self._place)  # the last byte of a STEP's vectors
        self._remaining = Signal(16)  # of the payload that comes or goes
        # Bytes are clocks apart, so what is known of them may come a clock late, out of a register.
        self._one_left, self._none_left = Signal(), Signal()
        self._few, self._none = ~self._remaining[1:].any(), Signal()  # at most one, and none
        m.d.comb += self._none.eq(self._few & ~self._remaining[0])
        m.d.sync += [self._one_left.eq(self._few & self._remaining[0]), self._none_left.eq(self._none)]
        self._error = Signal(4)  # an ErrorCode, 0 while all is well
        self._command, self._tag = Signal(4), Signal(8)
        self._first, self._last = Signal(), Signal()  # of a STEP
        self._refused = Signal()  # the frame's vectors, since the core was not loaded
        self._reply = Signal(4)
        # What is known of the sequence that STEPs work on; the last STEP can be answered again.
        self._step_tag, self._in_sequence, self._step_known, self._has_result = Signal(8), Signal(), Signal(), Signal()
        discard = Signal()
        m.d.comb += [
            self._read.addr.eq(self._place), self._write.addr.eq(self._place), self._write.data.eq(self.data),
            vectors.data.eq(self.data), vectors.answered.eq(self.y.valid & self.y.ready & self.y.payload.last),
            result.y.valid.eq(self.y.valid & ~discard), result.y.payload.eq(self.y.payload),
            self.y.ready.eq(result.y.ready | discard), self.label.eq(result.label),
            self._crc.data.eq(self.data), self._crc.valid.eq(self.valid),
            self._counters.saturated.eq(self.saturated), self._counters.overrun.eq(vectors.overrun),
        ]
        silent = self._watch_silence(m)
        # What the first machine starts in the others, and what tells, a clock late, that they are done; high for a clock.
        self._feed, self._capture, self._worked, self._sent = Signal(), Signal(), Signal(), Signal()
        m.d.sync += [self._worked.eq(0), self._sent.eq(0)]
        with m.FSM(name="frame") as fsm:
            m.d.comb += [self.busy.eq(~fsm.ongoing("SYNC")), self.open.eq(~vectors.x.valid & self._receiving(fsm))]
            self._receive(m, self.framing_error | silent)
            self._decide(m)
            with m.State("FAILED"):
                m.d.comb += discard.eq(1)
                with m.If(silent & ~vectors.owed):
                    m.d.comb += self._counters.bad_frame.eq(1)
                    m.next = "SENDING"
            with m.State("WORKING"):
                with m.If(self._worked):
                    m.next = "SENDING"
            with m.State("SENDING"):
                with m.If(self._sent):
                    m.next = "SYNC"
        with m.FSM(name="work"):
            with m.State("IDLE"):
                with m.If(self._feed):
                    m.next = "FEED"
                with m.If(self._capture):
                    m.next = "CAPTURE_TAG"
            self._work(m)
        with m.FSM(name="reply"):
            with m.State("IDLE"):
                with m.If(fsm.ongoing("SENDING") & ~self._sent):
                    with m.If(self._error != 0):
                        m.d.sync += self._reply.eq(Command.ERROR)
                    m.next = "LOAD"
            self._answer(m)
        return m

    def _go(self, place):
        """Moves to ``place``, one of three; there two clocks later, and :attr:`_moving` in between."""
        return [self._jump.eq(1), self._goal.eq(self._goals.index(place))]

    def _watch_silence(self, m):
        clocks = self.identity.silence_clocks
        silence = Signal(range(clocks + 1))
        silent = Signal()
        quiet = ~self.valid & ~self.framing_error
        m.d.sync += silent.eq((silence == clocks) & quiet)
        with m.If(~quiet):
            m.d.sync += silence.eq(0)
        with m.Elif(silence != clocks):
            m.d.sync += silence.eq(silence + 1)
        return silent

    def _receiving(self, fsm):
        return Cat(fsm.ongoing(state) for state in (
            "SYNC", "COMMAND", "TAG", "LENGTH_LOW", "LENGTH_HIGH", "HEAD", "PAYLOAD", "CRC_HIGH", "CRC_LOW")).any()

    def _is(self, *commands):
        return Cat(self._command == command for command in commands).any()

    def _receive(self, m, broken):
        """The states of a frame on its way in."""
        byte, got, vectors = self.data, self.valid, self._vectors
        taking = Signal()  # the payload is vectors that count
        requests = [Command.IDENTIFY, Command.READ, Command.STEP, Command.STATUS, Command.RESET]
        requests += [] if self._every else [Command.INFER]

        def receive(following):
            """Waits for a byte and then goes on to ``following``; in the returned context it is there."""
            with m.If(broken):
                m.d.sync += self._error.eq(Mux(self.framing_error, ErrorCode.FRAMING, ErrorCode.TRUNCATED))
                m.next = "FAILED"
            with m.Elif(got):
                m.next = following
            return m.If(got)

        with m.State("SYNC"):
            m.d.comb += [self._crc.start.eq(1), self._crc.valid.eq(0), vectors.begin.eq(1), vectors.first.eq(1)]
            m.d.sync += [self._error.eq(0), taking.eq(0), *self._go(self._step_place)]
            with m.If(got & (byte == SYNC)):
                m.next = "COMMAND"
        with m.State("COMMAND"):
            with receive("TAG"):
                m.d.sync += self._command.eq(byte[:4])
                with m.If(byte[4:] != VERSION):
                    m.d.sync += self._error.eq(ErrorCode.BAD_VERSION)
                with m.Elif(~Cat(byte[:4] == command for command in requests).any()):
                    m.d.sync += self._error.eq(ErrorCode.UNKNOWN_COMMAND)
        with m.State("TAG"):
            with receive("LENGTH_LOW"):
                m.d.sync += self._tag.eq(byte)
        with m.State("LENGTH_LOW"):
            with receive("LENGTH_HIGH"):
                m.d.sync += self._remaining[:8].eq(byte)
        with m.State("LENGTH_HIGH"):
            with receive("MEASURE"):
                m.d.sync += self._remaining[8:].eq(byte)
        infer, step, wrong = self._is(Command.INFER), self._is(Command.STEP), Signal()
        m.d.sync += wrong.eq(
            Mux(step, self._few | (self._remaining > 1 + self._step_bytes), infer == self._none))
        unloaded = self.loading | self.spoiled if self.loads else 0
        with m.State("MEASURE"):  # no byte comes in this clock and the next
            m.next = "LENGTH"
        with m.State("LENGTH"):
            m.next = "PAYLOAD"
            if self.loads:
                m.d.sync += self._refused.eq(unloaded)  # and so they are, whatever is loaded meanwhile
            with m.If(self._error == 0):
                with m.If(wrong):
                    m.d.sync += self._error.eq(ErrorCode.BAD_LENGTH)
                with m.Else():
                    m.d.sync += taking.eq((infer | step) & ~unloaded if self.loads else infer | step)
                    with m.If(infer):  # from now on the core works on something else
                        m.d.sync += [self._in_sequence.eq(0), self._step_known.eq(0)]
                    with m.If(step):
                        m.next = "HEAD"
            with m.If(self._none_left):
                m.next = "CRC_HIGH"
        with m.State("HEAD"):
            with receive("PAYLOAD"):
                m.d.sync += [Cat(self._first, self._last).eq(byte), self._remaining.eq(self._remaining - 1)]
        with m.State("PAYLOAD"):
            m.d.comb += [vectors.counted.eq(step), vectors.final.eq(self._one_left)]
            with receive("PAYLOAD"):
                m.d.comb += [vectors.valid.eq(taking), self._write.en.eq(taking & vectors.counted)]
                m.d.sync += [self._remaining.eq(self._remaining - 1), self._end.eq(self._place)]
                with m.If(taking & vectors.counted):
                    m.d.sync += self._forward.eq(1)
                with m.If(vectors.overrun):
                    m.d.sync += self._error.eq(ErrorCode.OVERRUN)
                with m.If(self._one_left):
                    m.next = "CRC_HIGH"
        with m.State("CRC_HIGH"):
            with m.If(taking & vectors.partial):
                m.d.sync += self._error.eq(ErrorCode.BAD_LENGTH)
            receive("CRC_LOW")
        with m.State("CRC_LOW"):
            receive("CHECK")

    def _damaged(self):
        return self._crc.crc != 0

    def _decide(self, m):
        """What a whole frame leads to."""
        def reply(command):
            m.d.sync += self._reply.eq(command)
            m.next = "SENDING"

        def refuse(code):
            m.d.sync += self._error.eq(code)
            reply(Command.ERROR)

        damaged, repeated, following = Signal(), Signal(), Signal()
        m.d.sync += [damaged.eq(self._damaged()), repeated.eq(self._step_known & (self._tag == self._step_tag)),
                     following.eq(self._in_sequence & (self._tag == (self._step_tag + 1)[:8]))]
        of_step = Mux(self._read_out(), Command.RESULT, Command.ACCEPTED)
        with m.State("CHECK"):  # in this clock the CRC has taken the last byte
            m.next = "DECIDE"
        with m.State("DECIDE"):
            m.d.comb += [self._vectors.begin.eq(1), self._vectors.first.eq(self._first)]
            m.d.sync += self._go(self._result_place)
            with m.If(damaged | (self._error != 0)):
                with m.If(damaged):
                    m.d.sync += self._error.eq(ErrorCode.BAD_CRC)
                m.next = "FAILED"
            if self.loads:
                with m.Elif(self._refused & self._is(Command.INFER, Command.STEP)):
                    refuse(Mux(self.spoiled, ErrorCode.WRONG_CODES, ErrorCode.NOT_READY))
            with m.Elif(self._is(Command.INFER)):
                m.d.comb += self._capture.eq(1)
                m.d.sync += self._reply.eq(Command.RESULT)
                m.next = "WORKING"
            with m.Elif(self._is(Command.IDENTIFY)):
                reply(Command.IDENTITY)
            with m.Elif(self._is(Command.STATUS)):
                reply(Command.STATE)
            with m.Elif(self._is(Command.RESET)):
                m.d.comb += self._counters.clear.eq(1)
                m.d.sync += [self._in_sequence.eq(0), self._step_known.eq(0), self._has_result.eq(0)]
                reply(Command.ACCEPTED)
            with m.Elif(self._is(Command.READ)):
                with m.If(self._has_result):
                    reply(Command.RESULT)
                with m.Else():
                    refuse(ErrorCode.NO_RESULT)
            with m.Elif(repeated):
                reply(of_step)
            with m.Elif(self._first | following):
                m.d.sync += [*self._go(self._step_place), self._step_tag.eq(self._tag), self._step_known.eq(1),
                             self._in_sequence.eq(~self._last), self._reply.eq(of_step)]
                m.d.comb += self._feed.eq(1)
                m.next = "WORKING"
            with m.Else():
                refuse(ErrorCode.OUT_OF_ORDER)

    def _read_out(self):
        return Const(1) if self._every else self._last

    def _work(self, m):
        """The vectors of a STEP go from the memory to the core, each when it is taken; the core's answer goes to the memory.

        The reply follows when the answer is whole, so that no gap can be in it.
        """
        vectors, result, final = self._vectors, self._result, Signal()
        free = ~self._moving
        m.d.sync += final.eq(self._place == self._end)  # the place stands still for a clock before a byte is fed
        with m.State("FEED"):  # the byte is addressed
            with m.If(~vectors.x.valid & free):
                m.next = "FEED_BYTE"
        with m.State("FEED_BYTE"):
            m.d.comb += [vectors.data.eq(self._read.data), vectors.valid.eq(1), vectors.final.eq(final & self._last)]
            m.d.sync += self._forward.eq(1)
            m.next = "FEED"
            with m.If(final):
                m.d.sync += self._go(self._result_place)
                m.next = "FED"
        with m.State("FED"):
            with m.If(~vectors.x.valid):
                with m.If(self._read_out()):
                    m.next = "CAPTURE_TAG"
                with m.Else():
                    m.d.sync += self._worked.eq(1)
                    m.next = "IDLE"
        with m.State("CAPTURE_TAG"):
            m.d.comb += [self._write.en.eq(free), self._write.data.eq(self._tag)]
            with m.If(free):
                m.d.sync += [self._forward.eq(1), self._has_result.eq(0)]
                m.next = "CAPTURE"
        with m.State("CAPTURE"):
            moved = result.o.valid & free
            m.d.comb += [result.o.ready.eq(free), self._write.en.eq(moved), self._write.data.eq(result.o.payload)]
            with m.If(moved):
                m.d.sync += self._forward.eq(1)
                with m.If(result.last):
                    m.d.sync += self._has_result.eq(1)
                    m.d.sync += self._worked.eq(1)
                    m.next = "IDLE"

    def _answer(self, m):
        """The states of a frame on its way out."""
        tx, crc = self.tx, self._crc
        # The states are many: what they offer, and that it was taken, goes through a register each.
        sending, taken, byte = Signal(), Signal(), Signal(8)
        since = Signal(3)  # a byte has gone: a clock each for the state, the address and the memory
        moved = since[0]
        m.d.comb += taken.eq(tx.valid & tx.ready)
        m.d.sync += [since.eq(Cat(taken, since)), tx.valid.eq(sending & ~taken & ~since.any())]
        state = Cat(self._step_tag, self._in_sequence, self._has_result, Const(0, 6), self._counters.values)
        sizes = {Command.IDENTITY: (frames.IDENTITY.bytes, 0), Command.RESULT: (self._result_bytes, self._result_place),
                 Command.STATE: (frames.STATE.bytes, 0), Command.ERROR: (frames.ERROR.bytes, 0)}
        assert len(state) == 8 * frames.STATE.bytes

        def send(value, following, *, counts=1):
            m.d.comb += [sending.eq(1), tx.payload.eq(byte), crc.data.eq(byte), crc.valid.eq(moved & counts)]
            m.d.sync += byte.eq(value)
            with m.If(moved):
                m.next = following

        with m.State("LOAD"):
            m.d.comb += crc.start.eq(1)
            m.d.sync += self._remaining.eq(0)
            with m.Switch(self._reply):
                for command, (size, place) in sizes.items():
                    with m.Case(command):
                        m.d.sync += [self._remaining.eq(size), *self._go(place)]
            m.next = "SEND_SYNC"
        with m.State("SEND_SYNC"):
            send(SYNC, "SEND_COMMAND", counts=0)
        with m.State("SEND_COMMAND"):
            send(Cat(self._reply, Const(VERSION, 4)), "SEND_TAG")
        with m.State("SEND_TAG"):
            send(self._tag, "SEND_LENGTH_LOW")
        with m.State("SEND_LENGTH_LOW"):
            send(self._remaining[:8], "SEND_LENGTH_HIGH")
        with m.State("SEND_LENGTH_HIGH"):
            send(self._remaining[8:], "SEND_PAYLOAD")
            with m.If(moved & self._none_left):
                m.next = "SEND_CRC_HIGH"
        with m.State("SEND_PAYLOAD"):
            payload = Signal(8)
            with m.Switch(self._reply):
                with m.Case(Command.ERROR):
                    m.d.comb += payload.eq(self._error)
                with m.Case(Command.STATE):
                    m.d.comb += payload.eq(byte_of(state, self._place[:3]))
                with m.Default():
                    m.d.comb += payload.eq(self._read.data)
            send(payload, "SEND_PAYLOAD")
            with m.If(moved):
                m.d.sync += [self._remaining.eq(self._remaining - 1), self._forward.eq(1)]
                with m.If(self._one_left):
                    m.next = "SEND_CRC_HIGH"
        with m.State("SEND_CRC_HIGH"):
            send(crc.crc[8:], "SEND_CRC_LOW", counts=0)
        with m.State("SEND_CRC_LOW"):
            send(crc.crc[:8], "IDLE", counts=0)
            with m.If(moved):
                m.d.sync += [self._sent.eq(1), self.failed.eq(self._error != 0)]
