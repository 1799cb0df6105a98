# SPDX-License-Identifier: BSD-2-Clause
"""Replies: frames made of what the device has to say."""

from amaranth.hdl import Array, Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.words import output_stream
from rtl_gen.link.frames import CLASS_BYTES, IDENTITY_BYTES, SYNC, VERSION, Command, logit_bytes


class ReplySender(wiring.Component):
    """Sends one frame each time it is started: ``IDENTITY``, ``ERROR`` with its code, or ``RESULT``.

    A result is sent as the core offers it, logit by logit, and the class follows: the lowest index among the largest.

    Members
    -------
    start : In(1)
    command : In(4)
        The reply's command; stays until ``done``.
    error : In(4)
        The code of an ``ERROR``; stays until ``done``.
    done : Out(1)
        High for one clock when the last byte was handed over.
    y : In(stream)
        From the core; taken while a ``RESULT`` is sent.
    tx : Out(stream of 8 bits)
    label : Out(range(outputs))
        The class of the last result.
    """

    def __init__(self, model, identity):
        self.model = model
        self.identity = identity
        super().__init__({
            "start": In(1), "command": In(4), "error": In(4), "done": Out(1), "y": In(output_stream(model)),
            "tx": Out(stream.Signature(8)), "label": Out(range(max(2, model.outputs)))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = crc = catalog.CRC16_XMODEM(data_width=8).create()
        m.submodules.identity = identity = Memory(shape=8, depth=IDENTITY_BYTES, init=list(self.identity.encode()))
        rom = identity.read_port(domain="comb")
        logit = logit_bytes(self.model.readout_width)
        lengths = {Command.IDENTITY: IDENTITY_BYTES, Command.ERROR: 1,
                   Command.RESULT: self.model.outputs * logit + CLASS_BYTES}
        length = Signal(16)
        with m.Switch(self.command):
            for command, value in lengths.items():
                with m.Case(command):
                    m.d.comb += length.eq(value)

        place = Signal(range(max(IDENTITY_BYTES, logit)))
        m.d.comb += rom.addr.eq(place)
        moved = Signal()
        m.d.comb += [moved.eq(self.tx.valid & self.tx.ready), crc.data.eq(self.tx.payload)]

        y = self.y.payload
        wide = Cat(y.data, y.data[-1].replicate(8 * logit))
        bytes_of_logit = Array(wide[8 * k:8 * k + 8] for k in range(logit))
        index = Signal.like(self.label)
        best = Signal.like(y.data)
        better = (index == 0) | (y.data > best)

        def send(byte, following, *, checked=True):
            m.d.comb += [self.tx.valid.eq(1), self.tx.payload.eq(byte), crc.valid.eq(moved if checked else 0)]
            with m.If(moved):
                m.next = following

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += crc.start.eq(1)
                m.d.sync += [place.eq(0), index.eq(0)]
                with m.If(self.start):
                    m.next = "SYNC"
            with m.State("SYNC"):
                send(SYNC, "COMMAND", checked=False)
            with m.State("COMMAND"):
                send(Cat(self.command, Const(VERSION, 4)), "LENGTH_LOW")
            with m.State("LENGTH_LOW"):
                send(length[:8], "LENGTH_HIGH")
            with m.State("LENGTH_HIGH"):
                m.d.comb += [self.tx.valid.eq(1), self.tx.payload.eq(length[8:]), crc.valid.eq(moved)]
                with m.If(moved):
                    with m.Switch(self.command):
                        with m.Case(Command.RESULT):
                            m.next = "LOGITS"
                        with m.Case(Command.IDENTITY):
                            m.next = "IDENTITY"
                        with m.Default():
                            m.next = "ERROR"
            with m.State("ERROR"):
                send(self.error, "CRC_HIGH")
            with m.State("IDENTITY"):
                m.d.comb += [self.tx.valid.eq(1), self.tx.payload.eq(rom.data), crc.valid.eq(moved)]
                with m.If(moved):
                    m.d.sync += place.eq(place + 1)
                    with m.If(place == IDENTITY_BYTES - 1):
                        m.next = "CRC_HIGH"
            with m.State("LOGITS"):
                m.d.comb += [self.tx.valid.eq(self.y.valid), crc.valid.eq(moved),
                             self.tx.payload.eq(bytes_of_logit[place[:(logit - 1).bit_length()]])]
                with m.If(moved):
                    m.d.sync += place.eq(place + 1)
                    with m.If(place == logit - 1):
                        m.d.comb += self.y.ready.eq(1)
                        m.d.sync += [place.eq(0), index.eq(index + 1)]
                        with m.If(better):
                            m.d.sync += [best.eq(y.data), self.label.eq(index)]
                        with m.If(y.last):
                            m.next = "CLASS_LOW"
            with m.State("CLASS_LOW"):
                send(self.label[:8], "CLASS_HIGH")
            with m.State("CLASS_HIGH"):
                send(self.label[8:], "CRC_HIGH")
            with m.State("CRC_HIGH"):
                send(crc.crc[8:], "CRC_LOW", checked=False)
            with m.State("CRC_LOW"):
                send(crc.crc[:8], "IDLE", checked=False)
                m.d.comb += self.done.eq(moved)
        return m
