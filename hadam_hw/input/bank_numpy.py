# SPDX-License-Identifier: BSD-2-Clause
"""The resonators of a bank by NumPy: all bands at once, sample after sample."""

import numpy as np


def run_numpy(bank, samples, state):
    """(sums int64 [frames, bands], blocker, x, y, sums of the unfinished frame) behind ``samples`` int64 [n]."""
    shift, first, second, signs, damping = bank_arrays(bank)
    x, y, sums = state.x.copy(), state.y.copy(), state.sums.copy()
    blocker, count, driven = state.blocker, state.count, []
    for sample in samples.tolist():
        u = sample - (blocker >> bank.blocker)
        blocker += u
        driven.append(u << bank.fraction)
    frames = np.empty(((count + len(driven)) // bank.frame, bank.size), np.int64)
    done, double, other = 0, np.empty_like(x), np.empty_like(x)
    for u in driven:
        np.left_shift(x, 1, out=double)  # shifts of -1 are one of 0 then
        np.right_shift(double, second, out=other)
        y -= np.multiply(other, signs, out=other)
        y -= np.right_shift(double, first, out=other)
        y -= np.right_shift(y, damping, out=other)
        y += u
        np.left_shift(y, 1, out=double)
        x += np.right_shift(double, shift, out=other)
        np.right_shift(y, 63, out=other)
        np.bitwise_xor(other, y, out=other)
        sums += np.right_shift(other, bank.dropped, out=other)
        count += 1
        if count == bank.frame:
            frames[done] = sums
            sums[:] = 0
            done, count = done + 1, 0
    return frames, blocker, x, y, sums


def bank_arrays(bank):
    """(shift, first and second digit of twice a word, sign, damping) of the bands, each int64 [bands]."""
    rows = np.array([(band.shift + 1, band.first + 1, band.second + 1, band.sign, band.damping) for band in bank.bands],
                    np.int64)
    return tuple(np.ascontiguousarray(column) for column in rows.T)
