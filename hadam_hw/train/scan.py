# SPDX-License-Identifier: BSD-2-Clause
"""Every state of the recurrence, for read-outs that need more than the last: a compiled loop forward, its adjoint backward.

The cell is ``h_t = f(W h_(t-1) + d_t)`` with ``W = diag(gains) H`` and a drive ``d_t = V x_t + b``. ``f`` is the identity
(HadamRNN), or rounds to the grid of a fixed-point state and saturates (so that a network learns to live with 8 to 10 bits),
or rectifies (a vanilla RNN, which is why no kernel can replace the steps), or all of these in this order.
"""

from dataclasses import dataclass

import numba
import numpy as np
import torch

from hadam_hw.train.recurrence import hadamard_matrix, transform

__all__ = ["StateGrid", "states", "stepped_states"]


@dataclass(frozen=True)
class StateGrid:
    """The values that a fixed-point state can hold: multiples of ``step`` from ``-limit`` to ``limit - step``."""

    step: float
    limit: float


@numba.njit(cache=True, fastmath=True)
def _forward(drive, gains, block, rectify, step, limit):
    """Replaces the drives [B, T, n] by the states; ``step`` 0 means no grid."""
    batch, steps, size = drive.shape
    for b in range(batch):
        state = np.zeros(size, drive.dtype)
        for t in range(steps):
            transform(state, block)
            row = drive[b, t]
            for i in range(size):
                state[i] = state[i] * gains[i] + row[i]
            if step > 0:
                for i in range(size):
                    state[i] = min(max(np.floor(state[i] / step + 0.5) * step, -limit), limit - step)
            if rectify:
                for i in range(size):
                    state[i] = max(state[i], 0)
            row[:] = state


@numba.njit(cache=True, fastmath=True)
def _adjoint(gradient, reached, gains, block, rectify, step, limit, gain_gradient):
    """Replaces the gradients of the states by those of the drives, and adds up ``gain_gradient`` unless it is empty.

    Rounding passes a gradient as if it were not there (straight-through); a saturated or a rectified unit passes none.
    """
    batch, steps, size = gradient.shape
    for b in range(batch):
        carried = np.zeros(size, gradient.dtype)
        before = np.zeros(size, gradient.dtype)
        for t in range(steps - 1, -1, -1):
            row, state = gradient[b, t], reached[b, t]
            for i in range(size):
                carried[i] += row[i]
            if rectify:
                for i in range(size):
                    carried[i] = carried[i] if state[i] > 0 else 0
            if step > 0:
                for i in range(size):
                    carried[i] = carried[i] if -limit < state[i] < limit - step else 0
            row[:] = carried
            if t:
                if gain_gradient.size:
                    before[:] = reached[b, t - 1]
                    transform(before, block)
                    for i in range(size):
                        gain_gradient[i] += carried[i] * before[i]
                carried *= gains
                transform(carried, block)


class _States(torch.autograd.Function):
    @staticmethod
    def forward(ctx, drive, gains, block, rectify, step, limit):
        reached = drive.clone(memory_format=torch.contiguous_format)
        _forward(reached.numpy(), gains.numpy(), block, rectify, step, limit)
        ctx.save_for_backward(reached, gains)
        ctx.rest = block, rectify, step, limit
        return reached

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        reached, gains = ctx.saved_tensors
        gradient = gradient.clone(memory_format=torch.contiguous_format)
        wanted = ctx.needs_input_grad[1]
        to_gains = torch.zeros_like(gains) if wanted else gains.new_empty(0)
        block, *rest = ctx.rest
        _adjoint(gradient.numpy(), reached.numpy(), gains.numpy(), block, *rest, to_gains.numpy())
        return gradient, to_gains if wanted else None, None, None, None, None


def states(drive, gains, block, *, rectify=False, grid=None):
    """Every state float [batch, steps, n], differentiable in ``drive`` and ``gains``.

    Memory: three arrays of the size of ``drive``; nothing is kept a pair of steps.

    Parameters
    ----------
    drive : float [batch, steps, n]
        ``V x_t + b``; on a GPU the cell is stepped under autograd.
    gains : float [n]
        The signs, times ``(1 - leak) / sqrt(block)``.
    block : int
    rectify : bool
        ReLU within the recurrence.
    grid : StateGrid, optional
        Rounds and saturates each new state.
    """
    if drive.is_cuda:
        return stepped_states(drive, gains, block, rectify=rectify, grid=grid)
    step, limit = (grid.step, grid.limit) if grid else (0.0, 0.0)
    return _States.apply(drive, gains, block, rectify, step, limit)


def stepped_states(drive, gains, block, *, rectify=False, grid=None):
    """The same as :func:`states`, stepping the cell under autograd: the definition."""
    size = gains.numel()
    hadamard = hadamard_matrix(block, gains)
    state = torch.zeros_like(drive[:, 0])
    reached = []
    for now in drive.unbind(1):
        state = (state.view(-1, block) @ hadamard).view(-1, size) * gains + now
        if grid:
            rounded = torch.floor(state / grid.step + 0.5) * grid.step
            low, high = -grid.limit, grid.limit - grid.step
            inside = (low < rounded) & (rounded < high)
            passed = torch.where(inside, state, state.detach())
            state = passed + (rounded.clamp(low, high) - passed).detach()
        if rectify:
            state = torch.relu(state)
        reached.append(state)
    return torch.stack(reached, 1)
