# SPDX-License-Identifier: BSD-2-Clause
"""``python -m bench NAME ...`` runs the module ``bench.NAME``."""

import sys
from importlib import import_module
from pathlib import Path

from hadam_hw.cli import run_cli
from hadam_hw.errors import HadamError


def main(argv):
    """Hands the other arguments to the bench's own ``main``."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    if not argv or argv[0] not in names:
        raise HadamError(f"Bench must be one of {', '.join(names)}, not {argv[0] if argv else 'nothing'!r}")
    return import_module(f"bench.{argv[0]}").main(argv[1:])


if __name__ == "__main__":
    sys.exit(run_cli(main))
