# SPDX-License-Identifier: BSD-2-Clause
"""The link between a host and the core: frames, and the gateware that speaks them over a UART."""
