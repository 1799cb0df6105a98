# SPDX-License-Identifier: BSD-2-Clause
"""The host's end of the link against a device that is a list of answers."""

import pytest

from firmware.host.client import ATTEMPTS, LOADING, MAX_HEARD, Client
from firmware.host.errors import DeviceError, NoReplyError, SequenceLostError, WrongModelError, WrongReplyError
from hadam_hw.errors import LinkError
from rtl_gen.link.frame_reader import FrameReader
from rtl_gen.link.frames import STATE, Command, ErrorCode, Frame, Identity, Result

LAST = Identity("0123456789abcdef", 8, 2, 3, 5, True, False, 4, 12, 3, 20, 100, 1000, 42_000_000, 3_000_000)
EVERY = Identity("0123456789abcdef", 8, 2, 3, 5, True, True, 4, 12, 1, 20, 100, 1000, 42_000_000, 3_000_000)
LOGITS = (-70_000, 5, 5)


def reply(command, payload=b"", shift=0):
    """Answers with the request's tag, or ``shift`` away from it."""
    return lambda request: [Frame(command, payload, (request.tag + shift) % 256).encode()]


def identity(which=LAST):
    return reply(Command.IDENTITY, which.encode())


def result(label=1):
    return lambda request: [Frame(Command.RESULT, Result(LOGITS, label, request.tag).encode(4), request.tag).encode()]


def error(code, shift=0):
    return reply(Command.ERROR, bytes([code]), shift)


ACCEPTED = reply(Command.ACCEPTED)
STATE_9 = STATE.encode(tag=9, in_sequence=0, has_result=0, unused=0, saturated_steps=513, overruns=2, bad_frames=3)
SILENCE = lambda request: []  # noqa: E731


class Device:
    """Answers each write with the next of ``answers``, a function from the frame to pieces that are read one by one."""

    def __init__(self, *answers, waiting=()):
        self.answers = list(answers)
        self.waiting = list(waiting)
        self.sent = []
        self.closed = False

    def write(self, data):
        frame, = FrameReader().feed(data)
        self.sent.append(frame)
        self.waiting += self.answers.pop(0)(frame) if self.answers else []

    def read(self, timeout):
        if timeout == 0:
            everything, self.waiting = b"".join(self.waiting), []
            return everything
        return self.waiting.pop(0) if self.waiting else b""

    def close(self):
        self.closed = True

    @property
    def said(self):
        return [(frame.command, frame.payload) for frame in self.sent]


def test_identify_and_infer():
    device = Device(identity(), result(), result(2))
    with Client(device) as client:
        assert client.identify() == LAST
        first, second = client.infer([[[1, -2], [15, -16]], [[0, 0]]])
    assert (first.logits, first.label, second.label, client.repeated) == (LOGITS, 1, 2, 0)
    assert device.said == [(Command.IDENTIFY, b""), (Command.INFER, bytes([1, 0xFE, 15, 0xF0])), (Command.INFER, bytes(2))]
    assert device.closed and len({frame.tag for frame in device.sent}) == 3


def test_another_model_is_refused():
    assert Client(Device(identity()), digest=LAST.digest + "00" * 24).identify() == LAST
    with pytest.raises(WrongModelError, match="must compute the model 0123456789abcdee, not 0123456789abcdef"):
        Client(Device(identity()), digest="0123456789abcdee" + "00" * 24).identify()


@pytest.mark.parametrize("pieces", [
    lambda frame: [bytes([byte]) for byte in frame], lambda frame: [b"garbage", frame],
    lambda frame: [b"\xa5", b"\x29\x00\xff\xff" + frame], lambda frame: [b"\xa5\x29\x01\x28", b"\x00" + frame]])
def test_a_reply_is_found_in_pieces_and_behind_garbage(pieces):
    assert Client(Device(lambda request: pieces(identity()(request)[0]))).identify() == LAST


def test_what_came_too_late_is_no_answer():
    late = Frame(Command.ERROR, bytes([ErrorCode.BAD_CRC])).encode()
    client = Client(Device(identity(), waiting=[late, late]))
    assert client.identify() == LAST and client.repeated == 0


