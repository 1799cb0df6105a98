# SPDX-License-Identifier: BSD-2-Clause
"""``python -m firmware.mcu.wishbone_header`` writes hadam_wishbone.h, and the tables of docs/wishbone.md: what
rtl_gen/wishbone/registers.py defines."""

import sys
from pathlib import Path

from hadam_hw.cli import Parser, run_cli
from hadam_hw.files import atomic_write
from rtl_gen.wishbone.registers import MAGIC, REGISTERS

HEADER = Path(__file__).with_name("hadam_wishbone.h")
PAGE = Path(__file__).parents[2] / "docs" / "wishbone.md"
BEGIN, END = "<!-- registers: begin -->\n", "<!-- registers: end -->\n"


def text():
    """The header's text."""
    numbers = [("MAGIC", f"0x{MAGIC:08x}u")]
    for register in REGISTERS:
        numbers.append((register.name, f"0x{register.address:02x}u"))
        for field in register.fields:
            place, mask = f"{register.name}_{field.name.upper()}", (1 << field.bits) - 1 << field.offset
            numbers += [(f"{place}_SHIFT", field.offset), (f"{place}_MASK", f"0x{mask:08x}u")]
    lines = "\n".join(f"#define HADAM_WB_{name} {value}" for name, value in numbers)
    return ("/* SPDX-License-Identifier: BSD-2-Clause */\n"
            "/*\n * The registers of a core on a Wishbone bus (docs/wishbone.md), by their addresses in bytes.\n"
            " * Made from rtl_gen/wishbone/registers.py by `python -m firmware.mcu.wishbone_header`; do not edit.\n */\n\n"
            f"#ifndef HADAM_WISHBONE_H\n#define HADAM_WISHBONE_H\n\n{lines}\n\n#endif\n")


def tables():
    """The registers as Markdown: what each is, and its bits."""
    rows = ["| address | register | host may | |", "|---|---|---|---|"]
    for register in REGISTERS:
        rows.append(f"| `0x{register.address:02x}` | `{register.name}` | {register.access.value} | {register.about} |")
        for field in register.fields:
            high = field.offset + field.bits - 1
            bits = f"{field.offset}" if field.bits == 1 else f"{high}:{field.offset}"
            rows.append(f"| | `{field.name}` | bit {bits} | {field.about} |")
    return "".join(f"{row}\n" for row in rows)


def page(before):
    """The page's text ``before``, with the tables of now between its marks."""
    head, _, rest = before.partition(BEGIN)
    return head + BEGIN + tables() + END + rest.partition(END)[2]


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    Parser(prog="python -m firmware.mcu.wishbone_header",
           description="Writes hadam_wishbone.h and the tables of docs/wishbone.md anew.").parse_args(argv)
    atomic_write(HEADER, text())
    atomic_write(PAGE, page(PAGE.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(run_cli(main))
