# SPDX-License-Identifier: BSD-2-Clause
"""The recurrence where its read-out needs more than a linear last state: compiled steps, read out as they go.

The cell is ``h_t = f(W h_(t-1) + d_t)`` with ``W = diag(gains) H``, or mixing pairs of units, and a drive ``d_t = V x_t + b``.
``f`` is the identity (HadamRNN), or rounds to the grid of a fixed-point state and saturates (so that a network learns to live
with 8 to 10 bits), or rectifies (a vanilla RNN, which is why no kernel can replace the steps), or all of these in this order.
What is read out is ``relu(h_t)``.

Sequences are worked through :func:`lanes` at a time, :data:`SEGMENT` steps at a time: states lie as [n, steps, lanes], so
that a butterfly is one operation on all lanes, and a segment stays in a cache while its drives are made, its cells are stepped
and its states are read out. Only the state before each segment is kept; the way back steps each segment again.
"""

from dataclasses import dataclass
from enum import Enum

import numba
import numpy as np
import torch

from hadam_hw.train.last_state import hadamard_matrix

__all__ = ["SEGMENT", "Read", "StateGrid", "lanes", "scan", "stepped_states"]

#: Steps that are worked through before they are read out.
SEGMENT = 16
#: Steps of room behind those: rows a power of two apart would share the same few lines of a cache.
PAD = 1


class Read(Enum):
    """What is read out of the rectified states: the last one, their mean, every one, or a product with each.

    ``SIGNED``: every one as it is, not rectified.
    """

    LAST = "last"
    MEAN = "mean"
    EVERY = "every"
    LOGITS = "logits"
    SIGNED = "signed"


@dataclass(frozen=True)
class StateGrid:
    """The values that a fixed-point state can hold: multiples of ``step`` from ``-limit`` to ``limit - step``."""

    step: float
    limit: float


