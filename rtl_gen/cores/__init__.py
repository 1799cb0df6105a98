# SPDX-License-Identifier: BSD-2-Clause
"""Cells and read-out behind two streams."""
