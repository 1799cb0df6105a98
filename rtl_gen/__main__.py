# SPDX-License-Identifier: BSD-2-Clause
"""``python -m rtl_gen``."""

import sys
import warnings

from hadam_hw.cli import run_cli
from rtl_gen.cli import main

if __name__ == "__main__":
    # A core may be made only to be asked for its timing.
    warnings.filterwarnings("ignore", message=".*created but never used")
    sys.exit(run_cli(main))
