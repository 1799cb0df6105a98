# SPDX-License-Identifier: BSD-2-Clause
"""The exact fast form of the linear recurrence, with its gradient.

The cell ``h_t = W h_(t-1) + V x_t + b``, ``W = diag(u) H / sqrt(block)``, is linear, so its last state is one
matrix product of all the inputs with a kernel that does not depend on them::

    h_T = sum_t W^(T-1-t) V x_t + sum_j W^j b

The kernel costs one fast Walsh-Hadamard transform (FWHT) a step for each input *column* of ``V``, whatever the
batch. The gradient is the same loop run backwards with the transpose ``W^T = H diag(u) / sqrt(block)`` (Horner's
rule). Nothing is approximated: the result is that of stepping the cell, up to the order of float additions.
Where the read-out needs more than the last state, see :mod:`hadam_hw.train.scan`.
"""

import numba
import numpy as np
import torch

__all__ = ["dense_last_state", "dense_recurrence", "hadamard_matrix", "last_state", "stepped_last_state", "transform"]


@numba.njit(cache=True, fastmath=True, inline="always")
def transform(vector: np.ndarray, block: int) -> None:
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
def powers(columns: np.ndarray, gains: np.ndarray, block: int, kernel: np.ndarray) -> None:
    """``kernel[T-1-j, i] = W^j columns[i]`` for all j: kernel [T, d, n], columns [d, n], ``W = diag(gains) H``."""
    steps = kernel.shape[0]
    kernel[steps - 1] = columns
    for step in range(steps - 2, -1, -1):
        for i in range(columns.shape[0]):
            row = kernel[step, i]
            row[:] = kernel[step + 1, i]
            transform(row, block)
            row *= gains


@numba.njit(cache=True, fastmath=True)
def _powers_adjoint(
    gradient: np.ndarray, gains: np.ndarray, block: int, kernel: np.ndarray, columns: np.ndarray, gain_gradient: np.ndarray
) -> None:
    """The adjoint of `_powers`: ``columns[i] = sum_j (W^T)^j gradient[T-1-j, i]``, and ``gain_gradient * gains`` unless empty.

    The gradient of a gain is ``a_(j+1) (H K_j)`` summed over j, with ``a`` the adjoints; ``H K_j`` is ``K_(j+1) / gains``.
    """
    columns[:] = 0
    steps = gradient.shape[0]
    for step in range(steps):
        for i in range(columns.shape[0]):
            row = columns[i]
            row += gradient[step, i]
            if step < steps - 1:
                if gain_gradient.size:
                    gain_gradient += row * kernel[step, i]
                row *= gains
                transform(row, block)


class _LastState(torch.autograd.Function):
    """`last_state` with its adjoint. The bias is one more input column whose input is always 1."""

    @staticmethod
    def forward(ctx, inputs, input_weight, bias, gains, block):
        batch, steps, columns = inputs.shape
        kernel = torch.empty(steps, columns + 1, bias.numel(), dtype=input_weight.dtype)
        starts = torch.cat([input_weight.t(), bias[None]]).contiguous()
        powers(starts.numpy(), gains.numpy(), block, kernel.numpy())
        ctx.save_for_backward(inputs, kernel, gains)
        ctx.block = block
        weights = kernel[:, :columns].reshape(steps * columns, -1)
        return torch.addmm(kernel[:, columns].sum(0), inputs.reshape(batch, -1), weights)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        inputs, kernel, gains = ctx.saved_tensors
        batch, steps, columns = inputs.shape
        to_inputs = None
        if ctx.needs_input_grad[0]:
            to_inputs = (gradient @ kernel[:, :columns].reshape(steps * columns, -1).t()).reshape(inputs.shape)
        to_kernel = torch.empty_like(kernel)
        to_kernel[:, :columns] = (inputs.reshape(batch, -1).t() @ gradient).view(steps, columns, -1)
        to_kernel[:, columns] = gradient.sum(0)
        wanted = ctx.needs_input_grad[3]
        starts, to_gains = torch.empty_like(kernel[0]), torch.zeros_like(gains) if wanted else gains.new_empty(0)
        _powers_adjoint(to_kernel.numpy(), gains.numpy(), ctx.block, kernel.numpy(), starts.numpy(), to_gains.numpy())
        return to_inputs, starts[:columns].t(), starts[columns], to_gains / gains if wanted else None, None


