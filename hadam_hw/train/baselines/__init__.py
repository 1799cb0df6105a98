# SPDX-License-Identifier: BSD-2-Clause
"""Full-precision recurrent networks on the same tasks and splits: what the binary weights cost."""
