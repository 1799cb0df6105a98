# SPDX-License-Identifier: BSD-2-Clause
"""The exact fast form of the linear recurrence, with its gradient.

The cell ``h_t = W h_(t-1) + V x_t + b``, ``W = diag(u) H / sqrt(block)``, is linear, so its last state is one
matrix product of all the inputs with a kernel that does not depend on them::

    h_T = sum_t W^(T-1-t) V x_t + sum_j W^j b

The kernel costs one fast Walsh-Hadamard transform (FWHT) a step for each input *column* of ``V``, whatever the
batch. The gradient is the same loop run backwards with the transpose ``W^T = H diag(u) / sqrt(block)`` (Horner's
rule). Nothing is approximated: the result is that of stepping the cell, up to the order of float additions.
"""

import math

import numba
import numpy as np
import torch

__all__ = ["last_state", "stepped_last_state"]


@numba.njit(cache=True, fastmath=True, inline="always")
def _transform(vector: np.ndarray, block: int) -> None:
    """Replace ``vector`` by its unnormalised Walsh-Hadamard transform, block by block, natural order."""
    size = vector.size
    stride = 1
    if block >= 4:  # two levels at once: the short strides, which do not vectorise, touch memory only once
        for i in range(0, size, 4):
            a, b, c, d = vector[i], vector[i + 1], vector[i + 2], vector[i + 3]
            a, b, c, d = a + b, a - b, c + d, c - d
            vector[i], vector[i + 1], vector[i + 2], vector[i + 3] = a + c, b + d, a - c, b - d
        stride = 4
    while stride < block:
        for start in range(0, size, 2 * stride):
            low = vector[start : start + stride]
            high = vector[start + stride : start + 2 * stride]
            for i in range(stride):
                a, b = low[i], high[i]
                low[i] = a + b
                high[i] = a - b
        stride *= 2


@numba.njit(cache=True, fastmath=True)
def _powers(columns: np.ndarray, gains: np.ndarray, block: int, kernel: np.ndarray) -> None:
    """``kernel[T-1-j, i] = W^j columns[i]`` for all j: kernel [T, d, n], columns [d, n], gains = u / sqrt(block)."""
    steps = kernel.shape[0]
    kernel[steps - 1] = columns
    for step in range(steps - 2, -1, -1):
        for i in range(columns.shape[0]):
            row = kernel[step, i]
            row[:] = kernel[step + 1, i]
            _transform(row, block)
            row *= gains


@numba.njit(cache=True, fastmath=True)
def _powers_adjoint(gradient: np.ndarray, gains: np.ndarray, block: int, columns: np.ndarray) -> None:
    """``columns[i] = sum_j (W^T)^j gradient[T-1-j, i]``: the adjoint of `_powers`."""
    columns[:] = 0
    for step in range(gradient.shape[0]):
        for i in range(columns.shape[0]):
            row = columns[i]
            row *= gains
            _transform(row, block)
            row += gradient[step, i]


@numba.njit(cache=True, fastmath=True)
def _power_sum(vector: np.ndarray, gains: np.ndarray, block: int, steps: int, total: np.ndarray) -> None:
    """``total = sum_(j<steps) W^j vector``."""
    total[:] = 0
    for _ in range(steps):
        _transform(total, block)
        total *= gains
        total += vector


@numba.njit(cache=True, fastmath=True)
def _power_sum_adjoint(vector: np.ndarray, gains: np.ndarray, block: int, steps: int, total: np.ndarray) -> None:
    """``total = sum_(j<steps) (W^T)^j vector``: the adjoint of `_power_sum`."""
    total[:] = 0
    for _ in range(steps):
        total *= gains
        _transform(total, block)
        total += vector


class _LastState(torch.autograd.Function):
    """`last_state` with its adjoint; gradients for the inputs, ``V`` and ``b`` (the signs are constants)."""

    @staticmethod
    def forward(ctx, inputs, input_weight, bias, signs, block):
        batch, steps, columns = inputs.shape
        gains = (signs.to(input_weight.dtype) / math.sqrt(block)).numpy()
        kernel = torch.empty(steps, columns, bias.numel(), dtype=input_weight.dtype)
        _powers(input_weight.t().contiguous().numpy(), gains, block, kernel.numpy())
        kernel = kernel.view(steps * columns, -1)
        drift = torch.empty_like(bias)
        _power_sum(bias.contiguous().numpy(), gains, block, steps, drift.numpy())
        flat = inputs.reshape(batch, -1)
        ctx.save_for_backward(flat, kernel)
        ctx.gains, ctx.block, ctx.shape = gains, block, inputs.shape
        return torch.addmm(drift, flat, kernel)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        flat, kernel = ctx.saved_tensors
        _, steps, columns = ctx.shape
        need_inputs, need_weight, need_bias, *_ = ctx.needs_input_grad
        to_inputs = to_weight = to_bias = None
        if need_inputs:
            to_inputs = (gradient @ kernel.t()).view(ctx.shape)
        if need_weight:
            to_kernel = (flat.t() @ gradient).view(steps, columns, -1)
            to_columns = torch.empty(columns, to_kernel.shape[2], dtype=gradient.dtype)
            _powers_adjoint(to_kernel.numpy(), ctx.gains, ctx.block, to_columns.numpy())
            to_weight = to_columns.t()
        if need_bias:
            to_bias = torch.empty(gradient.shape[1], dtype=gradient.dtype)
            _power_sum_adjoint(gradient.sum(0).numpy(), ctx.gains, ctx.block, steps, to_bias.numpy())
        return to_inputs, to_weight, to_bias, None, None


def last_state(
    inputs: torch.Tensor, input_weight: torch.Tensor, bias: torch.Tensor, signs: torch.Tensor, block: int
) -> torch.Tensor:
    """Return the state after the last step, exactly, without stepping through the sequence.

    Parameters
    ----------
    inputs : float [batch, steps, d], on the CPU, of the dtype of ``input_weight``
    input_weight : float [n, d], ``V``
    bias : float [n], ``b``
    signs : [n] of +1 or -1, ``u``; constants, no gradient
    block : power of two that divides n; ``W`` is block-diagonal in blocks of this size

    Returns
    -------
    float [batch, n], differentiable in ``inputs``, ``input_weight`` and ``bias``
    """
    return _LastState.apply(inputs, input_weight, bias, signs, block)


def stepped_last_state(
    inputs: torch.Tensor, input_weight: torch.Tensor, bias: torch.Tensor, signs: torch.Tensor, block: int
) -> torch.Tensor:
    """Return the same as `last_state` by stepping the cell under autograd: the definition, and the slow way.

    This is how the reference trains (one product with the dense block a step). It is what tests and
    ``python -m bench train_speed`` compare `last_state` with.
    """
    batch, size = inputs.shape[0], bias.numel()
    hadamard = torch.ones(1, 1, dtype=input_weight.dtype)
    while hadamard.shape[0] < block:
        hadamard = torch.kron(hadamard, torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=input_weight.dtype))
    gains = signs.to(input_weight.dtype) / math.sqrt(block)
    # unbind, whose gradient is one stack: an index a step would add up as many tensors of the whole sequence's size.
    drives = (inputs @ input_weight.t() + bias).unbind(1)
    state = torch.zeros(batch, size, dtype=input_weight.dtype)
    for drive in drives:
        transformed = (state.view(-1, block) @ hadamard).view(batch, size)
        state = transformed * gains + drive
    return state
