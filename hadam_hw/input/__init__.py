# SPDX-License-Identifier: BSD-2-Clause
"""From measured numbers to the integer vectors that a core takes."""
