# SPDX-License-Identifier: BSD-2-Clause
"""The host's end of the link against a device that is a list of answers."""

import pytest

from firmware.host.client import MAX_HEARD, Client, DeviceError, NoReplyError, WrongReplyError
from hadam_hw.errors import LinkError
from rtl_gen.link.frames import Command, ErrorCode, Frame, FrameReader, Identity, Result

IDENTITY = Identity("0123456789abcdef", 8, 2, 3, 5, True, 4, 12, 20, 42_000_000, 3_000_000)
RESULT = Result((-70_000, 5, 5), 1)


def identity():
    return Frame(Command.IDENTITY, IDENTITY.encode()).encode()


def result():
    return Frame(Command.RESULT, RESULT.encode(IDENTITY.output_bytes)).encode()


class Device:
    """Answers each write with the next of ``answers``, a list of pieces that are read one by one."""

    def __init__(self, *answers, waiting=()):
        self.answers = list(answers)
        self.waiting = list(waiting)
        self.sent = []

    def write(self, data):
        self.sent += FrameReader().feed(data)
        self.waiting += self.answers.pop(0) if self.answers else []

    def read(self, timeout):
        if timeout == 0:
            everything, self.waiting = b"".join(self.waiting), []
            return everything
        return self.waiting.pop(0) if self.waiting else b""


def test_identify_and_infer():
    device = Device([identity()], [result()], [result()])
    client = Client(device)
    assert client.identify() == IDENTITY
    assert client.infer([[1, -2], [15, -16]]) == RESULT
    assert client.infer([[0, 0]]) == RESULT
    assert device.sent == [Frame(Command.IDENTIFY), Frame(Command.INFER, bytes([1, 0xFE, 15, 0xF0])),
                           Frame(Command.INFER, bytes(2))]


def test_infer_asks_for_the_identity_once():
    device = Device([identity()], [result()], [result()])
    client = Client(device)
    client.infer([[0, 0]])
    client.infer([[0, 0]])
    assert [frame.command for frame in device.sent] == [Command.IDENTIFY, Command.INFER, Command.INFER]


@pytest.mark.parametrize("pieces", [
    [bytes([byte]) for byte in identity()], [b"garbage", identity()], [b"\xa5", b"\x19\xff\xff" + identity()],
])
def test_a_reply_is_found_in_pieces_and_behind_garbage(pieces):
    assert Client(Device(pieces)).identify() == IDENTITY


def test_what_came_too_late_is_no_answer():
    late = Frame(Command.ERROR, b"\x01").encode()
    assert Client(Device([identity()], waiting=[late, late])).identify() == IDENTITY


@pytest.mark.parametrize("pieces, heard", [([], 0), ([b"abc"], 3), ([identity()[:-1]], 33)])
def test_no_reply(pieces, heard):
    with pytest.raises(NoReplyError, match=f"{heard} bytes that are no frame"):
        Client(Device(pieces)).identify()


def test_endless_garbage_is_no_reply():
    class Babbler(Device):
        def read(self, timeout):
            return b"x" * 1000

    with pytest.raises(NoReplyError, match=f"and {-(-MAX_HEARD // 1000)}000 bytes"):
        Client(Babbler()).identify()


@pytest.mark.parametrize("code, said", [(ErrorCode.BAD_CRC, "bad crc"), (200, "code 200")])
def test_the_devices_error_has_its_code(code, said):
    with pytest.raises(DeviceError, match=said) as caught:
        Client(Device([Frame(Command.ERROR, bytes([code])).encode()])).identify()
    assert caught.value.code == code and isinstance(caught.value, LinkError)


@pytest.mark.parametrize("reply", [Frame(Command.RESULT, b""), Frame(3), Frame(Command.ERROR), Frame(Command.ERROR, b"ab")])
def test_another_reply_is_not_taken(reply):
    with pytest.raises(WrongReplyError, match="Reply must be IDENTITY"):
        Client(Device([reply.encode()])).identify()


def test_an_identity_of_another_size_is_not_taken():
    with pytest.raises(LinkError, match="Identity must have"):
        Client(Device([Frame(Command.IDENTITY, b"abc").encode()])).identify()


@pytest.mark.parametrize("sequence, message", [
    ([], "at least one vector"), ([[1]], "must have 2 elements"), ([[1, 16]], "between -16 and 15"),
    ([[0, 0]] * 32768, "at most 65535 bytes"),
])
def test_a_bad_sequence_is_not_sent(sequence, message):
    device = Device([identity()])
    with pytest.raises(LinkError, match=message):
        Client(device).infer(sequence)
    assert all(frame.command == Command.IDENTIFY for frame in device.sent)
