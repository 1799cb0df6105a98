# SPDX-License-Identifier: BSD-2-Clause
"""``python -m rtl_gen``."""

import sys

from hadam_hw.cli import run_cli
from rtl_gen.cli import main
from rtl_gen.unused import allow_unused_components

if __name__ == "__main__":
    allow_unused_components()
    sys.exit(run_cli(main))
