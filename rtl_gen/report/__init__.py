# SPDX-License-Identifier: BSD-2-Clause
"""What a build reports."""
