# SPDX-License-Identifier: BSD-2-Clause
"""Names of the files that a build leaves; apart, so that what only reads them need not load the hardware description."""

from pathlib import Path

CORE = "hadam_core"  # the core's module
CORE_FILE = "core.v"
DESIGN_FILE = "design.v"
CODES_FILE = "codes.bin"  # those of stages in SPRAM, as they lie in the flash; the bitstream's file has them too
TEMPLATE_FILE = "core_instance.v"
NETLIST_FILE = "netlist.json"
NETLIST_VERILOG_FILE = "netlist.v"
REPORT_FILE = "report.json"
PAGE_FILE = "report.html"
FACTS_FILE = "facts.json"  # not delivered: what the design's stage tells the report
#: Stands for the PLLs of all families where a whole design is simulated.
PLL_SIMULATION = Path(__file__).parent.parent / "templates" / "pll.v"
#: Stands for the SPRAM of iCE40 UltraPlus where emitted Verilog is simulated.
SPRAM_SIMULATION = Path(__file__).parent.parent / "templates" / "spram.v"
