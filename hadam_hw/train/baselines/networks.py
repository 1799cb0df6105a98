# SPDX-License-Identifier: BSD-2-Clause
"""The networks, behind one interface: logits of float sequences, and the bytes of the weights that inference needs.

All but one read out the state after the last step. A weight counts 4 bytes.
"""

import math

import torch

from hadam_hw.errors import UsageError
from hadam_hw.train.baselines.fastgrnn import last_state
from hadam_hw.train.baselines.linear import linear_states

WEIGHT_BYTES = 4
#: Where a width for given bytes is looked for.
WIDEST = 4096


class Baseline(torch.nn.Module):
    """A recurrent network and its linear read-out.

    Parameters
    ----------
    inputs, width, classes : int
    leak : int
        0, or the state of a linear recurrence shrinks by ``1 - 2**-leak`` a step; the other networks have gates for it.
    """

    def __init__(self, inputs, width, classes, leak=0):
        super().__init__()
        self.inputs, self.width, self.leak = inputs, width, leak
        self.output = torch.nn.Linear(width, classes)

    @classmethod
    def recurrent_weights(cls, inputs, width):
        """Weights without those of the read-out."""
        raise NotImplementedError

    @classmethod
    def bytes_of(cls, inputs, width, classes):
        """Bytes of a network of this size."""
        return WEIGHT_BYTES * (cls.recurrent_weights(inputs, width) + classes * (width + 1))

    @property
    def model_bytes(self):
        """Bytes of this one."""
        return self.bytes_of(self.inputs, self.width, self.output.out_features)

    def features(self, x):
        """What the read-out sees, [batch, width], of float sequences [batch, steps, inputs]."""
        raise NotImplementedError

    def forward(self, x, dropout=0.0):
        """Logits [batch, classes]; ``dropout`` of the features."""
        return self.output(torch.nn.functional.dropout(self.features(x), dropout))


class Lstm(Baseline):
    """PyTorch's LSTM. It has two biases a gate, of which inference needs the sum: one is counted."""

    def __init__(self, inputs, width, classes, leak=0):
        super().__init__(inputs, width, classes, leak)
        self.recurrent = torch.nn.LSTM(inputs, width, batch_first=True)
        with torch.no_grad():  # the forget gates begin open (Gers et al., 2000)
            self.recurrent.bias_ih_l0[width:2 * width] = 1.0

    @classmethod
    def recurrent_weights(cls, inputs, width):
        """Four gates."""
        return 4 * width * (inputs + width + 1)

    def features(self, x):
        """The last hidden state."""
        return self.recurrent(x)[1][0][0]


class Gru(Baseline):
    """PyTorch's GRU: one bias a gate, and a second one within the candidate's."""

    def __init__(self, inputs, width, classes, leak=0):
        super().__init__(inputs, width, classes, leak)
        self.recurrent = torch.nn.GRU(inputs, width, batch_first=True)

    @classmethod
    def recurrent_weights(cls, inputs, width):
        """Three gates."""
        return 3 * width * (inputs + width + 1) + width

    def features(self, x):
        """The last state."""
        return self.recurrent(x)[1][0]


class FastGrnn(Baseline):
    """FastGRNN (Kusupati et al., NeurIPS 2018), of full rank, dense and in full precision::

        z = sigmoid(W x + U h + b_z)      c = tanh(W x + U h + b_h)      h' = (zeta (1 - z) + nu) c + z h

    with scalars ``zeta`` and ``nu`` between 0 and 1. The published figures are of a low-rank, sparse, 8-bit form.
    """

    def __init__(self, inputs, width, classes, leak=0):
        super().__init__(inputs, width, classes, leak)
        self.drive = torch.nn.Linear(inputs, width, bias=False)
        self.recurrent = torch.nn.Linear(width, width, bias=False)
        self.gate_bias = torch.nn.Parameter(torch.ones(width))
        self.candidate_bias = torch.nn.Parameter(torch.ones(width))
        self.scalars = torch.nn.Parameter(torch.tensor([1.0, -4.0]))  # zeta and nu, before the sigmoid

    @classmethod
    def recurrent_weights(cls, inputs, width):
        """One matrix for gate and candidate, two biases, two scalars."""
        return width * (inputs + width + 2) + 2

    def features(self, x):
        """The last state."""
        return last_state(self.drive(x).transpose(0, 1), self.recurrent.weight, self.gate_bias, self.candidate_bias,
                          torch.sigmoid(self.scalars))

    def stepped_features(self, x):
        """The same by the words of the definition, step by step under autograd: the slow way, for comparison."""
        zeta, nu = torch.sigmoid(self.scalars)
        state = x.new_zeros(len(x), self.width)
        for drive in self.drive(x).unbind(1):
            both = drive + self.recurrent(state)
            gate = torch.sigmoid(both + self.gate_bias)
            state = (zeta * (1 - gate) + nu) * torch.tanh(both + self.candidate_bias) + gate * state
        return state


