# SPDX-License-Identifier: BSD-2-Clause
"""The proof: cocotb benches that drive the emitted Verilog and compare every integer with the golden model; ``verify`` does so
in Amaranth's simulator, with nothing installed beside this package."""

from importlib import import_module


def __getattr__(name):
    if name != "verify":  # is loaded when it is asked for
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("sim.equal").verify_model
