# SPDX-License-Identifier: BSD-2-Clause
"""From Verilog to a bitstream: chip families, Yosys, nextpnr, what they count. No Amaranth."""
