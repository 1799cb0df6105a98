# SPDX-License-Identifier: BSD-2-Clause
"""``hadam export-c``: a model as C99 for machines without an FPGA (docs/mcu.md)."""

import json
import sys
from pathlib import Path

from firmware.mcu.export import INCLUDE, c_name, c_sources, render, sizes
from hadam_hw.cli import VerbParser
from hadam_hw.files import check_folder_out, write_together
from hadam_hw.model_file import load_model


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parser = VerbParser("export-c", description="Writes a model as C99: tables and a step's integers.")
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE", help="the quantised model (.npz)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where NAME.h, NAME.c and their like go")
    parser.add_argument("--name", help="what the names in C begin with; default: the file's name")
    parser.add_argument("--json", action="store_true", help="sizes for machines")
    arguments = parser.parse_args(argv)
    model = load_model(arguments.weights)
    name = c_name(arguments.name or arguments.weights.stem)
    texts = render(model, name)
    check_folder_out(arguments.out).mkdir(parents=True, exist_ok=True)
    write_together(arguments.out, texts)
    facts = sizes(model)
    if arguments.json:
        sys.stdout.write(json.dumps(facts | {"name": name, "files": sorted(texts), "include": str(INCLUDE)}, indent=2) + "\n")
    else:
        tokens = f"{facts['token_bytes']} bytes of tokens, if you take them along; " if facts["token_bytes"] else ""
        sources = " ".join(str(arguments.out / file) for file in c_sources(texts, name))
        sys.stdout.write(f"{facts['table_bytes']} bytes of tables; {tokens}{facts['state_bytes']} bytes a state, "
                         f"{facts['logits_bytes']} bytes of outputs, sums of {facts['word_bits']} bits\n"
                         f"written to {arguments.out}: {', '.join(sorted(texts))}; compile:\n"
                         f"gcc -std=c99 -O2 -I {INCLUDE} -c {sources}\n")
    return 0
