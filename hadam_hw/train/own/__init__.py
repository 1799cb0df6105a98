# SPDX-License-Identifier: BSD-2-Clause
"""Training on one's own recordings: nothing but their place is needed, what is left open is chosen on validation."""
