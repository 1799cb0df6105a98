# SPDX-License-Identifier: BSD-2-Clause
"""``python -m firmware VERB ...``: those verbs of ``hadam`` that run beside the FPGA."""

import sys
from functools import partial

from hadam_hw import command
from hadam_hw.cli import run_cli

main = partial(command.main, program="python -m firmware", names=command.older_words("firmware"))

if __name__ == "__main__":
    sys.exit(run_cli(main))
