# SPDX-License-Identifier: BSD-2-Clause
"""``python -m rtl_gen``."""

import sys

from hadam_hw.cli import run_cli
from rtl_gen.cli import main

if __name__ == "__main__":
    sys.exit(run_cli(main))
