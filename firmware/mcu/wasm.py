# SPDX-License-Identifier: BSD-2-Clause
"""The C of a model as WebAssembly, compiled without a C library by the clang of the package ``ziglang``."""

import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from firmware.mcu.export import INCLUDE, c_sources, render
from hadam_hw import processes
from hadam_hw.errors import ToolFailedError, ToolMissingError

WEB = Path(__file__).parent / "web"
#: What the module offers (web/hear.c says what each does).
EXPORTS = ("samples", "frames", "word", "states", "outputs", "capacity", "reset", "feed", "classify")


def compile_wasm(model, steps):
    """The module's bytes: ``hear.c`` with the C of a model whose input has a resonator bank.

    Parameters
    ----------
    model : Model
    steps : int
        Of a sequence.

    Raises
    ------
    ToolMissingError
        If ziglang is not installed.
    ToolFailedError
        If the C does not compile, which no release should.
    """
    if find_spec("ziglang") is None:
        raise ToolMissingError("A page needs a compiler of WebAssembly; install it: pip install 'hadam_hw[page]'")
    with tempfile.TemporaryDirectory(prefix="hadam-page-") as folder:
        folder = Path(folder)
        texts = render(model, "net")
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8")
        made = folder / "hear.wasm"
        done = processes.run(
            [sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-freestanding", "-std=c99", "-O2", "-nostdlib", "-s",
             "-fno-builtin", f"-DHEAR_STEPS={steps}", "-I", str(INCLUDE), "-I", str(folder), "-Wl,--no-entry",
             *(f"-Wl,--export=hear_{name}" for name in EXPORTS),
             str(WEB / "hear.c"), *(str(folder / source) for source in c_sources(texts, "net")), "-o", str(made)],
            capture_output=True, text=True)
        if done.returncode or not made.exists():
            raise ToolFailedError(f"C of the model does not compile to WebAssembly: {done.stderr.strip()[-500:]}")
        return made.read_bytes()
