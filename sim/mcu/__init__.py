# SPDX-License-Identifier: BSD-2-Clause
"""Exported models on microcontrollers that QEMU emulates: RV32I, and Cortex-M."""
