# SPDX-License-Identifier: BSD-2-Clause
"""The generator: from a quantised model to gateware, a bitstream and a report."""

from importlib import import_module


def __getattr__(name):
    if name != "compile":  # is loaded when it is asked for
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("rtl_gen.auto").compile_model
