# SPDX-License-Identifier: BSD-2-Clause
"""A board without hardware: the emitted design, compiled, behind its simulated UART pins."""
