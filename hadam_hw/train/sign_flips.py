# SPDX-License-Identifier: BSD-2-Clause
"""Changing recurrent signs without losing what was learned: flips that a batch accepts, or that are taken back.

Flipping one sign is a rank-one change of ``W``, and with it of every power of ``W``: far from where a gradient can see. So the
gradient only proposes, and the loss of the very same network with the sign flipped decides.
"""

import torch

#: Steps of the optimiser between two attempts, proposals an attempt, and the part of the training in which there are any.
EVERY, PROPOSALS, UNTIL = 10, 4, 0.6
#: A flip must lower the loss by at least this share: less is the batch's noise.
MARGIN = 2e-3


def flip_where_better(network, x, labels, step, progress):
    """Tries to flip a sign of each layer after step ``step``; the number of flips that stay.

    Parameters
    ----------
    network : HadamRNN
        With the gradients of this batch.
    x, labels : tensors
        The batch.
    step : int
    progress : float
        0 at the start of the training, 1 at its end.
    """
    if step % EVERY or progress >= UNTIL:
        return 0
    flips = 0
    with torch.no_grad():
        network.eval()
        lowest = _loss(network, x, labels) * (1 - MARGIN)
        for layer in network.layers:
            # a flip moves a sign by -2 times itself: what the loss would change by if it were linear
            order = (-2 * layer.signs * layer.signs.grad).argsort()
            best = None
            for index in order[:PROPOSALS].tolist():
                layer.signs[index] *= -1
                loss = _loss(network, x, labels)
                layer.signs[index] *= -1
                if loss < lowest:
                    lowest, best = loss, index
            if best is not None:
                layer.signs[best] *= -1
                flips += 1
            layer.signs.grad = None
        network.train()
    return flips


def _loss(network, x, labels):
    return torch.nn.functional.cross_entropy(network(x).flatten(0, -2), labels.flatten()).item()
