# SPDX-License-Identifier: BSD-2-Clause
"""Every state of a dense linear recurrence, with its gradient in as many products as there are steps."""

import torch


class _States(torch.autograd.Function):
    @staticmethod
    def forward(ctx, drive, matrix):
        states = torch.empty_like(drive)
        states[0] = drive[0]
        for t in range(1, len(drive)):
            torch.addmm(drive[t], states[t - 1], matrix, out=states[t])
        ctx.save_for_backward(states, matrix)
        return states

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        states, matrix = ctx.saved_tensors
        to_drive, transposed = gradient.clone(), matrix.t().contiguous()
        for t in range(len(gradient) - 1, 0, -1):
            to_drive[t - 1].addmm_(to_drive[t], transposed)
        to_matrix = states[:-1].flatten(0, 1).t() @ to_drive[1:].flatten(0, 1)
        return to_drive, to_matrix


def linear_states(drive, matrix):
    """``h_t = h_(t-1) matrix + drive_t`` for all t, from ``h = 0``: float [steps, batch, n] of drive [steps, batch, n]."""
    return _States.apply(drive.contiguous(), matrix)
