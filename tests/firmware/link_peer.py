# SPDX-License-Identifier: BSD-2-Clause
"""A device on a socket, as docs/link.md says it, made of a golden model of one layer; and a line that damages its bytes."""

import socket
import threading

import numpy as np

from hadam_hw import golden
from hadam_hw.answer import Answer
from hadam_hw.readout import Pooling
from rtl_gen.link import frames
from rtl_gen.link.frames import Command, ErrorCode, Frame, Identity, Result

#: Seconds without a byte that end a frame: far more than a busy machine lets pass between two pieces of one.
SILENCE = 0.5


def identity_of(model):
    """What a device with ``model`` says of itself."""
    every = model.pooling is Pooling.EVERY
    return Identity(
        model.digest[:16], model.size, model.inputs, model.outputs, model.input.width, model.input.signed, every,
        frames.logit_bytes(model.readout_width), model.top.state.width,
        frames.step_vectors(model.inputs, model.input.width, every), 30, 400, 4000, 42_000_000, 3_000_000,
        values=model.readout.answer is Answer.VALUES)


class Faults:
    """Damages one piece in ``1 / rate``: a flipped bit, a lost, a doubled or a cut piece, noise in front of it."""

    def __init__(self, rate, seed):
        self.rng = np.random.default_rng(seed)
        self.rate = rate
        self.count = 0

    def __call__(self, data):
        if self.rng.random() >= self.rate:
            return data
        self.count += 1
        kind = self.rng.integers(5)
        if kind == 0:
            place = self.rng.integers(len(data))
            return data[:place] + bytes([data[place] ^ 1 << int(self.rng.integers(8))]) + data[place + 1:]
        if kind == 1:
            return b""
        if kind == 2:
            return data + data
        if kind == 3:
            return data[:self.rng.integers(len(data))]
        return bytes(self.rng.integers(0, 256, self.rng.integers(1, 12), dtype=np.uint8)) + data


class Peer(threading.Thread):
    """Answers on its end of a socket pair, or on the socket ``line``, until the other closes; :attr:`steps` counts the steps
    that it really did."""

    def __init__(self, model, faults=lambda data: data, silence=SILENCE, line=None):
        super().__init__(daemon=True)
        self.model, self.identity, self.faults = model, identity_of(model), faults
        self.line, self.far = (line, None) if line else socket.socketpair()
        self.line.settimeout(silence)
        self.steps = 0
        self.states = []
        self.state = np.zeros(model.top.size, dtype=np.int64)
        self.index = 0
        self.in_sequence = False
        self.step_tag, self.result, self.bad = None, None, 0

    def run(self):
        """Takes bytes; whatever stands when the line is silent is a frame, or damage."""
        heard = b""
        while True:
            try:
                data = self.line.recv(4096)
            except TimeoutError:
                data = None
            except OSError:
                return
            if data == b"":
                return
            if data is not None:
                heard += self.faults(data)
                answer, heard = self.take(heard)
            elif heard:
                start = heard.find(frames.SYNC)
                answer = None if start < 0 else self.damaged(heard[start:])
                heard = b""
            else:
                continue
            if answer is not None and (sent := self.faults(answer.encode())):
                self.line.sendall(sent)

    def take(self, heard):
        """The answer to a whole good frame in front, else None; and what is left of the bytes."""
        start = heard.find(frames.SYNC)
        if start < 0:
            return None, b""
        body = heard[start:]
        if len(body) < frames.HEADER_BYTES:
            return None, body
        header = frames.HEADER.decode(body[:frames.HEADER_BYTES])
        total = frames.HEADER_BYTES + header.length + frames.CRC_BYTES
        if len(body) < total or header.version != frames.VERSION or frames.crc16(body[1:total]):
            return None, body  # damage is reported after the silence
        return self.answer(header, body[frames.HEADER_BYTES:total - frames.CRC_BYTES]), body[total:]

    def damaged(self, body):
        self.bad = min(self.bad + 1, 255)
        tag = body[2] if len(body) > 2 else 0
        if len(body) > 1 and body[1] & 15 == Command.INFER:  # it acts before its CRC is known
            self.in_sequence, self.step_tag = False, None
        return Frame(Command.ERROR, frames.ERROR.encode(code=ErrorCode.BAD_CRC), tag)

    def refuse(self, code, tag):
        return Frame(Command.ERROR, frames.ERROR.encode(code=code), tag)

    def answer(self, header, payload):
        """The reply to a good frame."""
        tag, command = header.tag, header.command
        if command == Command.IDENTIFY:
            return Frame(Command.IDENTITY, self.identity.encode(), tag)
        if command == Command.RESET:
            self.in_sequence, self.step_tag, self.result, self.bad = False, None, None, 0
            return Frame(Command.ACCEPTED, b"", tag)
        if command == Command.STATUS:
            return Frame(Command.STATE, frames.STATE.encode(
                tag=self.step_tag or 0, in_sequence=self.in_sequence, has_result=self.result is not None, unused=0,
                saturated_steps=0, overruns=0, bad_frames=self.bad), tag)
        if command == Command.READ:
            return self.refuse(ErrorCode.NO_RESULT, tag) if self.result is None else self.told(tag)
        if command == Command.INFER:
            self.in_sequence, self.step_tag = False, None
            self.work(payload, True)
            self.read_out(tag)
            return self.told(tag)
        head = frames.STEP_HEAD.decode(payload[:1])
        read_out = head.last or self.identity.emit_every
        if tag != self.step_tag:
            if not head.first and not (self.in_sequence and tag == (self.step_tag + 1) % frames.TAGS):
                return self.refuse(ErrorCode.OUT_OF_ORDER, tag)
            self.step_tag, self.in_sequence = tag, not head.last
            self.work(payload[1:], head.first)
            if read_out:
                self.read_out(tag)
        return self.told(tag) if read_out else Frame(Command.ACCEPTED, b"", tag)

    def work(self, data, first):
        """Steps through the vectors of ``data``."""
        kind = f"<{'i' if self.model.input.signed else 'u'}{frames.element_bytes(self.model.input.width)}"
        if first:
            self.state, self.index = np.zeros(self.model.top.size, dtype=np.int64), 0
        for x in np.frombuffer(data, kind).reshape(-1, self.model.inputs).astype(np.int64):
            self.state, _ = golden.step(self.model.top, self.state, x, self.model.phase_of(self.index))
            self.index += 1
            self.steps += 1

    def read_out(self, tag):
        """Keeps the result of the state for whoever asks."""
        outputs = self.model.readout(self.state, self.model.phase_of(self.index - 1))
        self.result = Result(tuple(int(y) for y in outputs), int(golden.label(self.model, outputs)), tag)

    def told(self, tag):
        """The kept result as a frame."""
        return Frame(Command.RESULT, self.result.encode(self.identity.output_bytes), tag)
