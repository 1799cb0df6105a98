# SPDX-License-Identifier: BSD-2-Clause
"""A read-out of several dense stages: its plan, its memories, its accumulators, and what drives them."""
