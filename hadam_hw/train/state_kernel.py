# SPDX-License-Identifier: BSD-2-Clause
"""The compiled loop of :mod:`hadam_hw.train.states`: many sequences are stepped side by side.

The words of a state lie as [n, lanes], so that each operation works on :data:`LANES` sequences side by side. They are floating
point numbers that hold integers: whoever calls has shown that none is ever rounded.
"""

import numba
import numpy as np

#: Sequences that are stepped side by side: two states of 256 units stay in a second-level cache.
LANES = 64

#: Integers are never NaN or infinite, and the sign of a zero does not matter.
_MATH = {"nnan", "ninf", "nsz"}


@numba.njit(fastmath=_MATH, inline="always")
def _transform(state, block):
    """Replaces each lane of ``state`` [n, lanes] by its Walsh-Hadamard transform, blockwise, in natural order."""
    half = 1
    while half < block:
        for start in range(0, len(state), 2 * half):
            for i in range(start, start + half):
                low, high = state[i], state[i + half]
                for k in range(low.size):
                    a, b = low[k], high[k]
                    low[k], high[k] = a + b, a - b
        half *= 2


@numba.njit(cache=True, fastmath=_MATH)
def run(inputs, order, columns, gains, codes, biases, scales, offsets, limits, block, rectify, even, summed, states):
    """Fills ``states`` [sequences, n] for ``inputs`` [sequences, steps, d]; returns the saturations.

    With ``summed`` it fills in pools.
    ``order`` [steps] has the phase of each step; ``columns`` [n, terms], ``gains`` [phases, n, terms], ``codes``
    [phases, n, d], ``biases`` [phases, n], ``scales`` and ``offsets`` [phases] are its constants, shifts to the left included.
    """
    count, steps, width = inputs.shape
    size, terms = columns.shape
    number = states.dtype.type
    zero, low, high = number(0), limits[0], limits[1]
    here, there = np.empty((size, LANES), states.dtype), np.empty((size, LANES), states.dtype)
    x, pool = np.empty((width, LANES), states.dtype), np.empty((size, LANES), states.dtype)
    saturations, beyond = 0, np.empty(LANES, np.int32)
    for first in range(0, count, LANES):
        lanes = min(LANES, count - first)
        here[:] = zero
        x[:] = zero
        pool[:] = zero
        beyond[:] = 0
        for t in range(steps):
            p = order[t]
            scale, offset = scales[p], offsets[p]
            for k in range(lanes):
                for j in range(width):
                    x[j, k] = inputs[first + k, t, j]
            if block > 1:
                _transform(here, block)
            for i in range(size):
                row, new, gain, bias = here[columns[i, 0]], there[i], gains[p, i, 0], biases[p, i]
                code, drive = codes[p, i, 0], x[0]
                for k in range(LANES):
                    new[k] = row[k] * gain + bias + code * drive[k]
                for j in range(1, terms):
                    row, gain = here[columns[i, j]], gains[p, i, j]
                    for k in range(LANES):
                        new[k] += row[k] * gain
                for j in range(1, width):
                    code, drive = codes[p, i, j], x[j]
                    for k in range(LANES):
                        new[k] += code * drive[k]
                for k in range(LANES):
                    value = new[k] * scale
                    value = np.rint(value) if even else np.floor(value + offset)
                    new[k] = min(max(value, low), high)
                    beyond[k] += new[k] != value
                if rectify:
                    for k in range(LANES):
                        new[k] = max(new[k], zero)
                if summed:
                    total = pool[i]
                    for k in range(LANES):
                        total[k] += max(new[k], zero)
            here, there = there, here
        states[first:first + lanes] = (pool if summed else here)[:, :lanes].T
        saturations += beyond[:lanes].sum()
    return saturations
