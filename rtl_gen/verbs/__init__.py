# SPDX-License-Identifier: BSD-2-Clause
"""What ``hadam VERB ...`` does with gateware and boards: a module a verb, with ``main(argv)``."""
