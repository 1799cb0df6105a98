# SPDX-License-Identifier: BSD-2-Clause
"""The device's end of the link where cells are few: whole sequences in, results out, no more."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from hadam_hw.answer import Answer
from rtl_gen.gateware.memories import BLOCK
from rtl_gen.gateware.words import byte_of, input_stream, output_stream
from rtl_gen.link import frames
from rtl_gen.link.frames import LEAN_COMMANDS, SYNC, VERSION, Command, ErrorCode, Frame
from rtl_gen.link.serial_crc import SerialCrc
from rtl_gen.link.vectors import VectorAssembler

#: The replies, in their order in the memory.
REPLIES = (Command.IDENTITY, Command.RESULT, Command.ERROR, Command.ACCEPTED)
IDENTITY, RESULT, ERROR, ACCEPTED = range(len(REPLIES))
#: Where a reply begins in its page: so that logits, of four or eight bytes, begin at a multiple of eight.
BEGIN = 2
#: Places in a page of the tag, of the tag in the payload of a result or the code of an error, of a result's first logit.
TAG, HEAD, LOGITS = (BEGIN + offset for offset in (
    2, frames.HEADER_BYTES, frames.HEADER_BYTES + frames.RESULT_HEAD.bytes))


class LeanTarget(wiring.Component):
    """Answers ``IDENTIFY``, ``INFER`` and ``RESET`` (docs/link.md), and the other commands with ``UNSUPPORTED``.

    As :class:`rtl_gen.link.target.LinkTarget` otherwise: one frame at a time, the vectors of ``INFER`` go to the core as they
    arrive, and a damaged frame is reported after the line was silent. Of what that does, this has no steps, no counters, no
    last result that could be asked for, so nothing that ``RESET`` would have to forget.

    The replies lie in a memory as they go over the line, but for tag, code and CRC; a ninth bit marks the last byte of each. So
    sending is counting, and nothing but the CRC is put together. The logits are compared byte by byte with the largest so far,
    which is in the memory already.

    Parameters
    ----------
    model : Model
    identity : Identity
        ``silence_clocks`` must be a power of two.

    Members
    -------
    As those of :class:`~rtl_gen.link.target.LinkTarget`, but for ``saturated``. ``data`` must stay for nine clocks, and must be
    the byte that went for nine clocks after ``tx`` was taken, as :class:`~rtl_gen.link.half_duplex.HalfDuplexPhy` has it.
    """

    def __init__(self, model, identity):
        if identity.silence_clocks & (identity.silence_clocks - 1):
            raise ValueError(f"Clocks of silence must be a power of two, not {identity.silence_clocks}")
        self.model = model
        self.identity = identity
        self._best_bit = (identity.output_bytes - 1).bit_length()
        self._vectors = VectorAssembler(model)
        super().__init__({
            "data": In(8), "valid": In(1), "framing_error": In(1), "tx": Out(stream.Signature(8)),
            "x": Out(input_stream(model)), "y": In(output_stream(model.readout_width)), "open": Out(1),
            "label": Out(range(model.label_count)), "busy": Out(1), "failed": Out(1),
        })

    def _images(self):
        """The rows of the memory, a page a reply: bytes of its frame without the CRC, and the mark of the last in bit 8."""
        payloads = {
            Command.IDENTITY: self.identity.encode(), Command.ERROR: bytes(frames.ERROR.bytes), Command.ACCEPTED: b"",
            Command.RESULT: bytes(frames.result_bytes(self.model.outputs, self.identity.output_bytes))}
        images = [Frame(command, payloads[command]).encode()[:-frames.CRC_BYTES] for command in REPLIES]
        bits = (BEGIN + max(map(len, images)) - 1).bit_length()
        rows = [0] * (len(REPLIES) << bits)
        for page, image in enumerate(images):
            start = BEGIN + (page << bits)
            rows[start:start + len(image)] = [*image[:-1], image[-1] | 0x100]
        return rows, bits

    def elaborate(self, platform):
        m = Module()
        m.submodules.vectors = vectors = self._vectors
        m.submodules.crc = self._crc = SerialCrc()
        rows, bits = self._images()
        m.submodules.memory = memory = Memory(shape=9, depth=len(rows), init=rows, attrs=BLOCK)
        self._write, self._read = memory.write_port(), memory.read_port()
        connect(m, vectors.x, flipped(self.x))

        self._place = Signal(bits)  # of a byte in the header that comes, or in the frame that goes
        self._reply, self._error = Signal(range(len(REPLIES))), Signal(4)  # an ErrorCode, 0 while all is well
        self._tag = Signal(8)
        self._best = Signal(bits - self._best_bit)  # where the largest logit so far is, in logits
        self._smaller = Signal()
        self._there = Signal()  # the memory has had its clock
        self._moved = Signal()  # a byte went in or out of it
        m.d.comb += [
            self._read.addr.eq(Cat(self._place, self._reply)), self._write.addr.eq(Cat(self._place, Const(RESULT, 2))),
            vectors.data.eq(self.data), vectors.answered.eq(self.y.valid & self.y.ready & self.y.payload.last),
            self._crc.data.eq(self.data), self.failed.eq(self._reply == ERROR),
        ]
        m.d.sync += self._there.eq(~self._moved)
        silent = self._watch_silence(m)
        with m.FSM() as fsm:
            m.d.comb += [
                self.busy.eq(~fsm.ongoing("SYNC")),
                self.open.eq(~vectors.x.valid & Cat(map(fsm.ongoing, ("SYNC", "HEADER", "PAYLOAD", "CRC"))).any())]
            self._receive(m, self.framing_error | silent)
            self._decide(m)
            with m.State("FAILED"):
                m.d.comb += self.y.ready.eq(1)
                m.d.sync += self._reply.eq(ERROR)
                with m.If(silent & ~vectors.owed):
                    m.next = "LOAD"
            self._capture(m)
            self._send(m)
        return m

    def _watch_silence(self, m):
        """High from ``silence_clocks`` without a byte on, until one comes."""
        silence = Signal(self.identity.silence_clocks.bit_length())
        silent = silence[-1]
        with m.If(self.valid | self.framing_error):
            m.d.sync += silence.eq(0)
        with m.Elif(~silent):
            m.d.sync += silence.eq(silence + 1)
        return silent

    def _receive(self, m, broken):
        """The states of a frame on its way in."""
        byte, got, vectors = self.data, self.valid, self._vectors
        remaining = Signal(16)  # bytes of the payload behind the next
        total, loads = Signal(18), Signal()
        fewer, none = Cat(total[:8], total[9:17]), ~total[17]
        infer = self._reply == RESULT
        # What is loaded is added to 0, by the adder that counts down; the bit between the halves keeps them apart meanwhile.
        addend = Mux(loads, byte, 0xFF)
        m.d.comb += total.eq(Cat(remaining[:8], Const(0, 1), remaining[8:]) + Cat(addend, ~loads, addend))

        def receive():
            """Ends the frame where the line breaks; in the returned context a byte is there."""
            with m.If(broken):
                m.d.sync += self._error.eq(Mux(self.framing_error, ErrorCode.FRAMING, ErrorCode.TRUNCATED))
                m.next = "FAILED"
            return m.Elif(got)

        with m.State("SYNC"):
            m.d.comb += [self._crc.start.eq(1), vectors.begin.eq(1), vectors.first.eq(1)]
            m.d.sync += [self._error.eq(0), self._place.eq(BEGIN), remaining.eq(0)]
            with m.If(got & (byte == SYNC)):
                m.next = "HEADER"
        with m.State("HEADER"):
            with receive():
                m.d.comb += self._crc.valid.eq(1)
                m.d.sync += self._place.eq(self._place + 1)
                with m.Switch(self._place[:2]):
                    with m.Case(BEGIN % 4):
                        self._take_command(m, byte)
                    with m.Case((BEGIN + 1) % 4):
                        m.d.sync += self._tag.eq(byte)
                    with m.Case((BEGIN + 2) % 4):
                        m.d.comb += loads.eq(1)
                        m.d.sync += remaining[:8].eq(fewer[:8])
                    with m.Case((BEGIN + 3) % 4):
                        m.d.comb += loads.eq(1)
                        m.d.sync += remaining[8:].eq(fewer[8:16])
                        m.next = "LENGTH"
        with m.State("LENGTH"):  # no byte comes in this clock
            m.d.sync += remaining.eq(fewer)
            m.next = "PAYLOAD"
            with m.If(none):
                m.next = "CRC"
            with m.If((self._error == 0) & (infer == none)):
                m.d.sync += self._error.eq(ErrorCode.BAD_LENGTH)
        with m.State("PAYLOAD"):
            m.d.comb += vectors.final.eq(none)
            with receive():
                m.d.comb += [self._crc.valid.eq(1), vectors.valid.eq(self._error == 0)]
                m.d.sync += remaining.eq(fewer)
                with m.If(vectors.overrun):
                    m.d.sync += self._error.eq(ErrorCode.OVERRUN)
                with m.If(none):
                    m.next = "CRC"
        with m.State("CRC"):
            with receive():
                m.d.comb += self._crc.valid.eq(1)
                m.d.sync += self._place.eq(self._place + 1)
                with m.If(self._place[0]):
                    m.next = "CHECK"

    def _take_command(self, m, byte):
        with m.Switch(byte[:4]):
            for command, reply in LEAN_COMMANDS.items():
                with m.Case(command):
                    m.d.sync += self._reply.eq(REPLIES.index(reply))
            with m.Case(Command.READ, Command.STEP, Command.STATUS):
                m.d.sync += self._error.eq(ErrorCode.UNSUPPORTED)
            with m.Default():
                m.d.sync += self._error.eq(ErrorCode.UNKNOWN_COMMAND)
        with m.If(byte[4:] != VERSION):
            m.d.sync += self._error.eq(ErrorCode.BAD_VERSION)

    def _damaged(self):
        return self._crc.crc != 0

    def _decide(self, m):
        """What a whole frame leads to; the CRC has taken its last byte."""
        with m.State("CHECK"):
            m.d.comb += self._vectors.begin.eq(~self._crc.busy)
            m.d.sync += [self._place.eq(LOGITS), self._best.eq(LOGITS >> self._best_bit), self._smaller.eq(0)]
            with m.If(self._crc.busy):
                pass
            with m.Elif(self._damaged()):
                m.d.sync += self._error.eq(ErrorCode.BAD_CRC)
                m.next = "FAILED"
            with m.Elif(self._error != 0):
                m.next = "FAILED"
            with m.Elif(self._vectors.partial):
                m.d.sync += self._error.eq(ErrorCode.BAD_LENGTH)
                m.next = "FAILED"
            with m.Elif(self._reply == RESULT):
                m.next = "CAPTURE"
            with m.Else():
                m.next = "LOAD"

    def _capture(self, m):
        """The answer goes to the memory, so that no gap can be in the reply."""
        y, place, bit = self.y.payload, self._place, self._best_bit
        size = 1 << bit
        byte = byte_of(Cat(y.data, y.data[-1].replicate(8 * size))[:8 * size], place[:bit])
        other = self._read.data[:8]
        last_byte = place[:bit].all()
        smaller = Signal()  # of the bytes so far, those of the largest logit are less
        m.d.comb += smaller.eq((other - byte - self._smaller)[8])
        values, positive = self.model.readout.answer is Answer.VALUES, Signal()  # a single logit, or the first value
        m.d.comb += self.label.eq(positive if values or self.model.outputs == 1 else self._best - (LOGITS >> bit))
        sign = Mux(place[bit:] == LOGITS >> bit, y.data > 0, positive) if values else y.data > 0
        label = Cat(self.label, Const(0, 8 * frames.RESULT_TAIL.bytes))
        with m.State("CAPTURE"):
            m.d.comb += [self._read.addr.eq(Cat(place[:bit], self._best, self._reply)), self._write.data.eq(byte)]
            with m.If(self.y.valid & self._there):
                m.d.comb += [self._write.en.eq(1), self._moved.eq(1), self.y.ready.eq(last_byte)]
                m.d.sync += [place.eq(place + 1), self._smaller.eq(smaller & ~last_byte), positive.eq(sign)]
                # The first is compared with what was there, and is the largest so far in any case.
                with m.If(last_byte & (smaller ^ other[-1] ^ byte[-1])):
                    m.d.sync += self._best.eq(place[bit:])
                with m.If(last_byte & y.last):
                    m.next = "LABEL"
        with m.State("LABEL"):
            m.d.comb += [self._write.en.eq(1), self._write.data.eq(Cat(byte_of(label, place[0]), place[0]))]
            m.d.sync += place.eq(place + 1)
            with m.If(place[0]):
                m.next = "LOAD"

    def _send(self, m):
        """The states of a frame on its way out: a page of the memory, and behind it the CRC."""
        tx, crc, place, moved, there = self.tx, self._crc, self._place, self._moved, self._there
        with m.State("LOAD"):
            m.d.comb += moved.eq(1)
            m.d.sync += place.eq(BEGIN)
            m.next = "SEND"
        with m.State("SEND"):
            head, begins = place == HEAD, place == BEGIN
            m.d.comb += [tx.valid.eq(there), moved.eq(there & tx.ready), crc.start.eq(begins), crc.valid.eq(moved & ~begins)]
            with m.If((place == TAG) | (head & (self._reply == RESULT))):
                m.d.comb += tx.payload.eq(self._tag)
            with m.Elif(head & (self._reply == ERROR)):
                m.d.comb += tx.payload.eq(self._error)
            with m.Else():
                m.d.comb += tx.payload.eq(self._read.data[:8])
            with m.If(moved):
                m.d.sync += place.eq(place + 1)
                with m.If(self._read.data[8]):
                    m.next = "SEND_CRC_HIGH"
        # The byte that goes is the CRC's high one, which makes the low one the next.
        for state, following in (("SEND_CRC_HIGH", "SEND_CRC_LOW"), ("SEND_CRC_LOW", "SYNC")):
            with m.State(state):
                m.d.comb += [tx.valid.eq(there), moved.eq(there & tx.ready), crc.valid.eq(moved), tx.payload.eq(crc.crc[8:])]
                with m.If(moved):
                    m.next = following
