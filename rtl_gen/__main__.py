# SPDX-License-Identifier: BSD-2-Clause
"""``python -m rtl_gen --weights ...`` is ``hadam build --weights ...``; with a verb it is that one."""

import sys

from hadam_hw import command
from hadam_hw.cli import run_cli


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    names = command.older_words("rtl_gen")
    if argv[:1] in (["-h"], ["--help"]):
        sys.stdout.write(f"verbs, each with --help: {', '.join(names)}; without one:\n\n")
    if argv and argv[0] in names:
        return command.VERBS[argv[0]].run(argv[1:])
    return command.VERBS["build"].run(argv)


if __name__ == "__main__":
    sys.exit(run_cli(main))
