# SPDX-License-Identifier: BSD-2-Clause
"""What ``hadam VERB ...`` does with a model file alone: a module a verb, with ``main(argv)``."""