class Orthogonal(Baseline):
    """The linear recurrence with a dense orthogonal matrix in full precision: ``h' = W h + V x + b``, read out as relu(h).

    ``W = exp(A - A^T)``. What HadamRNN is, but for its binary W and its codes. The last state is one product of the sequence
    with the kernel ``[W^(T-1) V ... V]``, which doubling makes: ``steps * (inputs + 1) * width`` floats, whatever the batch.
    Inference needs W, so its ``width**2`` weights are counted.
    """

    def __init__(self, inputs, width, classes, leak=0):
        super().__init__(inputs, width, classes, leak)
        angles = torch.rand(width // 2) * 2 * math.pi - math.pi  # rotations by any angle: the eigenvalues are spread out
        skew = torch.zeros(width, width)
        skew[torch.arange(0, width - 1, 2), torch.arange(1, width, 2)] = angles
        self.skew = torch.nn.Parameter(skew)
        self.input_weight = torch.nn.Parameter(torch.randn(width, inputs) * 0.3)
        self.bias = torch.nn.Parameter(torch.zeros(width))

    @classmethod
    def recurrent_weights(cls, inputs, width):
        """W, V and b."""
        return width * (width + inputs + 1)

    def matrix(self):
        """W, shrunk by the leak if there is one."""
        shrink = 1 - 2.0**-self.leak if self.leak else 1.0
        return shrink * torch.linalg.matrix_exp(self.skew - self.skew.T)

    def features(self, x):
        """relu of the last state."""
        steps = x.shape[1]
        power = self.matrix().T
        kernel = torch.cat([self.input_weight.T, self.bias[None]])[None]  # the bias is the column of an input that is always 1
        while len(kernel) < steps:
            kernel = torch.cat([kernel, kernel[:steps - len(kernel)] @ power])
            power = power @ power
        kernel = kernel.flip(0)
        last = x.flatten(1) @ kernel[:, :-1].flatten(0, 1) + kernel[:, -1].sum(0)
        return torch.relu(last)


class OrthogonalSum(Orthogonal):
    """The same recurrence with the read-out of ``--readout sum``: relu of every state, added up.

    Here the mean is taken, which is the sum but for the scale of U. Memory is two floats a step, sequence and unit.
    """

    def features(self, x):
        """The mean of relu of all states."""
        drive = (x @ self.input_weight.T + self.bias).transpose(0, 1)
        return torch.relu(linear_states(drive, self.matrix().T)).mean(0)


KINDS = {"lstm": Lstm, "gru": Gru, "fastgrnn": FastGrnn, "orthogonal": Orthogonal,
         "orthogonal-sum": OrthogonalSum}


def width_for_bytes(kind, inputs, classes, limit):
    """The greatest width whose network has at most ``limit`` bytes.

    Raises
    ------
    UsageError
        If no network is that small.
    """
    bytes_of = KINDS[kind].bytes_of
    if bytes_of(inputs, 1, classes) > limit:
        raise UsageError(f"Bytes must be at least {bytes_of(inputs, 1, classes)} for a {kind} of one unit, not {limit}")
    low, high = 1, WIDEST
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if bytes_of(inputs, middle, classes) <= limit else (low, middle - 1)
    return low
