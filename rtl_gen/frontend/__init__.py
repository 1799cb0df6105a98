# SPDX-License-Identifier: BSD-2-Clause
"""Front ends as gateware: a stream of samples in, a stream of codes out."""
