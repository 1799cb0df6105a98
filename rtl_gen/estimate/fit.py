# SPDX-License-Identifier: BSD-2-Clause
"""Fits what each counted cell of a part really becomes, from builds."""

import numpy as np

#: How strongly a factor is held at 1, relative to an error of 100 % in one build: a part that is a tenth of a few builds moves
#: by what these say, one that they hardly have stays.
HOLD = 0.02


def fit_factors(rows):
    """Part to factor, the least squares of relative errors with every factor held near 1.

    Parameters
    ----------
    rows : list of (Counter, int)
        The parts of a build as :func:`rtl_gen.estimate.inventory.inventory` counts them, and its real cells.
    """
    names = sorted({name for parts, _ in rows for name in parts})
    shares = np.array([[parts[name] / cells for name in names] for parts, cells in rows])
    held = HOLD * np.eye(len(names))
    factors, *_ = np.linalg.lstsq(
        np.vstack([shares, held]), np.concatenate([np.ones(len(rows)), HOLD * np.ones(len(names))]), rcond=None)
    return {name: round(float(factor), 4) for name, factor in zip(names, factors)}
