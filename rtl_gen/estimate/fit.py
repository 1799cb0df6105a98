# SPDX-License-Identifier: BSD-2-Clause
"""Fits what each counted cell of a part really becomes, from builds."""

import numpy as np

#: Where factors are held, if not at 1: what the builds gave before there were read-outs of stages. They were right within 5 %
#: for whole designs of the shipped models, so designs with stages shall say what a stage takes and move the others little.
START = {
    "adders, more bits": 1.0914, "adders, one bit": 1.0278, "butterflies": 1.1134, "delayed bits": 0.8772,
    "delayed digits": 1.033, "differences": 1.0147, "folded control": 0.3, "folded input": 1.0858, "folded products": 0.8836,
    "folded sums": 1.3974, "folded words": 0.2403, "joins": 0.8593, "observation": 1.0274, "parallel control": 1.0346,
    "parallel words": 0.6363, "read-out": 1.0841, "saturation": 1.1361, "selector": 0.8623, "serial control": 1.4015,
    "serial input": 1.0774, "serial state": 0.9282, "sums": 0.9641}
#: How strongly, relative to an error of 100 % in one build: a part that is a tenth of a few builds moves by what these say, one
#: that they hardly have stays.
HOLD = 0.4


def fit_factors(rows):
    """Part to factor, the least squares of relative errors with every factor held near its :data:`START`, or 1.

    Parameters
    ----------
    rows : list of (Counter, int)
        The parts of a build as :func:`rtl_gen.estimate.inventory.inventory` counts them, and its real cells.
    """
    names = sorted({*START, *(name for parts, _ in rows for name in parts)})
    shares = np.array([[parts[name] / cells for name in names] for parts, cells in rows])
    start = np.array([START.get(name, 1.0) for name in names])
    factors, *_ = np.linalg.lstsq(np.vstack([shares, HOLD * np.eye(len(names))]),
                                  np.concatenate([np.ones(len(rows)), HOLD * start]), rcond=None)
    return {name: round(float(factor), 4) for name, factor in zip(names, factors)}
