# SPDX-License-Identifier: BSD-2-Clause
"""The core on a Wishbone bus: its registers (``registers.py``, their one definition), the gateware, its Verilog."""
