# SPDX-License-Identifier: BSD-2-Clause
"""The scale of probabilities (Guo et al., On Calibration of Modern Neural Networks, 2017): one number, on validation."""

import numpy as np

#: Candidates: powers of ten, over the deviation of what is scaled.
_LEAST, _MOST, _COUNT = -2.0, 4.0, 121


def spread(scores):
    """The deviation of ``scores`` [sequences, classes] from the mean of each sequence."""
    return float((scores - scores.mean(axis=1, keepdims=True)).std()) or 1.0


def calibrated_scale(scores, labels):
    """The factor above 0 for which ``softmax(scores * factor)`` tells ``labels`` best: of the least mean cross-entropy.

    It is bounded where all are right, too: as if one more sequence had been told, of any class.

    Parameters
    ----------
    scores : float64 [sequences, classes]
        Of sequences that nothing was fitted on.
    labels : int64 [sequences]
    """
    factors = 10.0 ** np.linspace(_LEAST, _MOST, _COUNT) / spread(scores)
    classes = scores.shape[1]
    smoothed = np.full((len(labels), classes), 1 / classes / (len(labels) + 1))
    smoothed[np.arange(len(labels)), labels] += len(labels) / (len(labels) + 1)
    return float(min(factors, key=lambda factor: _cross_entropy(scores * factor, smoothed)))


def _cross_entropy(logits, targets):
    logits = logits - logits.max(axis=1, keepdims=True)
    return float((targets * (np.log(np.exp(logits).sum(axis=1, keepdims=True)) - logits)).sum(axis=1).mean())
