# SPDX-License-Identifier: BSD-2-Clause
"""Recurrent signs searched before the training, by what least squares can tell of the classes from the last state.

A linear recurrence takes ``n`` numbers out of a sequence, ``K^T x`` with ``K`` the powers of ``W`` times V. Its signs decide
which, and no weight behind them brings back what ``K`` left out. Gradients do not see as far as a flip goes, since every power
of ``W`` changes with it. But how well a linear map of ``K^T x`` tells the classes has a closed form in the covariances of the
training set, a few milliseconds a flip. So the signs are annealed on that (Kirkpatrick, Gelatt and Vecchi, 1983) and left alone
from then on. Flips that only climb end early: at 41 to 45 % for sequential MNIST and 128 units, where annealing has 45 to 48.
"""

from dataclasses import replace

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.layer import Activation
from hadam_hw.readout import Pooling
from hadam_hw.train.last_state import gain, powers
from hadam_hw.train.settings import Signs

#: Training sequences of the covariances, and the most numbers in one sequence: their covariance is so many squared.
SEQUENCES, LONGEST = 10_000, 4096
#: Of the least squares, as a share of the mean variance of the last state: quantised weights cannot live on less.
RIDGE = 1e-4
#: Passes over the signs, and the share explained that a flip may cost at the start.
PASSES, TEMPERATURE = 24, 0.01


class Explained:
    """The share of the classes' variance that a linear map of the last state explains, as a function of the signs.

    Parameters
    ----------
    inputs : float32 [sequences, steps, d]
    labels : int [sequences]
    input_weight : float [n, d]
        V.
    signs : int [n]
        Of -1 and 1. What :meth:`flip` keeps is in :attr:`signs`.
    block : int
    leak : int
        As in :class:`hadam_hw.train.settings.Settings`.
    """

    def __init__(self, inputs, labels, input_weight, signs, block, leak):
        count, self.steps, columns = inputs.shape
        inputs = inputs.reshape(count, -1) - inputs.reshape(count, -1).mean(0)
        classes = np.eye(labels.max() + 1, dtype=np.float32)[labels]
        classes -= classes.mean(0)
        self.covariance, self.crossed = inputs.T @ inputs / count, inputs.T @ classes / count
        self.total = float((classes**2).sum() / count)
        self.signs, self.block = np.array(signs), block
        self.gain = gain(block, leak)
        self.columns = np.ascontiguousarray(input_weight.T, np.float32)
        size = len(self.signs)
        self.kernel = np.empty((self.steps * columns, size), np.float32)
        self.products, self.targets = np.empty((size, size)), np.empty((size, classes.shape[1]))
        for start in range(0, size, block):
            self.kernel[:, start:start + block] = self._kernel(slice(start, start + block))
        for start in range(0, size, block):
            self._put(slice(start, start + block))
        #: The share explained by the present signs, 0 to 1.
        self.share = self._solve()

    def flip(self, index, least):
        """Flips the sign of unit ``index`` if that explains more than ``least``; whether it did."""
        part = slice(index // self.block * self.block, (index // self.block + 1) * self.block)
        kept = self.kernel[:, part].copy(), self.products.copy(), self.targets.copy(), self.share
        self.signs[index] *= -1
        self.kernel[:, part] = self._kernel(part)
        self._put(part)
        self.share = self._solve()
        if self.share > least:
            return True
        self.signs[index] *= -1
        self.kernel[:, part], self.products, self.targets, self.share = kept
        return False

    def _kernel(self, part):
        """The columns of the kernel of one block."""
        kernel = np.empty((self.steps, len(self.columns), self.block), np.float32)
        gains = (self.signs[part] * self.gain).astype(np.float32)
        powers(np.ascontiguousarray(self.columns[:, part]), gains, self.block, kernel)
        return kernel.reshape(-1, self.block)

    def _put(self, part):
        """Brings what depends on one block's kernel up to date."""
        products = self.kernel.T @ (self.covariance @ self.kernel[:, part])
        self.products[:, part], self.products[part] = products, products.T
        self.targets[part] = self.kernel[:, part].T @ self.crossed

    def _solve(self):
        ridge = RIDGE * np.trace(self.products) / len(self.signs)
        if not ridge or not self.total:  # silent inputs, or one class: there is nothing to explain
            return 0.0
        weights = np.linalg.solve(self.products + ridge * np.eye(len(self.signs)), self.targets)
        return float((weights * self.targets).sum() / self.total)


def searchable(task, settings):
    """Whether the last state is what is read out, and a linear function of inputs that are few enough."""
    return (not task.vocabulary and not task.every_step and settings.readout is Pooling.LAST and settings.layers == 1
            and settings.activation is Activation.LINEAR and task.train.inputs[0].size <= LONGEST)


def resolved(settings, task):
    """``settings`` with what ``Signs.AUTO`` stands for."""
    if settings.signs is not Signs.AUTO:
        return settings
    return replace(settings, signs=Signs.SEARCHED if searchable(task, settings) else Signs.FIXED)


def search_signs(network, task, settings, on_trial=lambda share: None):
    """Replaces the signs of ``network`` by searched ones; the shares explained before and after.

    Deterministic in ``settings.seed`` but for the last bits of the machine's sums, on which a close decision can turn.

    Parameters
    ----------
    network : HadamRNN
    task : Task
    settings : Settings
    on_trial : callable
        Is told the share explained after each sign that was tried, ``settings.hidden`` of them a pass.

    Raises
    ------
    DataError
        If the last state of this network, or this task, is not a linear function of inputs that are few enough.
    """
    if not searchable(task, settings):
        raise DataError("signs = searched takes one linear layer that is read out of its last state, and sequences of "
                        f"at most {LONGEST} numbers in all; take fixed signs here")
    inputs = task.train.inputs
    rng = np.random.default_rng([settings.seed, 3])
    chosen = rng.permutation(len(inputs))[:SEQUENCES]
    layer = network.layers[0]
    explained = Explained(inputs[chosen].astype(np.float32) * np.float32(task.scale), task.train.labels[chosen],
                          layer.input_weight.detach().numpy(), layer.signs.numpy(), settings.block, settings.leak)
    before = explained.share
    best, signs = anneal(explained, rng, on_trial)
    layer.signs.copy_(layer.signs.new_tensor(signs))
    return before, best


def anneal(explained, rng, on_trial=lambda share: None):
    """(the largest share explained, the signs that do it), annealed from those of ``explained``.

    Parameters
    ----------
    explained : Explained
    rng : Generator
    on_trial : callable
        That of :func:`search_signs`.
    """
    best, signs = explained.share, explained.signs.copy()
    for number in range(PASSES):
        temperature = TEMPERATURE * (1 - number / PASSES)**2
        for index in rng.permutation(len(signs)):
            explained.flip(index, explained.share + temperature * np.log(1 - rng.random()))
            if explained.share > best:
                best, signs = explained.share, explained.signs.copy()
            on_trial(best)
    return best, signs
