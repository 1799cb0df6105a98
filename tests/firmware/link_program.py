# SPDX-License-Identifier: BSD-2-Clause
"""The tests' program of the C driver: its sources, what it is told, what it says."""

import subprocess
from pathlib import Path

from hadam_hw import golden

MAIN = Path(__file__).with_name("link_main.c")
FD_LINE, SPI_LINE, SPI_PINS = (MAIN.with_name(name) for name in ("line_fd.c", "line_spi.c", "spi_pins.c"))
#: hadam_link_error.
OK, NO_REPLY, REFUSED, LOST, WRONG_MODEL, UNSUPPORTED, BAD_REQUEST = 0, 2, 3, 4, 5, 6, 7


def say(driver, line, orders, digest="-", timeout=5000, retries=12):
    """The lines that the program says to ``orders``; ``line`` is an open file's number, or the name of another line."""
    process = subprocess.run([driver, str(line), digest, str(timeout), str(retries)], input=orders, capture_output=True,
                             text=True, pass_fds=[line] if isinstance(line, int) else [], timeout=120)
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()


def order(word, inputs, chunk=1):
    """The order to send ``inputs`` int [steps, d_in], as "infer" or, ``chunk`` vectors a request, as "stream"."""
    return f"{word} {len(inputs)} {chunk} {' '.join(map(str, inputs.ravel()))}\n"


def result_line(outputs):
    """What the program says of a result with these outputs int [m]."""
    return f"result {' '.join(map(str, outputs))} class {golden.classify(outputs)}"


def open_line(said):
    """What the program says first where the device's identity is ``said``."""
    return (f"open 0 size {said.size} inputs {said.inputs} outputs {said.outputs} width {said.input_width} signed "
            f"{int(said.input_signed)} every {int(said.emit_every)} bytes {said.output_bytes} state {said.state_width} vectors "
            f"{said.step_vectors} clocks {said.step_clocks} {said.answer_clocks} {said.silence_clocks} {said.clock_hz} "
            f"{said.link_hz}")
