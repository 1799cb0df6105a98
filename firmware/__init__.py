# SPDX-License-Identifier: BSD-2-Clause
"""What runs beside the FPGA: the host's end of the link."""
