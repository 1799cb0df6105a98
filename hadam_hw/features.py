# SPDX-License-Identifier: BSD-2-Clause
"""Where the log-mel frames were."""

from hadam_hw.renamed import refuse_old_names

__getattr__ = refuse_old_names(__name__, {name: f"hadam_hw.input.log_mel.{name}" for name in ("LogMel", "KEYWORDS", "DIGITS")})
