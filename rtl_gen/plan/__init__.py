# SPDX-License-Identifier: BSD-2-Clause
"""What a core is, as data: adder graphs, foldings, binary points, clocks. No Amaranth."""
