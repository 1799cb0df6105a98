# SPDX-License-Identifier: BSD-2-Clause
"""What ``hadam VERB ...`` does beside the FPGA: a module a verb, with ``main(argv)``."""
