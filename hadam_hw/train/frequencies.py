# SPDX-License-Identifier: BSD-2-Clause
"""The frequencies of oscillators: chosen by what least squares can tell of the classes from the last state, or drawn.

The last state of a pair is two correlations of the sequence, with a cosine and a sine of its frequency. Which of them tell the
classes apart has a closed form in the covariances of the training set, as in :mod:`hadam_hw.train.sign_search`. Here there are
few hundred candidates, and what a pair adds to those before it is a small solve. So they are taken greedily, the best first:
64 units of sequential MNIST in seconds, and the first 32 of them are what 32 would be.
"""

import numpy as np

from hadam_hw.oscillators import Oscillators, oscillations

#: Training sequences of the covariances, and the most numbers in one sequence: their covariance is so many squared.
SEQUENCES, LONGEST = 10_000, 4096
#: Of the least squares, as a share of a pair's variance: rounded states and quantised weights cannot live on less.
RIDGE = 1e-4
#: What is drawn lies between these, in radians a step.
LOWEST, HIGHEST = 0.01, 2.6


def drawn_oscillations(pairs, rng):
    """Log-uniform frequencies, each the nearest that there is: a list of :class:`~hadam_hw.oscillators.Oscillation`."""
    known = oscillations()
    there = np.log([each.frequency for each in known])
    wanted = rng.uniform(np.log(LOWEST), np.log(HIGHEST), pairs)
    return [known[np.abs(there - frequency).argmin()] for frequency in wanted]


def chosen_oscillations(inputs, labels, drives, rng):
    """Greedily chosen frequencies: each pair's is the one that explains most of the classes' variance beside those before it.

    Parameters
    ----------
    inputs : int [sequences, steps, d]
        At most :data:`LONGEST` numbers a sequence. :data:`SEQUENCES` of them are drawn by ``rng``.
    labels : int [sequences]
    drives : float [pairs, d]
        What the inputs add to x of each pair in a step. y is not driven, since that would only shift the phase.
    rng : Generator

    Returns
    -------
    oscillations : list of Oscillation
        One a pair.
    shares : list of float
        The share of the variance explained by the first pair, the first two, and so on: 0 to 1.
    """
    known = oscillations()
    drawn = rng.permutation(len(inputs))[:SEQUENCES]
    values, steps = inputs[drawn].reshape(len(drawn), -1).astype(np.float64), inputs.shape[1]
    values -= values.mean(0)
    classes = np.eye(int(labels.max()) + 1)[labels[drawn]]
    classes -= classes.mean(0)
    covariance, crossed = values.T @ values / len(drawn), values.T @ classes / len(drawn)
    total = (classes**2).sum() / len(drawn)
    explained = _Explained(len(covariance), classes.shape[1])
    for pair, drive in enumerate(drives):
        if not pair or (drive != drives[pair - 1]).any():
            kernel = last_state_kernel(known, drive, steps)
            products = covariance @ kernel
            # a pair is driven as loudly as fits its words, so every candidate is taken as equally loud
            loudness = np.sqrt((kernel * products).sum(0).reshape(-1, 2).mean(1)).repeat(2)
            scale = 1 / np.where(loudness > 0, loudness, 1)
            kernel, products = kernel * scale, products * scale
            targets = kernel.T @ crossed
        explained.add(kernel, products, targets)
    shares = np.cumsum(explained.gains) / total if total else np.zeros(len(drives))
    return [known[index] for index in explained.chosen], shares.tolist()


def last_state_kernel(known, drive, steps):
    """float64 [steps * d, 2 * candidates]: what each number of a sequence adds to x and y of each candidate's last state."""
    recurrence = Oscillators.of(known)
    product, scale = recurrence.products(np.float64), 2.0**-recurrence.shift(0)
    state = np.zeros((len(drive), recurrence.size))
    state[:, 0::2] = np.asarray(drive)[:, None]
    kernel = np.empty((steps, *state.shape))
    for step in range(steps - 1, -1, -1):
        kernel[step] = state
        state = product(state) * scale
    return kernel.reshape(-1, recurrence.size)


class _Explained:
    """Ridge regression of the classes on the pairs taken so far, grown a pair at a time."""

    def __init__(self, numbers, classes):
        self.chosen, self.gains, self._classes = [], [], classes
        self._kernel, self._products, self._targets = np.zeros((numbers, 0)), np.zeros((numbers, 0)), np.zeros((0, classes))

    def add(self, kernel, products, targets):
        """Takes the candidate that explains most: ``kernel`` [numbers, 2 * candidates], ``products`` the covariance times it,
        ``targets`` [2 * candidates, classes] its covariance with the classes."""
        count, taken = kernel.shape[1] // 2, self._kernel.shape[1]
        # What is left of a candidate, and of the classes, beside the pairs taken: Schur complements of the normal equations.
        # They are solved anew for each pair, since errors of an inverse that is kept would grow without bound.
        crossed = self._products.T @ kernel
        weights = np.linalg.solve(self._kernel.T @ self._products + RIDGE * np.eye(taken), crossed)
        own = _blocks(kernel, products, count) + RIDGE * np.eye(2) - _blocks(crossed, weights, count)
        left = (targets - weights.T @ self._targets).reshape(count, 2, self._classes)
        gains = (left * np.linalg.solve(own, left)).sum((1, 2))
        best = int(gains.argmax())
        pair = slice(2 * best, 2 * best + 2)
        self._kernel = np.hstack([self._kernel, kernel[:, pair]])
        self._products = np.hstack([self._products, products[:, pair]])
        self._targets = np.vstack([self._targets, targets[pair]])
        self.chosen.append(best)
        self.gains.append(float(gains[best]))


def _blocks(left, right, count):
    """[count, 2, 2]: of ``left.T @ right`` the blocks on the diagonal."""
    return np.einsum("nci,ncj->cij", left.reshape(-1, count, 2), right.reshape(-1, count, 2), optimize=True)
