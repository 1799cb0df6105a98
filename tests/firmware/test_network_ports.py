# SPDX-License-Identifier: BSD-2-Clause
"""Serial ports behind a URL: a device on a real local socket, one that lies, and the URLs that are refused."""

import json
import random
import socket
import threading
import time
from contextlib import suppress

import numpy as np
import pytest

from firmware.__main__ import main
from firmware.host import port_url
from firmware.host.client import MAX_REPLY_SECONDS, Client
from firmware.host.errors import DeviceError, NoReplyError, WrongReplyError
from firmware.host.transport import SerialPort
from hadam_hw import golden
from hadam_hw.cli import run_cli
from hadam_hw.errors import LinkError
from hadam_hw.model import TestVectors
from hadam_hw.model_file import save_model
from rtl_gen.link.frame_reader import FrameReader
from rtl_gen.link.frames import Command, Frame, Result
from tests.firmware.link_peer import Peer, identity_of
from tests.models_for_tests import random_model

BAUD = 115_200
INPUTS = np.random.default_rng(3).integers(-128, 128, (5, 6, 2))


def tiny():
    """A model with test vectors."""
    model = random_model(size=8, block=4, outputs=3, inputs=2, input_signed=True)
    outputs = golden.run(model, INPUTS).outputs
    return model.replace(vectors=TestVectors(INPUTS, outputs, golden.classify(outputs)))


class Server:
    """A TCP server on this machine that hands each connection to ``serve``. A context manager; ``place`` is host and port."""

    def __init__(self, serve):
        self._serve = serve
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.place = "{}:{}".format(*self._listening.getsockname())
        self._thread = threading.Thread(target=self._accept)

    def _accept(self):
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            with line:
                self._serve(line)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, error, trace):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


def test_a_device_behind_a_socket_equals_the_golden_model(tmp_path, capsys):
    save_model(tiny(), tmp_path / "m.npz")
    with Server(lambda line: Peer(tiny(), line=line).run()) as server:
        asked = ["--port", f"socket://{server.place}", "--weights", str(tmp_path / "m.npz"), "--json"]
        assert run_cli(main, ["selftest", *asked]) == 0
        assert json.loads(capsys.readouterr().out)["compared"] == len(INPUTS) * 4
        assert run_cli(main, ["identify", *asked]) == 0
        assert json.loads(capsys.readouterr().out)["digest"] == tiny().digest[:16]


def telnet(line):
    """A serial port server of RFC 2217: agrees to all that the client asks for, with a good device behind it."""
    device, plain, heard = Peer(tiny()), bytearray(), bytearray()
    far = device.far
    device.start()

    def back():
        while data := far.recv(4096):
            line.sendall(data.replace(b"\xff", b"\xff\xff"))

    back_thread = threading.Thread(target=back)
    back_thread.start()
    with far, device.line:
        while data := line.recv(4096):
            heard += data
            while heard:
                if heard[0] != 255:
                    plain.append(heard.pop(0))
                elif heard[1] == 255:
                    plain.append(255)
                    del heard[:2]
                elif heard[1] == 250:  # a setting is acknowledged by its number plus 100 and the same value
                    end = heard.find(b"\xff\xf0")
                    line.sendall(bytes([255, 250, 44, heard[3] + 100]) + heard[4:end] + b"\xff\xf0")
                    del heard[:end + 2]
                else:
                    agreed = {251: 253, 253: 251}.get(heard[1])
                    line.sendall(bytes([255, agreed, heard[2]]) if agreed else b"")
                    del heard[:3]
            far.sendall(plain)
            plain.clear()
        far.shutdown(socket.SHUT_WR)
        device.join()
        device.line.shutdown(socket.SHUT_RDWR)
        back_thread.join()


