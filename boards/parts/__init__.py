# SPDX-License-Identifier: BSD-2-Clause
"""What boards are made of: chips, clocks, pins, programmers. The boards themselves are the files beside this folder."""