def lanes(size):
    """Sequences that are stepped at a time, so that a segment of ``size`` units is a megabyte."""
    return min(128, max(16, 16384 // size))


@numba.njit(fastmath=True, inline="always")
def _transform(state, block):
    """Replaces each lane of ``state`` [n, lanes] by its unnormalised Walsh-Hadamard transform, blockwise, natural order."""
    size, count = state.shape
    stride = 1
    while 8 * stride <= block:  # three levels at once: each row is read and written once for them
        for start in range(0, size, 8 * stride):
            for i in range(start, start + stride):
                r0, r1, r2, r3 = state[i], state[i + stride], state[i + 2 * stride], state[i + 3 * stride]
                r4, r5, r6, r7 = state[i + 4 * stride], state[i + 5 * stride], state[i + 6 * stride], state[i + 7 * stride]
                for k in range(count):
                    a, b, c, d, e, f, g, h = r0[k], r1[k], r2[k], r3[k], r4[k], r5[k], r6[k], r7[k]
                    a, b, c, d, e, f, g, h = a + b, a - b, c + d, c - d, e + f, e - f, g + h, g - h
                    a, b, c, d, e, f, g, h = a + c, b + d, a - c, b - d, e + g, f + h, e - g, f - h
                    r0[k], r1[k], r2[k], r3[k] = a + e, b + f, c + g, d + h
                    r4[k], r5[k], r6[k], r7[k] = a - e, b - f, c - g, d - h
        stride *= 8
    while stride < block:
        for start in range(0, size, 2 * stride):
            for i in range(start, start + stride):
                low, high = state[i], state[i + stride]
                for k in range(count):
                    a, b = low[k], high[k]
                    low[k], high[k] = a + b, a - b
        stride *= 2


@numba.njit(fastmath=True, inline="always")
def _mix(state, own, to_x, to_y):
    """Replaces each pair of rows x, y of ``state`` [n, lanes] by ``own_x x + to_x y``, ``own_y y + to_y x``."""
    for i in range(0, len(state), 2):
        x, y = state[i], state[i + 1]
        own_x, own_y, from_y, from_x = own[i], own[i + 1], to_x[i // 2], to_y[i // 2]
        for k in range(x.size):
            a, b = x[k], y[k]
            x[k], y[k] = own_x * a + from_y * b, own_y * b + from_x * a


@numba.njit(cache=True, fastmath=True)
def _advance(drive, state, gains, cross, steps, block, least, rectify, step, limit):
    """Steps ``state`` [n, lanes]; the first ``steps`` drives [n, steps, lanes] become the states, those below ``least`` that.

    ``step`` 0 means no grid.
    """
    size, count = state.shape
    number = state.dtype.type  # a float64 among the scalars would make all of them so
    zero, least, step, limit = number(0), number(least), number(step), number(limit)
    for t in range(steps):
        if cross.size:
            _mix(state, gains, cross[0::2], cross[1::2])
        else:
            _transform(state, block)
        for i in range(size):
            gain, row, here = number(1) if cross.size else gains[i], state[i], drive[i, t]
            if step > 0 or rectify:
                for k in range(count):
                    value = row[k] * gain + here[k]
                    if step > 0:
                        value = min(max(np.floor(value / step + number(0.5)) * step, -limit), limit - step)
                    if rectify:
                        value = max(value, zero)
                    row[k] = value
                    here[k] = max(value, least)
            else:
                for k in range(count):
                    value = row[k] * gain + here[k]
                    row[k] = value
                    here[k] = max(value, least)


@numba.njit(cache=True, fastmath=True)
def _retreat(gradient, even, reached, carried, gains, cross, before, steps, block, signed, rectify, step, limit, gain_gradient):
    """Replaces the gradients of the first ``steps`` rectified (or ``signed``) states [n, steps, lanes] by those of the drives.

    Unless ``even`` is empty it is the gradient [n, lanes] of each step, and nothing is read of ``gradient``.

    ``reached`` are the states, ``before`` [n, lanes] the one before them, ``carried`` [n, lanes] what comes from the steps
    behind; it is replaced by what goes to those before. Adds up ``gain_gradient`` unless it is empty. Rounding passes a
    gradient as if it were not there (straight-through); a saturated or a rectified unit passes none.
    """
    size, count = before.shape
    earlier = np.empty_like(before)
    number = before.dtype.type
    zero, step, limit = number(0), number(step), number(limit)
    for t in range(steps - 1, -1, -1):
        for i in range(size):
            row, here, state = carried[i], gradient[i, t], reached[i, t]
            given = even[i] if even.size else here
            gain = number(1) if cross.size else gains[i]
            for k in range(count):
                value = row[k] + (given[k] if signed or state[k] > zero else zero)
                if rectify:
                    value = value if state[k] > zero else zero
                if step > 0:
                    value = value if -limit < state[k] < limit - step else zero
                here[k] = value
                row[k] = value * gain
        if gain_gradient.size:
            earlier[:] = reached[:, t - 1] if t else before
            _transform(earlier, block)
            for i in range(size):
                gain_gradient[i] += (gradient[i, t] * earlier[i]).sum()
        if cross.size:
            _mix(carried, gains, cross[1::2], cross[0::2])
        else:
            _transform(carried, block)


class _Drive:
    """``V x_t + b`` of some sequences, as [n, steps * lanes], and its gradients; of tokens ``V[x_t] + b``."""

    def __init__(self, inputs, weight, bias):
        self.tokens = not inputs.is_floating_point()
        self.count, self.steps = inputs.shape[:2]
        self.weight, self.bias = weight, bias
        inputs = inputs.transpose(0, 1)
        if self.tokens:
            self.inputs = inputs.reshape(-1)
        else:  # [d + 1, steps * lanes]: the bias is one more input, which is always 1
            self.columns = torch.cat([weight, bias[:, None]], 1)
            self.inputs = torch.cat([inputs.flatten(0, 1).t(), inputs.new_ones(1, self.steps * self.count)])

    def buffers(self, count):
        """Arrays [n, steps, lanes] for a segment and :data:`PAD`."""
        return self.bias.new_empty(count, len(self.bias), min(SEGMENT, self.steps) + PAD, self.count)

    def parts(self):
        """The columns (steps times lanes) of each segment."""
        whole, end = SEGMENT * self.count, self.steps * self.count
        return [slice(start, min(start + whole, end)) for start in range(0, end, whole)]

    def make(self, part, out):
        """The drives of the columns ``part`` into ``out``."""
        if self.tokens:
            torch.add(self.weight.index_select(0, self.inputs[part]).t(), self.bias[:, None], out=out)
        else:
            torch.mm(self.columns, self.inputs[:, part], out=out)

    def back(self, part, gradient, to_weight, to_bias, to_inputs):
        """Adds the gradients of V and b, and writes that of the inputs [steps * lanes, d] unless it is None."""
        if self.tokens:
            to_weight.index_add_(0, self.inputs[part], gradient.t())
            to_bias += gradient.sum(1)
            return
        to_columns = self.inputs[:, part] @ gradient.t()
        to_weight += to_columns[:-1].t()
        to_bias += to_columns[-1]
        if to_inputs is not None:
            to_inputs[part] = gradient.t() @ self.weight


class _Scan(torch.autograd.Function):
    """:func:`scan` and its adjoint."""

    @staticmethod
    def forward(ctx, inputs, weight, bias, gains, cross, read, out_weight, out_bias, block, rule):
        (count, steps), size = inputs.shape[:2], bias.numel()
        width = {Read.EVERY: size, Read.SIGNED: size, Read.LOGITS: 0 if out_bias is None else out_bias.numel()}.get(read)
        least = torch.finfo(bias.dtype).min if read is Read.SIGNED else 0.0
        result = bias.new_empty(*((count, size) if width is None else (count, steps, width)))
        kept = []
        for some in _tiles(count, size):
            drive, befores = _Drive(inputs[some], weight, bias), []
            state, total = bias.new_zeros(2, size, drive.count)
            out = None if width is None else bias.new_empty(width, steps * drive.count)
            buffer, = drive.buffers(1)
            arrays, columns = (buffer.numpy(), state.numpy(), gains.numpy(), cross.numpy()), buffer.flatten(1)
            for part in drive.parts():
                here = columns[:, :part.stop - part.start]
                befores.append(state.clone())
                drive.make(part, here)
                _advance(*arrays, (part.stop - part.start) // drive.count, block, least, *rule)
                if read is Read.MEAN:
                    total += here.view(size, -1, drive.count).sum(1)
                elif read in (Read.EVERY, Read.SIGNED):
                    out[:, part] = here
                elif read is Read.LOGITS:
                    torch.addmm(out_bias[:, None], out_weight, here, out=out[:, part])
            if width is None:
                result[some] = (total / steps if read is Read.MEAN else torch.relu(state)).t()
            else:
                result[some] = out.view(width, steps, drive.count).permute(2, 1, 0)
            kept.append((some, drive, befores))
        ctx.save_for_backward(inputs, weight, bias, gains, cross, out_weight)
        ctx.rest = read, block, rule, kept
        return result

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        inputs, weight, bias, gains, cross, out_weight = ctx.saved_tensors
        read, block, rule, kept = ctx.rest
        size, steps = bias.numel(), inputs.shape[1]
        wanted = ctx.needs_input_grad
        to_weight, to_bias = torch.zeros_like(weight), torch.zeros_like(bias)
        to_inputs = torch.empty_like(inputs) if wanted[0] else None
        to_gains = torch.zeros_like(gains) if wanted[3] else gains.new_empty(0)
        to_out = None if out_weight is None else torch.zeros_like(out_weight)
        # What is below 0 matters only to the gradient of the gains, and to a grid that saturates there.
        least = torch.finfo(bias.dtype).min if wanted[3] or rule[1] else 0.0
        for some, drive, befores in kept:
            # [n, lanes], or [n or outputs, steps * lanes]
            toward = gradient[some].t() if gradient.ndim == 2 else gradient[some].permute(2, 1, 0).flatten(1)
            to_some = None if to_inputs is None else inputs.new_empty(steps * drive.count, inputs.shape[2])
            carried, state = bias.new_zeros(2, size, drive.count)
            buffer, sent = drive.buffers(2)
            mixing = gains.numpy(), cross.numpy()
            stepping = buffer.numpy(), state.numpy(), *mixing
            even = (toward / steps).contiguous() if read is Read.MEAN else toward.new_empty(0, 0)
            returning = sent.numpy(), even.numpy(), buffer.numpy(), carried.numpy(), *mixing
            for part, before in reversed(list(zip(drive.parts(), befores, strict=True))):
                wide = part.stop - part.start
                here, back = buffer.flatten(1)[:, :wide], sent.flatten(1)[:, :wide]
                drive.make(part, here)
                state.copy_(before)
                _advance(*stepping, wide // drive.count, block, least, *rule)
                if read is Read.LAST:
                    back.zero_()
                    if part.stop == steps * drive.count:
                        back[:, -drive.count:] = toward
                elif read in (Read.EVERY, Read.SIGNED):
                    back[:] = toward[:, part]
                elif read is Read.LOGITS:
                    torch.mm(out_weight.t(), toward[:, part], out=back)
                    to_out.addmm_(toward[:, part], (torch.relu(here) if least else here).t())
                _retreat(*returning, before.numpy(), wide // drive.count, block, read is Read.SIGNED, *rule,
                         to_gains.numpy())
                drive.back(part, back, to_weight, to_bias, to_some)
            if to_inputs is not None:
                to_inputs[some] = to_some.view(steps, drive.count, -1).transpose(0, 1)
        to_out_bias = gradient.sum((0, 1)) if read is Read.LOGITS else None
        return (to_inputs, to_weight, to_bias, to_gains if wanted[3] else None, None, None, to_out, to_out_bias, None, None)


def _tiles(count, size):
    """The sequences that are worked through together."""
    return [slice(first, first + lanes(size)) for first in range(0, count, lanes(size))]


def scan(inputs, weight, bias, gains, block, read, *, cross=None, out_weight=None, out_bias=None, rectify=False, grid=None):
    """What is read out of the rectified states, differentiable in all that is a float tensor.

    Memory: a state for every :data:`SEGMENT` steps of a sequence, the inputs twice, and the result. Nothing is of the size of
    all states, unless all are read.

    Parameters
    ----------
    inputs : float [batch, steps, d], or int [batch, steps]
        Vectors, or tokens, which are rows of ``weight``. On a GPU the cell is stepped under autograd.
    weight : float [n, d], or float [vocabulary, n]
        V.
    bias, gains : float [n]
        b; the signs, times ``(1 - leak) / sqrt(block)``.
    block : int
    read : Read
    cross : float [n], optional
        What each unit takes of the other one of its pair, units 2 p and 2 p + 1; ``gains`` are then what it takes of itself,
        and neither is trained. In place of H, so ``block`` is 1.
    out_weight, out_bias : float [outputs, n] and float [outputs]
        U and c of ``Read.LOGITS``.
    rectify : bool
        ReLU within the recurrence.
    grid : StateGrid, optional
        Rounds and saturates each new state.

    Returns
    -------
    float [batch, n], or [batch, steps, n], or [batch, steps, outputs]
    """
    if inputs.is_cuda:
        drive = inputs @ weight.t() if inputs.is_floating_point() else torch.nn.functional.embedding(inputs, weight)
        states = stepped_states(drive + bias, gains, block, cross=cross, rectify=rectify, grid=grid)
        if read is Read.SIGNED:
            return states
        every = torch.relu(states)
        if read is Read.LOGITS:
            return every @ out_weight.t() + out_bias
        return {Read.LAST: lambda: every[:, -1], Read.MEAN: lambda: every.mean(1), Read.EVERY: lambda: every}[read]()
    rule = rectify, *((grid.step, grid.limit) if grid else (0.0, 0.0))
    cross = gains.new_empty(0) if cross is None else cross
    return _Scan.apply(inputs, weight, bias, gains, cross, read, out_weight, out_bias, block, rule)


def stepped_states(drive, gains, block, *, cross=None, rectify=False, grid=None):
    """Every state [batch, steps, n] of ``drive`` = ``V x_t + b``, stepping the cell under autograd: the definition."""
    size = gains.numel()
    hadamard = hadamard_matrix(block, gains)
    state = torch.zeros_like(drive[:, 0])
    reached = []
    for now in drive.unbind(1):
        others = 0 if cross is None else state.view(-1, 2).flip(1).view(-1, size) * cross
        state = (state.view(-1, block) @ hadamard).view(-1, size) * gains + others + now
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
