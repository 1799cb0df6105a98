# SPDX-License-Identifier: BSD-2-Clause
"""What a memory is made of: attributes for synthesis."""

#: Yosys must not guess: whatever is asked for as block RAM is block RAM. No reader here uses a word in the clock in which
#: it is written, so nothing has to be built to define what it would read (on iCE40 a register and a multiplexer a bit).
BLOCK = {"ram_style": "block", "rom_style": "block", "no_rw_check": 1}
#: A small table is cheaper as logic, and its word register shares a cell with it.
LOGIC = {"rom_style": "logic"}
