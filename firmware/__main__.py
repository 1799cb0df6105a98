# SPDX-License-Identifier: BSD-2-Clause
"""``python -m firmware VERB ...``: what runs beside the FPGA."""

import sys

from firmware import verbs
from hadam_hw.cli import run_cli
from hadam_hw.errors import UsageError


def main(argv):
    """Hands the rest of the command line to its verb; returns the exit code."""
    names = ", ".join(verbs.names())
    if argv[:1] in (["-h"], ["--help"]):
        sys.stdout.write(f"usage: python -m firmware VERB ...\n\nverbs: {names}; each has --help\n")
        return 0
    verb = verbs.find(argv[0]) if argv else None
    if verb is None:
        raise UsageError(f"Verb must be one of {names}, not {argv[0] if argv else 'nothing'!r}; see python -m firmware --help")
    return verb(argv[1:])


if __name__ == "__main__":
    sys.exit(run_cli(main))
