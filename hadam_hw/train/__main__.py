# SPDX-License-Identifier: BSD-2-Clause
"""``python -m hadam_hw.train ...`` is ``hadam fit ...``."""

import sys

from hadam_hw.cli import run_cli
from hadam_hw.command import VERBS

main = VERBS["fit"].run

if __name__ == "__main__":
    sys.exit(run_cli(main))
