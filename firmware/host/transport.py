# SPDX-License-Identifier: BSD-2-Clause
"""Lines to a device: what one is, and a serial port."""

import importlib
import time
from contextlib import suppress
from functools import partial
from typing import Protocol

from firmware.host import port_url
from hadam_hw.errors import LinkError, ToolMissingError

#: Bytes taken from a serial port at once.
CHUNK = 4096
#: Seconds between two looks at a port that is reached by a URL.
GLANCE_SECONDS = 0.001


class Transport(Protocol):
    """A line to a device: a serial port, or the pins of a simulated one."""

    def write(self, data: bytes) -> None:
        """Sends ``data``."""

    def read(self, timeout: float) -> bytes:
        """All that has come: at least a byte, or nothing after ``timeout`` seconds without one. 0 does not wait."""

    def close(self) -> None:
        """Lets go of the device."""


class SerialPort:
    """A :class:`Transport` over a serial port, over a pseudo-terminal that stands for one, or over a network.

    Parameters
    ----------
    port : str
        Such as ``/dev/ttyUSB1`` or ``COM3``; or ``socket://HOST:PORT`` (a line's bytes over TCP), ``rfc2217://HOST:PORT`` (a
        serial port with its rate, such as ser2net offers), ``loop://`` (what is sent comes back).
    baud : int
        Of the line; ``socket://`` and ``loop://`` have none.

    Raises
    ------
    LinkError
        If the port does not exist, is of another scheme, cannot be opened within
        :data:`firmware.host.port_url.CONNECT_SECONDS`, or, later, is gone.
    ToolMissingError
        If pyserial is not installed.
    """

    def __init__(self, port, baud):
        self._name, self._is_url = port, port_url.is_url(port)
        if self._is_url:
            port_url.check_url(port)
        try:
            self._serial = importlib.import_module("serial")
        except ImportError:
            raise ToolMissingError("Serial ports need pyserial, which is not here; install it: "
                                   "pip install 'hadam_hw[host]'") from None
        try:
            self._port = self._open(port, baud)
        except (self._serial.SerialException, ValueError, OSError) as error:
            reason = str(error).partition("] ")[2] or str(error)
            hint = "does a server listen there?" if self._is_url else "see python -m serial.tools.list_ports"
            raise LinkError(f"Port must be a serial port that can be opened, not {port} ({reason}); {hint}") from None

    def _open(self, port, baud):
        if not self._is_url:
            return self._serial.Serial(port, baud, timeout=0, write_timeout=10, exclusive=True)
        # of pyserial's three only rfc2217:// knows no write_timeout: there the 5 s of its socket count
        more = {} if port_url.has_rate(port) else {"write_timeout": 10}
        line = self._serial.serial_for_url(port, baud, timeout=0, do_not_open=True, **more)
        if port_url.has_rate(port):
            line._telnet_read_loop = partial(_end_quietly, line._telnet_read_loop)
        port_url.open_within(port_url.CONNECT_SECONDS, line.open)
        return line

    def write(self, data):
        """Sends ``data``. Raises LinkError if the port is gone or takes nothing."""
        self._guarded(lambda: self._port.write(data))

    def read(self, timeout):
        """See :class:`Transport`. Raises LinkError if the port is gone."""
        return self._guarded(lambda: self._read_by_looking(timeout) if self._is_url else self._read_by_waiting(timeout))

    def close(self):
        """Closes the port."""
        self._port.close()

    def _read_by_waiting(self, timeout):
        self._port.timeout = timeout
        first = self._port.read(1)
        return first + self._port.read(min(self._port.in_waiting, CHUNK)) if first else first

    def _read_by_looking(self, timeout):
        """Over rfc2217:// another ``timeout`` of pyserial's would be negotiated with the far end, each time."""
        ends, data = time.monotonic() + timeout, b""
        while not data:
            while len(data) < CHUNK and self._port.in_waiting:
                piece = self._port.read(CHUNK - len(data))  # as much as there is, or a byte
                if not piece:
                    break
                data += piece
            if data or time.monotonic() >= ends:
                break
            time.sleep(GLANCE_SECONDS)
        return data

    def _guarded(self, action):
        try:
            return action()
        except (self._serial.SerialException, OSError) as error:
            raise LinkError(f"Port {self._name} must stay connected, and was lost ({error}); check the cable") from None


def _end_quietly(read_loop):
    """Runs pyserial's thread that reads Telnet, which raises TypeErrors of its own where a server breaks the protocol.

    Without the thread nothing comes any more, which the client reports.
    """
    with suppress(Exception):
        read_loop()
