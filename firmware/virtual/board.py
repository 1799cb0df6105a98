# SPDX-License-Identifier: BSD-2-Clause
"""A compiled board as a line to a device."""

import ctypes
import time

from firmware.virtual.library import Simulation
from hadam_hw.errors import BoardError
from rtl_gen.design.reset import RESET_CYCLES

#: Bytes that a run may bring back.
ROOM = 1 << 16
#: Clocks until the PLL's stand-in has locked and the reset is over; a board has passed them when its host has found it.
POWER_UP = RESET_CYCLES + 100


class VirtualBoard(Simulation):
    """A :class:`firmware.host.transport.Transport` to a simulated board; its seconds are the board's, not the wall's.

    A design that reads a flash finds there what it needs, as a board has it once it is programmed.

    Bytes that are written go over the simulated line while the clock runs, and it runs in :meth:`read` and :meth:`run` alone.

    Parameters
    ----------
    compiled : CompiledBoard
    flash : bytes, optional
        What lies in the flash instead, from the same address on.

    Raises
    ------
    BoardError
        If its link is not a UART.
    """

    def __init__(self, compiled, flash=None):
        if compiled.divisor is None:
            raise BoardError("Virtual boards talk through a UART, and this design was compiled with link=Link.SPI")
        self.compiled = compiled
        super().__init__(compiled.library, "board_run")
        if compiled.flash:
            address, data = compiled.flash
            data = data if flash is None else flash
            self._library.board_flash(self._handle, ctypes.c_uint32(address), data, ctypes.c_uint64(len(data)))
        self._room = ctypes.create_string_buffer(ROOM)
        self._waiting = b""
        #: Clocks that were simulated, and the seconds that this took: of the wall and of the processor.
        self.clocks, self.seconds, self.cpu_seconds = 0, 0.0, 0.0
        self.run(POWER_UP)

    @property
    def waiting(self):
        """Bytes that are still to be sent."""
        return len(self._waiting)

    def write(self, data):
        """Puts ``data`` behind what is still to be sent."""
        self._waiting += data

    def read(self, timeout):
        """The next byte, or nothing after ``timeout`` simulated seconds beyond what is still to be sent."""
        if timeout == 0:
            return b""
        line = 10 * self.compiled.divisor * len(self._waiting)
        return self.run(line + round(timeout * self.compiled.clock_hz), stop=True)

    def run(self, clocks, *, stop=False):
        """Simulates ``clocks``, with ``stop`` until a byte has come; returns the bytes that came."""
        sent, got = ctypes.c_uint64(), ctypes.c_uint64()
        began, cpu_began = time.perf_counter(), time.thread_time()
        ran = self._run(
            self._handle, ctypes.c_uint64(clocks), ctypes.c_uint32(self.compiled.divisor), self._waiting,
            ctypes.c_uint64(len(self._waiting)), ctypes.byref(sent), self._room, ctypes.c_uint64(ROOM), ctypes.byref(got),
            ctypes.c_int(stop))
        self.seconds += time.perf_counter() - began
        self.cpu_seconds += time.thread_time() - cpu_began
        self.clocks += ran
        self._waiting = self._waiting[sent.value:]
        return self._room.raw[:got.value]

    def now(self):
        """The board's seconds since it was switched on."""
        return self.clocks / self.compiled.clock_hz
