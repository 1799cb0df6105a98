# SPDX-License-Identifier: BSD-2-Clause
"""``python -m hadam_hw VERB ...`` is ``hadam VERB ...``."""

import sys

from hadam_hw.cli import run_cli
from hadam_hw.command import main


def run():
    """The console script ``hadam``; returns the exit code."""
    return run_cli(main)


if __name__ == "__main__":
    sys.exit(run())
