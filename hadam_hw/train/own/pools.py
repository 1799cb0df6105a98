# SPDX-License-Identifier: BSD-2-Clause
"""Pools and last states of sequences of any lengths (:mod:`hadam_hw.lengths`)."""

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.lengths import batches, padded, rests_at_zero
from hadam_hw.train.ridge import read_vectors


def pools(layer, pooling, sequences):
    """(int64 [sequences, n]: what a read-out of one stage takes of each, saturations of all words).

    Parameters
    ----------
    layer : Layer
        Without biases, as one that is drawn.
    pooling : Pooling
        SUM, or LAST.
    sequences : sequence of int [steps, d_in]

    Raises
    ------
    DataError
        If the layer has biases: its state would not stay 0 in front of a sequence.
    """
    if not rests_at_zero((layer,)):
        raise DataError("Layer must have no biases where sequences of several lengths are padded in front")
    vectors, saturated = np.empty((len(sequences), layer.size), np.int64), 0
    for places in batches(np.array([len(codes) for codes in sequences])):
        vectors[places], events = read_vectors(layer, pooling, padded([sequences[k] for k in places]))
        saturated += events
    return vectors, saturated
