# SPDX-License-Identifier: BSD-2-Clause
"""``python -m sim ...`` is ``hadam sim ...``."""

import sys

from hadam_hw.cli import run_cli
from hadam_hw.command import VERBS

main = VERBS["sim"].run

if __name__ == "__main__":
    sys.exit(run_cli(main))
