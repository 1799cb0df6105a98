# SPDX-License-Identifier: BSD-2-Clause
"""The leaks of a layer that is trained: one for all units, or one drawn for each."""

import numpy as np


def leak_of(settings, layer=0):
    """The leak of the recurrence of layer ``layer``, counted from the input.

    Parameters
    ----------
    settings : Settings
    layer : int

    Returns
    -------
    int, or int64 [hidden]
        ``settings.leak``; or, where ``settings.leaks`` says so, a draw for each unit, uniform between its ends, by the seed.
    """
    if not settings.leaks:
        return settings.leak
    least, most = settings.leak_ends
    return np.random.default_rng([settings.seed, 5, layer]).integers(least, most, settings.hidden, endpoint=True)
