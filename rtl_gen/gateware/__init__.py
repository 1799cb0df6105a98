# SPDX-License-Identifier: BSD-2-Clause
"""The gateware of the recurrent core: adder networks, the two renderings of the cell, and the read-out."""
