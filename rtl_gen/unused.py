# SPDX-License-Identifier: BSD-2-Clause
"""Amaranth's warning of components that were never elaborated, which commands do not repeat."""

import warnings


def allow_unused_components():
    """Ignores that warning from now on: a core may be made only to be asked for its timing."""
    warnings.filterwarnings("ignore", message=".*created but never used")
