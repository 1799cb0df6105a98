# SPDX-License-Identifier: BSD-2-Clause
"""Lines to a device: what one is, and a serial port."""

import importlib
from typing import Protocol

from hadam_hw.errors import LinkError, ToolMissingError

#: Bytes taken from a serial port at once.
CHUNK = 4096


class Transport(Protocol):
    """A line to a device: a serial port, or the pins of a simulated one."""

    def write(self, data: bytes) -> None:
        """Sends ``data``."""

    def read(self, timeout: float) -> bytes:
        """All that has come: at least a byte, or nothing after ``timeout`` seconds without one. 0 does not wait."""

    def close(self) -> None:
        """Lets go of the device."""


class SerialPort:
    """A :class:`Transport` over a serial port, or over a pseudo-terminal that stands for one.

    Parameters
    ----------
    port : str
        Such as ``/dev/ttyUSB1``.
    baud : int

    Raises
    ------
    LinkError
        If the port does not exist, cannot be opened, or, later, is gone.
    ToolMissingError
        If pyserial is not installed.
    """

    def __init__(self, port, baud):
        self._name = port
        try:
            self._serial = importlib.import_module("serial")
        except ImportError:
            raise ToolMissingError("Serial ports need pyserial, which is not here; install it: "
                                   "pip install 'hadam_hw[host]'") from None
        try:
            self._port = self._serial.Serial(port, baud, timeout=0, write_timeout=10, exclusive=True)
        except (self._serial.SerialException, ValueError, OSError) as error:
            reason = str(error).partition("] ")[2] or str(error)
            raise LinkError(f"Port must be a serial port that can be opened, not {port} ({reason}); "
                            "see python -m serial.tools.list_ports") from None

    def write(self, data):
        """Sends ``data``. Raises LinkError if the port is gone or takes nothing."""
        self._guarded(lambda: self._port.write(data))

    def read(self, timeout):
        """See :class:`Transport`. Raises LinkError if the port is gone."""
        def read():
            self._port.timeout = timeout
            first = self._port.read(1)
            return first + self._port.read(min(self._port.in_waiting, CHUNK)) if first else first

        return self._guarded(read)

    def close(self):
        """Closes the port."""
        self._port.close()

    def _guarded(self, action):
        try:
            return action()
        except (self._serial.SerialException, OSError) as error:
            raise LinkError(f"Port {self._name} must stay connected, and was lost ({error}); check the cable") from None
