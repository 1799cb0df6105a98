# SPDX-License-Identifier: BSD-2-Clause
"""Radiona ULX3S with an LFE5U-85F: see :mod:`boards.parts.ulx3s`."""

from amaranth_boards.ulx3s import ULX3S_85F_Platform

from boards.parts.chips import LFE5U_85F_BG381
from boards.parts.ulx3s import ulx3s

BOARD = ulx3s("ulx3s-85f", LFE5U_85F_BG381, ULX3S_85F_Platform())