@pytest.mark.filterwarnings("ignore:set(Daemon|Name)\\(\\) is deprecated:DeprecationWarning")  # pyserial's own
def test_a_device_behind_rfc2217_is_opened_with_its_rate_and_answers():
    with Server(telnet) as server, Client(SerialPort(f"rfc2217://{server.place}?ign_set_control", BAUD)) as client:
        results = client.infer(INPUTS.tolist())
    assert [found.logits for found in results] == [tuple(row) for row in tiny().vectors.outputs.tolist()]


@pytest.mark.filterwarnings("ignore:set(Daemon|Name)\\(\\) is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its socket, where the other end has gone
@pytest.mark.parametrize("seed", range(3))
def test_a_server_that_breaks_rfc2217_costs_an_error_and_no_traceback(seed, capfd):
    rng = random.Random(seed)
    nonsense = b"\xff\xf0" + bytes(rng.choice((255, 250, 240, 251, 254, 44, rng.randrange(256))) for _ in range(400))

    def broken(line):
        good = threading.Thread(target=telnet, args=(line,))
        good.start()
        time.sleep(0.6)
        with suppress(OSError):
            line.sendall(nonsense)
        good.join()

    with Server(broken) as server, pytest.raises(LinkError) as caught, \
            Client(SerialPort(f"rfc2217://{server.place}?ign_set_control", BAUD), timeout=0.1) as client:
        for _ in range(50):
            client.infer(INPUTS.tolist())
    assert "\n" not in str(caught.value) and "Traceback" not in capfd.readouterr().err


def test_a_loop_hears_itself():
    with pytest.raises(WrongReplyError, match="Reply must be IDENTITY, not command 1"), \
            Client(SerialPort("loop://", BAUD), timeout=0.5) as client:
        client.identify()


def test_all_that_came_is_read_at_once_and_nothing_is_waited_for():
    port = SerialPort("loop://", BAUD)
    assert port.read(0) == b""
    port.write(bytes(range(200)))
    assert port.read(0.5) == bytes(range(200)) and port.read(0.01) == b""
    port.close()


class Liar:
    """Answers each request with what no good device would, drawn from a seed."""

    def __init__(self, seed):
        self._rng = random.Random(seed)
        self._identity = identity_of(tiny()).encode()
        self.answered = 0

    def __call__(self, line):
        reader = FrameReader()
        while data := line.recv(4096):
            for frame in reader.feed(data):
                line.sendall(self._answer(frame.tag))
                self.answered += 1

    def _answer(self, tag):
        rng = self._rng
        fitting = {Command.IDENTITY: self._identity, Command.RESULT: Result((1, 2, 3), 1, tag).encode(4),
                   Command.STATE: rng.randbytes(6), Command.ACCEPTED: b"", Command.ERROR: bytes([rng.randrange(1, 12)])}
        command = rng.choice([*fitting, rng.randrange(16)])
        payload = fitting.get(command, b"") if rng.random() < 0.7 else rng.randbytes(rng.randrange(70))
        whole = bytearray(Frame(command, payload, tag if rng.random() < 0.9 else rng.randrange(256)).encode())
        match rng.randrange(10):
            case 0:
                whole[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
            case 1:
                whole = bytearray(rng.randbytes(rng.randrange(200)))
            case 2:
                del whole[rng.randrange(len(whole)):]
            case 3:
                whole[3:5] = rng.randbytes(2)
        return bytes(whole)


def test_a_device_that_lies_costs_an_error_or_a_wrong_result_and_nothing_else():
    liar, ended = Liar(7), []
    with Server(liar) as server:
        port = SerialPort(f"socket://{server.place}", BAUD)
        for k in range(200):
            client = Client(port, timeout=0.02, attempts=2)
            try:
                if k % 4:  # believe in an identity, so that the other answers are looked at
                    client._identity = identity_of(tiny())
                (client.identify, client.status, client.read, lambda c=client: c.infer(INPUTS[:1].tolist()))[k % 4]()
                ended.append(None)
            except LinkError as error:
                assert "\n" not in str(error) and len(str(error)) < 400
                ended.append(type(error))
        port.close()
    assert liar.answered >= 200 and {None, LinkError, NoReplyError, WrongReplyError, DeviceError} <= set(ended)


def test_a_flood_and_a_drip_are_given_up(monkeypatch):
    def flood(line):
        line.settimeout(5)
        try:
            while True:
                line.sendall(bytes(65536))
        except OSError:
            return

    with Server(flood) as server, pytest.raises(LinkError, match="bytes that are no reply"), \
            Client(SerialPort(f"socket://{server.place}", BAUD), attempts=1) as client:
        client.identify()

    clock = [0.0]

    class Drip:
        def write(self, data):
            pass

        def read(self, timeout):
            clock[0] += timeout * 0.9
            return b"\xa5" if timeout else b""

        def close(self):
            pass

    monkeypatch.setattr("firmware.host.client.time.monotonic", lambda: clock[0])
    with pytest.raises(NoReplyError):
        Client(Drip(), attempts=1).identify()
    assert MAX_REPLY_SECONDS < clock[0] < MAX_REPLY_SECONDS + 3

    # a virtual board says how late it is there: a machine that takes an hour for it does not end the wait
    class Slow(Drip):
        seconds = 0.0

        def now(self):
            return self.seconds

        def read(self, timeout):
            Slow.seconds += timeout * 0.9
            clock[0] += 3600
            return super().read(timeout)

    with pytest.raises(NoReplyError, match=r"and (\d{2,}) bytes"):
        Client(Slow(), attempts=1).identify()
    assert MAX_REPLY_SECONDS < Slow.seconds < MAX_REPLY_SECONDS + 3


# pyserial leaves a socket to the garbage collector whose other end has gone
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_connection_that_goes_is_one_sentence():
    with Server(lambda line: line.recv(1)) as server:
        client = Client(SerialPort(f"socket://{server.place}", BAUD))
        with pytest.raises(LinkError, match="must stay connected, and was lost"):
            client.identify()
        client.close()


@pytest.mark.parametrize("port, words", [
    ("spy://loop://?file=spied", "not of the scheme spy://"), ("alt://loop://?class=Serial", "not of the scheme alt://"),
    ("hwgrep://.*", "not of the scheme hwgrep://"), ("http://127.0.0.1:1", "not of the scheme http://"),
    ("SPY:///dev/ttyUSB0?file=spied", "not of the scheme spy://"),
    ("socket://127.0.0.1", "must be socket://HOST:PORT"), ("socket://:5000", "must be socket://HOST:PORT"),
    ("socket://127.0.0.1:70000", "out of range"), ("socket://[::1", "IPv6"), ("socket://h:1/x", "and no more"),
    ("socket://h:0", "and no more"), ("socket://me@h:1", "and no more"), ("socket://h:1?logging=debug", "and no more"),
    ("rfc2217://h:1?timeout=1e9", "and no more"), ("loop://?logging=debug", "and no more"), ("loop://x", "and no more"),
    ("spy:", "that can be opened"), ("", "that can be opened"), ("a\0b", "that can be opened")])
def test_what_is_no_port_is_one_sentence(port, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_cli(main, ["identify", "--port", port]) == 1
    error = capsys.readouterr().err
    assert words in error and error.startswith("error: Port must be") and error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_closed_port_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.getsockname()[1]
    with pytest.raises(LinkError, match="refused.*does a server listen there"):
        SerialPort(f"socket://127.0.0.1:{number}", BAUD)


def test_who_does_not_answer_a_connection_is_given_up(monkeypatch):
    monkeypatch.setattr(port_url, "CONNECT_SECONDS", 0.05)
    went_on = threading.Event()
    monkeypatch.setattr("serial.urlhandler.protocol_socket.socket.create_connection",
                        lambda *place, **more: went_on.wait(5) and time.sleep(0))
    with pytest.raises(LinkError, match="not open after 0.05 s"):
        SerialPort("socket://192.0.2.1:5", BAUD)
    went_on.set()
