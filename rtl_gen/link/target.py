# SPDX-License-Identifier: BSD-2-Clause
"""The device's end of the link: frames in, vectors to the core, replies out."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import In, Out, connect, flipped

from rtl_gen.gateware.words import input_stream, output_stream
from rtl_gen.link.frames import SYNC, VERSION, Command, ErrorCode
from rtl_gen.link.reply import ReplySender
from rtl_gen.link.vectors import VectorAssembler


class LinkTarget(wiring.Component):
    """Answers ``IDENTIFY`` and ``INFER`` (docs/link.md): one frame at a time, each answered before the next is looked for.

    Vectors go to the core as they arrive, before the CRC is known, so nothing has to be stored. If the frame turns out
    bad, the core's answer is thrown away and an error is sent instead. A frame that stops for ``timeout`` clocks is
    truncated. Before an error is sent the line must be silent for as long, so that what follows a damaged header is not
    taken for frames.

    Parameters
    ----------
    model : QuantizedModel
        With ``emit = last``.
    identity : Identity
    timeout : int
        Clocks.

    Members
    -------
    data : In(8)
    valid, framing_error : In(1)
        From the receiver.
    tx : Out(stream of 8 bits)
        To the transmitter.
    x : Out(stream)
        To the core.
    y : In(stream)
        From the core.
    label : Out(range(outputs))
        The class of the last sequence.
    busy, failed : Out(1)
        A frame is being worked on; the last one ended in an error.
    """

    def __init__(self, model, identity, timeout):
        self.timeout = timeout
        self._vectors = VectorAssembler(model)
        self._reply = ReplySender(model, identity)
        super().__init__({
            "data": In(8), "valid": In(1), "framing_error": In(1), "tx": Out(stream.Signature(8)),
            "x": Out(input_stream(model)), "y": In(output_stream(model)),
            "label": Out(self._reply.label.shape()), "busy": Out(1), "failed": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.vectors = vectors = self._vectors
        m.submodules.reply = reply = self._reply
        m.submodules.crc = crc = catalog.CRC16_XMODEM(data_width=8).create()
        connect(m, vectors.x, flipped(self.x))
        connect(m, reply.tx, flipped(self.tx))
        byte, got = self.data, self.valid

        silence = Signal(range(self.timeout + 1))
        silent = Signal()
        m.d.sync += silent.eq((silence == self.timeout) & ~got & ~self.framing_error)
        with m.If(got | self.framing_error):
            m.d.sync += silence.eq(0)
        with m.Elif(silence != self.timeout):
            m.d.sync += silence.eq(silence + 1)

        error = Signal(4)  # an ErrorCode, 0 while all is well
        command = Signal(4)
        remaining = Signal(16)
        taking = Signal()  # the payload goes to the core
        discard = Signal()
        m.d.comb += [
            vectors.data.eq(byte), vectors.valid.eq(0), vectors.final.eq(remaining == 1),
            vectors.answered.eq(self.y.valid & self.y.ready & self.y.payload.last),
            reply.command.eq(Mux(error != 0, Command.ERROR, Mux(command == Command.INFER, Command.RESULT, Command.IDENTITY))),
            reply.error.eq(error), reply.y.valid.eq(self.y.valid), reply.y.payload.eq(self.y.payload),
            self.y.ready.eq(reply.y.ready | discard), self.label.eq(reply.label),
            crc.data.eq(byte), crc.valid.eq(got),
        ]
        broken = self.framing_error | silent

        def abandon():
            m.d.sync += error.eq(Mux(self.framing_error, ErrorCode.FRAMING, ErrorCode.TRUNCATED))
            m.next = "FAILED"

        def receive(following):
            """Waits for a byte and then goes on to ``following``; in the returned context it is there."""
            with m.If(broken):
                abandon()
            with m.Elif(got):
                m.next = following
            return m.If(got)

        with m.FSM() as fsm:
            m.d.comb += self.busy.eq(~fsm.ongoing("SYNC"))
            with m.State("SYNC"):
                m.d.comb += [crc.start.eq(1), crc.valid.eq(0), vectors.begin.eq(1)]
                m.d.sync += [error.eq(0), taking.eq(0)]
                with m.If(got & (byte == SYNC)):
                    m.next = "COMMAND"
            with m.State("COMMAND"):
                with receive("LENGTH_LOW"):
                    m.d.sync += command.eq(byte[:4])
                    with m.If(byte[4:] != VERSION):
                        m.d.sync += error.eq(ErrorCode.BAD_VERSION)
                    with m.Elif((byte[:4] != Command.IDENTIFY) & (byte[:4] != Command.INFER)):
                        m.d.sync += error.eq(ErrorCode.UNKNOWN_COMMAND)
            with m.State("LENGTH_LOW"):
                with receive("LENGTH_HIGH"):
                    m.d.sync += remaining[:8].eq(byte)
            with m.State("LENGTH_HIGH"):
                with receive("LENGTH"):
                    m.d.sync += remaining[8:].eq(byte)
            with m.State("LENGTH"):  # no byte can come in this clock: they are at least 50 clocks apart
                infer = command == Command.INFER
                with m.If(error == 0):
                    m.d.sync += taking.eq(infer)
                    with m.If(infer == (remaining == 0)):
                        m.d.sync += error.eq(ErrorCode.BAD_LENGTH)
                with m.If(remaining == 0):
                    m.next = "CRC_HIGH"
                with m.Else():
                    m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                with m.If(broken):
                    abandon()
                with m.Elif(got):
                    m.d.comb += vectors.valid.eq(taking)
                    m.d.sync += remaining.eq(remaining - 1)
                    with m.If(vectors.overrun):
                        m.d.sync += error.eq(ErrorCode.OVERRUN)
                    with m.If(remaining == 1):
                        m.next = "CRC_HIGH"
            with m.State("CRC_HIGH"):
                with m.If(taking & vectors.partial):
                    m.d.sync += error.eq(ErrorCode.BAD_LENGTH)
                receive("CRC_LOW")
            with m.State("CRC_LOW"):
                receive("CRC")
            with m.State("CRC"):  # in this clock the CRC has taken the last byte
                with m.If(crc.crc != 0):
                    m.d.sync += error.eq(ErrorCode.BAD_CRC)
                    m.next = "FAILED"
                with m.Elif(error != 0):
                    m.next = "FAILED"
                with m.Else():
                    m.next = "REPLY"
            with m.State("FAILED"):
                m.d.comb += discard.eq(1)
                with m.If(silent & ~vectors.owed):
                    m.next = "REPLY"
            with m.State("REPLY"):
                m.d.comb += reply.start.eq(1)
                m.next = "REPLYING"
            with m.State("REPLYING"):
                with m.If(reply.done):
                    m.d.sync += self.failed.eq(error != 0)
                    m.next = "SYNC"
        return m
