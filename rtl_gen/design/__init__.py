# SPDX-License-Identifier: BSD-2-Clause
"""The core with its link, pins and clock, and its Verilog."""
