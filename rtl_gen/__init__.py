# SPDX-License-Identifier: BSD-2-Clause
"""The generator: from a quantised model to gateware, a bitstream and a report."""
