# SPDX-License-Identifier: BSD-2-Clause
"""From a model to a library in which its whole board design is compiled, kept by content."""

import json
from dataclasses import dataclass
from pathlib import Path

from firmware.virtual.library import compile_design
from rtl_gen.design.emit import emit_design
from rtl_gen.design.top import SILENCE_CLOCKS
from rtl_gen.link.frames import Identity
from rtl_gen.link.kind import Link
from rtl_gen.tools.design_files import CODES_FILE, FACTS_FILE

#: What works the pins of each link.
HARNESSES = {Link.UART: Path(__file__).with_name("harness.cpp"), Link.SPI: Path(__file__).with_name("harness_spi.cpp")}


@dataclass(frozen=True)
class CompiledBoard:
    """A compiled design and what the outside must know of it.

    Parameters
    ----------
    library : bytes
        A shared library with the functions of ``harness.cpp``, or, if the link is SPI, of ``harness_spi.cpp``.
    divisor : int or None
        Clocks a bit of the UART.
    clock_hz : float
        Of the board.
    identity : Identity
    cached : bool
        It was compiled before.
    flash : tuple of (int, bytes) or None
        What the design's flash has to hold, behind the address; None for a design that reads none.
    """

    library: bytes
    divisor: int | None
    clock_hz: float
    identity: Identity
    cached: bool
    flash: tuple[int, bytes] | None = None


def compile_board(model, architecture, board, *, link=Link.UART, silence_clocks=SILENCE_CLOCKS, cache=None,
                  on_stage=lambda text: None):
    """Compiles the design that :func:`rtl_gen.design.emit.emit_design` emits for ``board``, its link included.

    Parameters
    ----------
    model : Model
    architecture : Architecture
    board : boards.parts.board.Board
    link : Link
        :class:`~firmware.virtual.board.VirtualBoard` takes a UART alone.
    silence_clocks : int
    cache : Cache, optional
    on_stage : callable
        Called with a line of text when a stage begins.

    Raises
    ------
    ToolMissingError
        Without a C++ compiler or Verilator, saying how to get them.
    ToolFailedError
        If one of them stops with an error of its own.
    """
    library, files, cached = compile_design(
        lambda: emit_design(model, architecture, board, None, 1, link=link, silence_clocks=silence_clocks),
        board.clock_port.name, HARNESSES[link], cache=cache, on_stage=on_stage)
    facts = json.loads(files[FACTS_FILE])
    codes = facts["codes"]
    return CompiledBoard(library, facts["link_divisor"], facts["clock_mhz"] * 1e6,
                         Identity.decode(bytes.fromhex(facts["identity"])), cached,
                         (codes["flash_offset"], files[CODES_FILE]) if codes else None)
