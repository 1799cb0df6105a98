# SPDX-License-Identifier: BSD-2-Clause
"""The cell whose state lies in block RAM."""
