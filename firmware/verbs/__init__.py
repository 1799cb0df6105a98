# SPDX-License-Identifier: BSD-2-Clause
"""What ``python -m firmware VERB ...`` does: a module a verb, with ``main(argv)``."""

from importlib import import_module
from pathlib import Path


def names():
    """The verbs there are, as they are typed: ``export-c`` is the module ``export_c``."""
    return sorted(path.stem.replace("_", "-") for path in Path(__file__).parent.glob("[a-z]*.py"))


def find(name):
    """The ``main`` of the verb ``name``, or None: each loads what it alone needs."""
    return import_module(f"firmware.verbs.{name.replace('-', '_')}").main if name in names() else None
