# SPDX-License-Identifier: BSD-2-Clause
"""From states to outputs."""
