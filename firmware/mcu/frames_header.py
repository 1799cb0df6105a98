# SPDX-License-Identifier: BSD-2-Clause
"""``python -m firmware.mcu.frames_header`` writes hadam_frames.h: what rtl_gen/link/frames.py defines, for C."""

import re
import sys
from pathlib import Path

from hadam_hw.cli import Parser, run_cli
from hadam_hw.files import atomic_write
from rtl_gen.link import frames

HEADER = Path(__file__).with_name("hadam_frames.h")


def text():
    """The header's text."""
    numbers = [("SYNC", f"0x{frames.SYNC:02x}"), ("VERSION", frames.VERSION), ("CRC_BYTES", frames.CRC_BYTES),
               ("MAX_PAYLOAD", frames.MAX_PAYLOAD)]
    numbers += [(f"COMMAND_{command.name}", command.value) for command in frames.Command]
    numbers += [(f"ERROR_{code.name}", code.value) for code in frames.ErrorCode]
    # the codes that say that the frame was damaged, as an array's contents
    numbers += [("DAMAGED", "{ " + ", ".join(str(int(code)) for code in sorted(frames.DAMAGED)) + " }")]
    for layout in frames.LAYOUTS:
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", layout.name).upper()
        numbers.append((f"{name}_BYTES", layout.bytes))
        for field in layout.fields:
            place = f"{name}_{field.name.upper()}"
            numbers += [(f"{place}_OFFSET", field.offset), (f"{place}_BITS", field.bits)]
    lines = "\n".join(f"#define HADAM_{name} {value}" for name, value in numbers)
    return ("/* SPDX-License-Identifier: BSD-2-Clause */\n"
            "/*\n * The frames of the link (docs/link.md). Fields by offset and length in bits, lowest bit first.\n"
            " * Made from rtl_gen/link/frames.py by `python -m firmware.mcu.frames_header`; do not edit.\n */\n\n"
            f"#ifndef HADAM_FRAMES_H\n#define HADAM_FRAMES_H\n\n{lines}\n\n#endif\n")


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    Parser(prog="python -m firmware.mcu.frames_header", description="Writes hadam_frames.h anew.").parse_args(argv)
    atomic_write(HEADER, text())
    return 0


if __name__ == "__main__":
    sys.exit(run_cli(main))
