# SPDX-License-Identifier: BSD-2-Clause
"""Training of Hadamard recurrent networks: the only part of the project that needs torch and numba."""
