# SPDX-License-Identifier: BSD-2-Clause
"""Sequences of any lengths, computed together.

A state that is 0 stays 0 while the input is 0, where a layer has no biases and one phase: such sequences are padded in front to
the longest of a batch, and what comes out is exactly that of each at its own length. Others are batched by their lengths.
"""

import numpy as np

#: Of a batch: sequences, and how much longer than the shortest the longest may be.
BATCH, LONGER = 2048, 1.25


def rests_at_zero(layers):
    """Whether steps of 0 before the first of a sequence change nothing in ``layers``."""
    return all(len(layer.phases) == 1 and not layer.phases[0].bias.any() for layer in layers)


def batches(lengths, longer=LONGER):
    """Arrays of the places of sequences of ``lengths``, the shortest first.

    Parameters
    ----------
    lengths : int [sequences]
    longer : float
        How much longer than the shortest of a batch the longest may be; 1 for batches of one length.
    """
    order = np.argsort(lengths, kind="stable")
    first = 0
    for k in range(1, len(order) + 1):
        if k == len(order) or k - first == BATCH or lengths[order[k]] > longer * lengths[order[first]]:
            yield order[first:k]
            first = k


def padded(sequences):
    """int [sequences, steps, d]: ``sequences``, a list of int [steps, d], with zeros in front, in the narrowest type."""
    steps = max(len(codes) for codes in sequences)
    ends = {int(end) for codes in sequences for end in (codes.min(), codes.max())}
    dtype = np.result_type(np.int8, *(np.min_scalar_type(min(end, -end - 1)) for end in ends))
    together = np.zeros((len(sequences), steps, sequences[0].shape[1]), dtype)
    for row, codes in zip(together, sequences):
        row[steps - len(codes):] = codes
    return together
