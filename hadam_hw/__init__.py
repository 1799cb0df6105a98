# SPDX-License-Identifier: BSD-2-Clause
"""Binary and ternary recurrent networks in integers: the model, its file, and the golden definition of what it computes."""
