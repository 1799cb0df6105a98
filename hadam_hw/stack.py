# SPDX-License-Identifier: BSD-2-Clause
"""Where ``StackedModel`` was."""

from hadam_hw.renamed import refuse_old_names

__getattr__ = refuse_old_names(__name__, {"StackedModel": "hadam_hw.model.Model(layers=(lower, upper), readout=...)"})
