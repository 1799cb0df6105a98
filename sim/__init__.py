# SPDX-License-Identifier: BSD-2-Clause
"""The proof: cocotb benches that drive the emitted Verilog and compare every integer with the golden model."""
