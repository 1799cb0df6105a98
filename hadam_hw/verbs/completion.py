# SPDX-License-Identifier: BSD-2-Clause
"""``hadam completion SHELL``: words and options that complete themselves."""

import sys

from hadam_hw.cli import VerbParser
from hadam_hw.command import PROGRAM
from hadam_hw.completion import SHELLS, script


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parser = VerbParser("completion", description=(
        "Prints what makes a shell complete verbs and their options. Add to ~/.bashrc: eval \"$(hadam completion bash)\"; "
        "to ~/.zshrc: eval \"$(hadam completion zsh)\"."))
    parser.add_argument("shell", choices=SHELLS)
    sys.stdout.write(script(PROGRAM, parser.parse_args(argv).shell))
    return 0
