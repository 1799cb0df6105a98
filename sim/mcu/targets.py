# SPDX-License-Identifier: BSD-2-Clause
"""Cross-compiles an exported model, tells what it takes, and runs it in QEMU."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from firmware.mcu.export import INCLUDE, c_sources, render, sizes
from hadam_hw.errors import ToolFailedError, ToolMissingError

HERE = Path(__file__).parent
NAME = "model"
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-ffreestanding")
SECONDS = 120
#: What multiplies: instructions of both, and the functions that stand in for them.
_PRODUCT = re.compile(r"\t(v?mul|mla|mls|[su]mul|[su]mlal|smla|smm|umaal)[\w.]*\s|__\w*mul\w+", re.IGNORECASE)
#: A call of anything.
_CALL = re.compile(r"R_RISCV_CALL|R_ARM_THM_CALL|R_ARM_THM_JUMP24")


@dataclass(frozen=True)
class Target:
    """A processor, its Debian compiler, and the machine of QEMU that runs its code."""

    name: str
    prefix: str
    options: tuple[str, ...]
    machine: tuple[str, ...]
    start: str

    def tool(self, name):
        """The path of the compiler's tool ``name``. Raises ToolMissingError with the command that installs it."""
        return _found(f"{self.prefix}-{name}", f"gcc-{self.prefix}")


RV32I = Target("RV32I", "riscv64-unknown-elf", ("-march=rv32i", "-mabi=ilp32"),
               ("qemu-system-riscv32", "-M", "virt", "-bios", "none"), "rv32")
_MPS2 = ("qemu-system-arm", "-M", "mps2-an386")
# The machine has an M4, of whose instructions an M0's are a part.
CORTEX_M0 = Target("Cortex-M0", "arm-none-eabi", ("-mcpu=cortex-m0", "-mthumb"), _MPS2, "cortex_m")
CORTEX_M4 = Target("Cortex-M4", "arm-none-eabi", ("-mcpu=cortex-m4", "-mthumb"), _MPS2, "cortex_m")
TARGETS = (RV32I, CORTEX_M0, CORTEX_M4)
_PACKAGES = {"qemu-system-riscv32": "qemu-system-misc", "qemu-system-arm": "qemu-system-arm"}


@dataclass(frozen=True)
class Footprint:
    """What a compiled model takes, in bytes.

    ``code`` and ``tables`` are the object file's, a table of tokens aside; ``state`` and ``outputs`` the caller's; ``stack``
    the largest frame of a function, none of which calls another. ``products`` are the disassembly's lines that multiply.
    """

    code: int
    tables: int
    state: int
    outputs: int
    stack: int
    products: tuple[str, ...]

    @property
    def ram(self):
        """All RAM that inference needs beside the tables."""
        return self.state + self.outputs + self.stack


@dataclass(frozen=True)
class Run:
    """What a machine said: ``outputs`` and ``classes`` of each step, ``saturations``, and the mean instructions."""

    outputs: list
    classes: list
    saturations: int
    step_instructions: float
    readout_instructions: float


def footprint(model, target, folder, optimise="-O2"):
    """Compiles ``model`` for ``target`` in ``folder`` and returns its :class:`Footprint`."""
    source, *_ = _write(model, folder)  # a front end has its own, sim.mcu.bank
    facts = sizes(model)
    return object_footprint(target, folder, source, facts["state_bytes"], facts["logits_bytes"], optimise)


def object_footprint(target, folder, source, state_bytes, output_bytes, optimise="-O2"):
    """Compiles ``source`` in ``folder`` for ``target`` and returns its :class:`Footprint` with the caller's bytes given."""
    obj = _compile(target, folder, source, optimise, "-fstack-usage")
    sections = dict(re.findall(r"^(\.\S+)\s+(\d+)", _call([target.tool("size"), "-A", obj], folder), re.MULTILINE))

    def total(*prefixes):
        return sum(int(size) for name, size in sections.items() if name.startswith(prefixes))

    disassembly = _call([target.tool("objdump"), "-dr", obj], folder)
    if _CALL.search(disassembly):
        raise ToolFailedError(f"Functions of a model must call nothing on {target.name}, or its stack is unknown")
    frames = re.findall(r"\t(\d+)\tstatic$", Path(folder, source).with_suffix(".su").read_text(), re.MULTILINE)
    return Footprint(code=total(".text"), tables=total(".rodata", ".srodata", ".data"), state=state_bytes,
                     outputs=output_bytes, stack=max(map(int, frames)),
                     products=tuple(line.strip() for line in disassembly.splitlines() if _PRODUCT.search(line)))