def test_a_reply_with_another_tag_is_not_taken():
    def late_first(request):
        return [*result(0)(Frame(request.command, b"", request.tag ^ 1)), *result(2)(request)]

    assert Client(Device(identity(), late_first)).infer([[[0, 0]]])[0].label == 2
    with pytest.raises(NoReplyError):
        Client(Device(identity(), *[reply(Command.RESULT, Result(LOGITS, 1).encode(4), shift=1)] * ATTEMPTS)).infer([[[0, 0]]])


def test_a_device_that_still_loads_is_asked_again_after_a_while():
    device = Device(identity(), error(ErrorCode.NOT_READY), error(ErrorCode.NOT_READY), result(2))
    waited, read = [], device.read
    device.read = lambda timeout: waited.append(timeout) or read(timeout)
    assert Client(device).infer([[[0, 0]]])[0].label == 2
    assert waited.count(LOADING) == 2 and len({frame.tag for frame in device.sent[1:]}) == 1
    with pytest.raises(DeviceError, match="still loads them; try again") as caught:
        Client(Device(identity(), *[error(ErrorCode.NOT_READY)] * ATTEMPTS)).infer([[[0, 0]]])
    assert caught.value.code is ErrorCode.NOT_READY


def test_wrong_codes_are_told_at_once():
    device = Device(identity(), error(ErrorCode.WRONG_CODES))
    with pytest.raises(DeviceError, match="what lies there is something else; program the board again"):
        Client(device).infer([[[0, 0]]])
    assert len(device.sent) == 2


@pytest.mark.parametrize("trouble", [
    SILENCE, lambda request: [b"abc"], error(ErrorCode.BAD_CRC), error(ErrorCode.TRUNCATED, shift=77),
    error(ErrorCode.UNKNOWN_COMMAND), lambda request: [result()(request)[0][:-1]]])
def test_what_is_lost_is_asked_again_with_the_same_tag(trouble):
    device = Device(identity(), trouble, trouble, result())
    client = Client(device)
    assert client.infer([[[0, 0]]])[0].label == 1
    assert client.repeated == 2 and device.sent[1] == device.sent[2] == device.sent[3]


@pytest.mark.parametrize("answer, heard", [(SILENCE, 0), (lambda request: [b"abc"], 3),
                                           (lambda request: [identity()(request)[0][:-1]], 46)])
def test_no_reply(answer, heard):
    device = Device(*[answer] * ATTEMPTS)
    with pytest.raises(NoReplyError, match=f"{heard} bytes that are no reply"):
        Client(device).identify()
    assert len(device.sent) == ATTEMPTS


def test_endless_garbage_is_no_reply():
    class Babbler(Device):
        def read(self, timeout):
            return b"x" * 1000

    with pytest.raises(NoReplyError, match=f"and {-(-MAX_HEARD // 1000)}000 bytes"):
        Client(Babbler()).identify()


@pytest.mark.parametrize("code, said", [(ErrorCode.OVERRUN, "overrun"), (200, "code 200")])
def test_the_devices_error_has_its_code(code, said):
    with pytest.raises(DeviceError, match=said) as caught:
        Client(Device(error(code))).identify()
    assert caught.value.code == code and isinstance(caught.value, LinkError)


@pytest.mark.parametrize("answer", [reply(Command.RESULT), reply(3)])
def test_another_reply_is_not_taken(answer):
    with pytest.raises(WrongReplyError, match="Reply must be IDENTITY"):
        Client(Device(answer)).identify()


def test_an_identity_of_another_size_is_not_taken():
    with pytest.raises(LinkError, match="Identity must have"):
        Client(Device(reply(Command.IDENTITY, b"abc"))).identify()


@pytest.mark.parametrize("sequence, message", [
    ([], "at least one vector"), ([[1]], "must have 2 elements"), ([[1, 16]], "between -16 and 15")])
