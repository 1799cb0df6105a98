# SPDX-License-Identifier: BSD-2-Clause
"""The digit-serial cell."""