def run(model, target, sequence, folder, optimise="-O2"):
    """Steps ``model`` through ``sequence`` int [steps, d_in] on ``target`` in QEMU, and returns its :class:`Run`."""
    sources = _write(model, folder)
    rows = ",\n".join("{" + ", ".join(str(int(value)) for value in x) + "}" for x in sequence)
    (folder / "case.h").write_text(
        f'#include "{NAME}.h"\n#define NAME(suffix) {NAME}_##suffix\n#define OUTPUTS {NAME.upper()}_OUTPUTS\n'
        f"#define STEPS {len(sequence)}\n"
        f"static const {NAME}_input sequence[STEPS][{NAME.upper()}_INPUTS] = {{\n{rows}\n}};\n")
    values = emulate(target, folder, (*sources, HERE / "main.c"), optimise)
    steps, outputs = len(sequence), values["y"]
    return Run([outputs[start:start + model.outputs] for start in range(0, len(outputs), model.outputs)], values["class"],
               values["saturations"][0], values["steps"][0] / steps, values["readouts"][0] / steps)


def emulate(target, folder, sources, optimise="-O2"):
    """Compiles ``sources`` in ``folder``, runs them on ``target`` in QEMU, and returns what they told: name to list of int."""
    parts = [_compile(target, folder, source, optimise) for source in (*sources, HERE / f"{target.start}.S")]
    _call([target.tool("gcc"), *target.options, "-nostdlib", "-nostartfiles", "-Wl,--no-warn-rwx-segments",
           "-T", HERE / f"{target.start}.ld", *parts, "-lgcc", "-o", "program.elf"], folder)
    emulator, *machine = target.machine
    said = _call([_found(emulator, _PACKAGES[emulator]), *machine, "-display", "none", "-monitor", "none",
                  "-serial", "stdio", "-semihosting-config", "enable=on,target=native",
                  "-icount", "shift=0", "-kernel", "program.elf"], folder)
    values = {}
    for name, digits in re.findall(r"^(\w+) ([0-9a-f]{16})$", said, re.MULTILINE):
        value = int(digits, 16)
        values.setdefault(name, []).append(value - (1 << 64) if value >> 63 else value)
    if not values.get("end"):
        raise ToolFailedError(f"{target.name} in QEMU must come to its end, and stopped after {len(said)} characters")
    return values


def _write(model, folder):
    """Writes the model's files; returns the names of those to compile."""
    texts = render(model, NAME)
    for name, text in texts.items():
        (folder / name).write_text(text)
    return c_sources(texts, NAME)


def _compile(target, folder, source, *options):
    source = Path(source)
    strict = STRICT if source.suffix == ".c" else ()
    _call([target.tool("gcc"), *target.options, *strict, *options, "-I", INCLUDE, "-I", ".", "-c", source,
           "-o", f"{source.stem}.o"], folder)
    return f"{source.stem}.o"


def _call(command, folder):
    try:
        process = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise ToolFailedError(f"{Path(command[0]).name} must end within {SECONDS} s, and did not") from None
    if process.returncode:
        raise ToolFailedError(f"{Path(command[0]).name} must end without an error, not with {process.returncode}: "
                              f"{process.stderr.strip()[-400:]}")
    return process.stdout + process.stderr


def _found(tool, package):
    path = shutil.which(tool)
    if path is None:
        raise ToolMissingError(f"Microcontrollers need {tool}, which is not here; "
                               f"install it: apt-get install --no-install-recommends {package}")
    return path
