# SPDX-License-Identifier: BSD-2-Clause
"""What ``python -m rtl_gen VERB ...`` does beside building: a module a verb, with ``main(argv)``."""

from importlib import import_module
from pathlib import Path


def names():
    """The verbs there are."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def find(name):
    """The ``main`` of the verb ``name``, or None: each loads what it alone needs."""
    return import_module(f"rtl_gen.verbs.{name}").main if name in names() else None
