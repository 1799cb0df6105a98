# SPDX-License-Identifier: BSD-2-Clause
"""The cells that move whole words."""
