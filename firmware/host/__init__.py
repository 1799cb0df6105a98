# SPDX-License-Identifier: BSD-2-Clause
"""The host's end of the link (docs/link.md)."""
