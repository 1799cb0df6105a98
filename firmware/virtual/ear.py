# SPDX-License-Identifier: BSD-2-Clause
"""A virtual board with a microphone: sound at its pins, what it says from its UART and LEDs."""

import ctypes
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware.virtual.library import Simulation, compile_design
from rtl_gen.sensors.rates import PdmRates
from rtl_gen.tools.design_files import FACTS_FILE

HARNESS = Path(__file__).with_name("harness_pdm.cpp")
#: Bits, and what comes back, of one call.
PORTION, ROOM = 300_000, 1 << 12


@dataclass(frozen=True)
class CompiledEar:
    """A compiled design with a PDM microphone, and what the outside must know of it.

    Parameters
    ----------
    library : bytes
        A shared library with the functions of ``harness_pdm.cpp``.
    divisor : int
        Clocks a bit of the UART.
    clock_hz : float
    rates : PdmRates
    leds : tuple of (str, int)
        Name and bits of the pins that are watched, the lowest bits of a level first.
    cached : bool
        It was compiled before.
    """

    library: bytes
    divisor: int
    clock_hz: float
    rates: PdmRates
    leds: tuple[tuple[str, int], ...]
    cached: bool

    @property
    def rate_hz(self):
        """Samples a second."""
        return self.rates.rate_hz(self.clock_hz)

    @property
    def decimator(self):
        """The :class:`~hadam_hw.sensors.pdm.PdmDecimator` of the design."""
        return self.rates.decimator


def compile_ear(emit, board, *, cache=None, on_stage=lambda text: None):
    """Compiles a design with a microphone for ``board``.

    Parameters
    ----------
    emit : callable
        Without arguments: the files of the design, such as :func:`rtl_gen.design.emit_sensor.emit_sensor_design` returns.
    board : boards.parts.board.Board
    cache : Cache, optional
    on_stage : callable

    Raises
    ------
    ToolMissingError, ToolFailedError
        As :func:`~firmware.virtual.library.compile_design`.
    """
    ports = {name: port for name, port in (("failed", board.failed), ("busy", board.busy), ("label", board.label),
                                           *zip(("segments", "digit"), board.seven)) if port}
    library, files, cached = compile_design(emit, board.clock_port.name, HARNESS, cache=cache, on_stage=on_stage,
                                            headers={"watched.h": _watched(ports.values())})
    facts = json.loads(files[FACTS_FILE])
    sensor = facts["sensor"]
    return CompiledEar(library, facts["link_divisor"], facts["clock_mhz"] * 1e6, PdmRates(sensor["divider"], sensor["ratio"]),
                       tuple((name, len(port.sites)) for name, port in ports.items()), cached)


def _watched(ports):
    """C++ that puts the levels of output ``ports`` into a word, 1 where a LED is lit."""
    terms, place = [], 0
    for port in ports:
        bits = len(port.sites)
        terms.append(f"(uint32_t)((top.{port.name}{' ^ ' + hex((1 << bits) - 1) if port.inverted else ''}) << {place})")
        place += bits
    return ("// The LEDs of a design.\nstatic uint32_t watched(const Vboard &top) {\n"
            f"    return {' | '.join(terms) or 0};\n}}\n").encode()


@dataclass(frozen=True)
class Line:
    """A line of text, and the clock of its last bit."""

    text: str
    clock: int


@dataclass(frozen=True)
class Lit:
    """LEDs by name, from a clock on."""

    leds: dict
    clock: int


class VirtualEar(Simulation):
    """A simulated board that hears. A context manager.

    Parameters
    ----------
    compiled : CompiledEar

    Attributes
    ----------
    lines : list of Line
        What it has said.
    lit : list of Lit
        How its LEDs have changed.
    clocks, seconds : int, float
        What was simulated, and how long that took.
    """

    def __init__(self, compiled):
        self.compiled = compiled
        super().__init__(compiled.library, "board_hear")
        self._bytes, self._levels = np.zeros(ROOM, np.uint8), np.zeros(ROOM, np.uint32)
        self._byte_clocks, self._level_clocks = np.zeros(ROOM, np.uint64), np.zeros(ROOM, np.uint64)
        self._begun = b""
        self.lines, self.lit, self.clocks, self.seconds = [], [], 0, 0.0

    def hear(self, bits):
        """Gives ``bits`` int [count] at the microphone's pin; returns the bytes that came."""
        bits, came = np.ascontiguousarray(bits, dtype=np.uint8), b""
        while len(bits):
            used, got, changed = ctypes.c_uint64(), ctypes.c_uint64(), ctypes.c_uint64()
            portion, began = bits[:PORTION], time.perf_counter()
            self.clocks += self._run(
                self._handle, _pointer(portion), ctypes.c_uint64(len(portion)), ctypes.byref(used),
                ctypes.c_uint64(2**64 - 1), ctypes.c_uint32(self.compiled.divisor), ctypes.c_uint64(ROOM),
                _pointer(self._bytes), _pointer(self._byte_clocks), ctypes.byref(got), _pointer(self._levels),
                _pointer(self._level_clocks), ctypes.byref(changed))
            self.seconds += time.perf_counter() - began
            bits = bits[used.value:]
            came += self._bytes[:got.value].tobytes()
            self._note(got.value, changed.value)
        return came

    def _note(self, got, changed):
        """Lines of the bytes, and LEDs of the levels, that came."""
        for byte, clock in zip(self._bytes[:got].tobytes(), self._byte_clocks[:got].tolist()):
            self._begun += bytes([byte])
            if byte == ord("\n"):
                self.lines.append(Line(self._begun[:-1].decode("ascii", "replace"), clock))
                self._begun = b""
        for level, clock in zip(self._levels[:changed].tolist(), self._level_clocks[:changed].tolist()):
            self.lit.append(Lit(self._leds(level), clock))

    def _leds(self, level):
        found = {}
        for name, bits in self.compiled.leds:
            found[name] = level & (1 << bits) - 1
            level >>= bits
        return found


def _pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)
