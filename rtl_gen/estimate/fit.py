# SPDX-License-Identifier: BSD-2-Clause
"""Fits what each counted cell of a part really becomes, from builds."""

import numpy as np

#: Where factors are held, if not at 1: what 16 builds of an earlier state of the gateware gave for parts that are as they were.
START = {
    "adders, more bits": 1.086, "butterflies": 1.087, "delayed bits": 0.822, "differences": 0.858, "folded control": 0.356,
    "folded input": 0.907, "folded products": 0.902, "folded sums": 1.107, "folded words": 0.464, "joins": 0.886,
    "parallel words": 0.789, "saturation": 1.05, "serial control": 1.21, "serial input": 1.192, "serial state": 0.946}
#: How strongly, relative to an error of 100 % in one build: a part that is a tenth of a few builds moves by what these say, one
#: that they hardly have stays.
HOLD = 0.04


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
