# SPDX-License-Identifier: BSD-2-Clause
"""Sensors: pins on one side, a stream of samples on the other. None of them was tried on hardware yet."""