def last_state(
    inputs: torch.Tensor, input_weight: torch.Tensor, bias: torch.Tensor, gains: torch.Tensor, block: int
) -> torch.Tensor:
    """Return the state after the last step, exactly, without stepping through the sequence.

    Memory: the kernel and its gradient, ``2 T (d + 1) n`` floats, whatever the batch.

    Parameters
    ----------
    inputs : float [batch, steps, d], on the CPU, of the dtype of ``input_weight``
    input_weight : float [n, d], ``V``
    bias : float [n], ``b``
    gains : float [n], none of them 0: the signs over ``sqrt(block)``, ``W = diag(gains) H``
    block : power of two that divides n; ``W`` is block-diagonal in blocks of this size

    Returns
    -------
    float [batch, n], differentiable in ``inputs``, ``input_weight``, ``bias`` and ``gains``
    """
    return _LastState.apply(inputs, input_weight, bias, gains, block)


def gain(block: int, leak: int | np.ndarray) -> float | np.ndarray:
    """The size of the entries of ``W``: ``1 / sqrt(block)``, shrunk by ``1 - 2**-leak`` unless ``leak`` is 0; a leak a row."""
    return (1 - np.where(leak, 2.0 ** -np.asarray(leak), 0)) / block**0.5


def hadamard_matrix(block: int, like: torch.Tensor) -> torch.Tensor:
    """The Sylvester matrix ``H`` [block, block] in natural order, of the type and on the device of ``like``."""
    hadamard = torch.ones(1, 1, dtype=like.dtype, device=like.device)
    while hadamard.shape[0] < block:
        hadamard = torch.cat([torch.cat([hadamard, hadamard], 1), torch.cat([hadamard, -hadamard], 1)])
    return hadamard


def dense_recurrence(gains: torch.Tensor, block: int) -> torch.Tensor:
    """``W = diag(gains) H`` as a dense matrix [n, n], differentiable in ``gains``."""
    return gains[:, None] * torch.block_diag(*[hadamard_matrix(block, gains)] * (gains.numel() // block))


def dense_last_state(
    inputs: torch.Tensor, input_weight: torch.Tensor, bias: torch.Tensor, recurrence: torch.Tensor
) -> torch.Tensor:
    """Return the same as `last_state` for any dense ``W`` [n, n], on any device, by doubling.

    ``[K, W^m K]`` are the first 2 m powers once ``K`` holds the first m, so T powers take ``2 log2 T`` products. This is what a
    GPU does well, and how a full-precision recurrence is trained. Memory: ``2 T (d + 1) n`` floats and ``log2 T`` matrices.
    """
    batch, steps, columns = inputs.shape
    powers = torch.cat([input_weight, bias[:, None]], 1)  # [n, m (d + 1)]: the columns of W^0, W^1 ...
    square = recurrence
    while powers.shape[1] < steps * (columns + 1):
        powers = torch.cat([powers, square @ powers], 1)
        square = square @ square
    powers = powers[:, : steps * (columns + 1)].view(-1, steps, columns + 1).flip(1)
    return inputs.reshape(batch, -1) @ powers[..., :columns].reshape(-1, steps * columns).t() + powers[..., columns].sum(1)


def stepped_last_state(
    inputs: torch.Tensor, input_weight: torch.Tensor, bias: torch.Tensor, gains: torch.Tensor, block: int
) -> torch.Tensor:
    """Return the same as `last_state` by stepping the cell under autograd: the definition, and the slow way.

    This is how the reference trains (one product with the dense block a step). It is what tests and
    ``python -m bench train_speed`` compare `last_state` with.
    """
    batch, size = inputs.shape[0], bias.numel()
    hadamard = hadamard_matrix(block, input_weight)
    # unbind, whose gradient is one stack: an index a step would add up as many tensors of the whole sequence's size.
    drives = (inputs @ input_weight.t() + bias).unbind(1)
    state = torch.zeros(batch, size, dtype=input_weight.dtype)
    for drive in drives:
        transformed = (state.view(-1, block) @ hadamard).view(batch, size)
        state = transformed * gains + drive
    return state
