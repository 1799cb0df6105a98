# SPDX-License-Identifier: BSD-2-Clause
"""``python -m sim``."""

import sys

from hadam_hw.cli import run_cli
from rtl_gen.unused import allow_unused_components
from sim.cli import main

if __name__ == "__main__":
    allow_unused_components()
    sys.exit(run_cli(main))
