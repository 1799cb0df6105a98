# SPDX-License-Identifier: BSD-2-Clause
"""Benchmarks: ``python -m bench NAME``."""
