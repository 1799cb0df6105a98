# SPDX-License-Identifier: BSD-2-Clause
"""C99 for microcontrollers: a model's integers as tables, and the driver of an FPGA that holds one (docs/mcu.md)."""
