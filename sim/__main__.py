# SPDX-License-Identifier: BSD-2-Clause
"""``python -m sim``."""

import sys

from hadam_hw.cli import run_cli
from sim.cli import main

if __name__ == "__main__":
    sys.exit(run_cli(main))
