# SPDX-License-Identifier: BSD-2-Clause
"""Verilog text of a component."""

import os

from amaranth.back import verilog


def emit_verilog(component, name):
    """Verilog of ``component`` as module ``name``: the same text for the same component, wherever it is made.

    The Yosys that translates is the one that Amaranth brings along, never one that happens to be installed: Yosys
    versions order their output differently. Source locations are left out, since they name this machine's folders.
    """
    before = os.environ.get("AMARANTH_USE_YOSYS")
    os.environ["AMARANTH_USE_YOSYS"] = "builtin"
    try:
        return verilog.convert(component, name=name, emit_src=False, strip_internal_attrs=True)
    finally:
        if before is None:
            del os.environ["AMARANTH_USE_YOSYS"]
        else:
            os.environ["AMARANTH_USE_YOSYS"] = before
