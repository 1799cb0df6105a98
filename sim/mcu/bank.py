# SPDX-License-Identifier: BSD-2-Clause
"""The resonator bank on microcontrollers: what it takes, and its codes and instructions in QEMU."""

from firmware.mcu.bank import bank_sizes, render_bank
from sim.mcu.targets import HERE, emulate, object_footprint

NAME = "bank"


def bank_footprint(bank, target, folder, optimise="-O2"):
    """Compiles ``bank`` for ``target`` in ``folder`` and returns its :class:`~sim.mcu.targets.Footprint`."""
    _write(bank, folder)
    return object_footprint(target, folder, f"{NAME}.c", bank_sizes(bank)["state_bytes"], bank.size, optimise)


def run_bank(bank, target, sound, folder, optimise="-O2"):
    """(the codes of each frame, mean instructions a sample) of ``sound`` int [n] on ``target`` in QEMU."""
    _write(bank, folder)
    samples = ",\n".join(str(int(sample)) for sample in sound)
    (folder / "case.h").write_text(
        f'#include "{NAME}.h"\n#define NAME(suffix) {NAME}_##suffix\n#define BANDS {NAME.upper()}_BANDS\n'
        f"#define SAMPLES {len(sound)}\nstatic const int16_t sound[SAMPLES] = {{\n{samples}\n}};\n")
    told = emulate(target, folder, (f"{NAME}.c", HERE / "bank_main.c"), optimise)
    codes = told.get("code", [])
    return [codes[start:start + bank.size] for start in range(0, len(codes), bank.size)], told["samples"][0] / len(sound)


def _write(bank, folder):
    for name, text in render_bank(bank, NAME).items():
        (folder / name).write_text(text)