def test_a_bad_sequence_is_not_sent(sequence, message):
    device = Device(identity())
    with pytest.raises(LinkError, match=message):
        Client(device).infer([sequence])
    assert [frame.command for frame in device.sent] == [Command.IDENTIFY]


def steps(device):
    return [(frame.payload, frame.tag) for frame in device.sent if frame.command == Command.STEP]


def test_a_stream_of_a_model_that_is_read_out_at_the_end():
    device = Device(identity(), reply(Command.STATE, STATE_9), ACCEPTED, SILENCE, ACCEPTED, result())
    results = list(Client(device).stream([k, k] for k in range(7)))
    assert [found.label for found in results] == [1]
    assert steps(device) == [(b"\x01\0\0\1\1\2\2", 10), (b"\x00\3\3\4\4\5\5", 11), (b"\x00\3\3\4\4\5\5", 11),
                             (b"\x02\6\6", 12)]


def test_a_stream_of_a_model_that_is_read_out_each_step_answers_at_once():
    device = Device(identity(EVERY), reply(Command.STATE, STATE_9), result(0), result(1), error(ErrorCode.BAD_CRC), result(2))
    results = Client(device).stream([k, k] for k in range(3))
    for k in range(3):
        assert next(results).label == k
        assert len(steps(device)) == k + 1 + (k == 2)
    assert steps(device) == [(b"\1\0\0", 10), (b"\0\1\1", 11), (b"\0\2\2", 12), (b"\0\2\2", 12)]
    assert list(results) == []


def test_a_lost_sequence_is_an_error_and_the_next_asks_where_the_device_is():
    device = Device(identity(EVERY), reply(Command.STATE, STATE_9), result(), error(ErrorCode.OUT_OF_ORDER),
                    reply(Command.STATE, STATE_9), result())
    client = Client(device)
    with pytest.raises(SequenceLostError, match="start it again"):
        list(client.stream([[0, 0], [1, 1]]))
    assert len(client.infer([[[0, 0]]])[0]) == 1
    assert [tag for _, tag in steps(device)] == [10, 11, 10]


def test_a_result_of_another_step_is_not_taken():
    device = Device(identity(EVERY), reply(Command.STATE, STATE_9), reply(Command.RESULT, Result(LOGITS, 1, 9).encode(4)))
    with pytest.raises(WrongReplyError, match="request 10, not of 9"):
        list(Client(device).stream([[0, 0]]))


def test_what_is_longer_than_a_frame_or_faster_than_the_core_goes_in_steps():
    device = Device(identity(), reply(Command.STATE, STATE_9), *[ACCEPTED] * 10922, result())
    assert Client(device).infer([[[0, 0]] * 32768])[0].label == 1
    assert len(steps(device)) == 10923
    slow = Identity(**vars(LAST) | {"step_clocks": 281})
    device = Device(identity(slow), reply(Command.STATE, STATE_9), result())
    Client(device).infer([[[0, 0]]])
    assert steps(device) == [(b"\x03\0\0", 10)]


def test_status_reset_and_read():
    device = Device(reply(Command.STATE, STATE_9), ACCEPTED, identity(), result())
    client = Client(device)
    state = client.status()
    assert (state.tag, state.saturated_steps, state.overruns, state.bad_frames) == (9, 513, 2, 3)
    client.reset()
    assert client.read().logits == LOGITS
    assert [frame.command for frame in device.sent] == [Command.STATUS, Command.RESET, Command.IDENTIFY, Command.READ]


@pytest.mark.parametrize("options, words", [
    (dict(attempts=0), "Attempts must be a whole number from 1 on, not 0"), (dict(attempts=-1), "not -1"),
    (dict(attempts=1.5), "not 1.5"), (dict(timeout=0), "Timeout must be a finite number of seconds greater than 0, not 0"),
    (dict(timeout=-1), "not -1"), (dict(timeout=float("nan")), "not nan"), (dict(timeout=float("inf")), "not inf")])
def test_options_that_mean_nothing_are_refused(options, words):
    with pytest.raises(LinkError, match=words):
        Client(Device(), **options)
