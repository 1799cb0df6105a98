# SPDX-License-Identifier: BSD-2-Clause
"""FastGRNN's steps as two compiled loops, there and back: in PyTorch a step is a dozen tiny operations, and twice that back.

The definition is in :class:`hadam_hw.train.baselines.networks.FastGrnn`.
"""

import numba
import numpy as np
import torch


@numba.njit(cache=True, fastmath=True)
def _forward(drive, weight, gate_bias, candidate_bias, zeta, nu, states, gates, candidates):
    """Fills states [T + 1, B, n] (the first is 0), gates and candidates [T, B, n] from drive [T, B, n]."""
    steps, batch, size = drive.shape
    states[0] = 0
    for t in range(steps):
        for b in range(batch):
            before = states[t, b]
            for k in range(size):
                pre = drive[t, b, k]
                for j in range(size):
                    pre += weight[k, j] * before[j]
                gate = 1 / (1 + np.exp(-(pre + gate_bias[k])))
                candidate = np.tanh(pre + candidate_bias[k])
                gates[t, b, k], candidates[t, b, k] = gate, candidate
                states[t + 1, b, k] = (zeta * (1 - gate) + nu) * candidate + gate * before[k]


@numba.njit(cache=True, fastmath=True)
def _backward(gradient, weight, zeta, nu, states, gates, candidates, to_drive, to_weight, to_biases, to_scalars):
    """The adjoint, from the gradient [B, n] of the last state; the outputs begin as 0, to_drive excepted."""
    steps, batch, size = gates.shape
    current = gradient.copy()
    for t in range(steps - 1, -1, -1):
        for b in range(batch):
            for k in range(size):
                above, gate, candidate, before = current[b, k], gates[t, b, k], candidates[t, b, k], states[t, b, k]
                to_gate = above * (before - zeta * candidate) * gate * (1 - gate)
                to_candidate = above * (zeta * (1 - gate) + nu) * (1 - candidate * candidate)
                to_biases[0, k] += to_gate
                to_biases[1, k] += to_candidate
                to_scalars[0] += above * (1 - gate) * candidate
                to_scalars[1] += above * candidate
                to_drive[t, b, k] = to_gate + to_candidate
                current[b, k] = above * gate
            for k in range(size):
                both = to_drive[t, b, k]
                for j in range(size):
                    to_weight[k, j] += both * states[t, b, j]
                    current[b, j] += both * weight[k, j]


class _LastState(torch.autograd.Function):
    @staticmethod
    def forward(ctx, drive, weight, gate_bias, candidate_bias, scalars):
        steps, batch, size = drive.shape
        kept = [torch.empty(count, batch, size, dtype=drive.dtype) for count in (steps + 1, steps, steps)]
        arrays = [tensor.contiguous().numpy() for tensor in (drive, weight, gate_bias, candidate_bias)]
        zeta, nu = scalars.numpy()
        _forward(*arrays, zeta, nu, *(tensor.numpy() for tensor in kept))
        ctx.save_for_backward(weight, scalars, *kept)
        return kept[0][-1].clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        weight, scalars, *kept = ctx.saved_tensors
        to_drive, to_weight = torch.empty_like(kept[1]), torch.zeros_like(weight)
        to_biases, to_scalars = torch.zeros(2, len(weight), dtype=weight.dtype), torch.zeros_like(scalars)
        zeta, nu = scalars.numpy()
        _backward(gradient.contiguous().numpy(), weight.contiguous().numpy(), zeta, nu, *(tensor.numpy() for tensor in kept),
                  *(tensor.numpy() for tensor in (to_drive, to_weight, to_biases, to_scalars)))
        return to_drive, to_weight, to_biases[0], to_biases[1], to_scalars


def last_state(drive, weight, gate_bias, candidate_bias, scalars):
    """The state after the last step, with gradients.

    Parameters
    ----------
    drive : float [steps, batch, n]
        ``W x``.
    weight : float [n, n]
        ``U``.
    gate_bias, candidate_bias : float [n]
    scalars : float [2]
        ``zeta`` and ``nu``.
    """
    return _LastState.apply(drive, weight, gate_bias, candidate_bias, scalars)
