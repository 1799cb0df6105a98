# SPDX-License-Identifier: BSD-2-Clause
"""Sensors as integers: what each makes of the bits at its pins, and the simulated part that plays a recording there."""
