# SPDX-License-Identifier: BSD-2-Clause
"""The golden model: what one step computes, as plain as it can be said, and a fast way to the same integers.

``step`` and ``readout`` are the definition (docs/numerics.md). ``run`` is for whole test sets; it must equal them.
"""

from dataclasses import dataclass

import numpy as np

from hadam_hw.errors import ModelError
from hadam_hw.fixed import round_shift, saturate
from hadam_hw.model import Activation, Emit

#: Sequences that ``run`` steps together: large enough for BLAS, small enough for the cache.
BATCH = 512


@dataclass(frozen=True, eq=False)
class Trace:
    """What a run computed.

    Parameters
    ----------
    states : int64
        From ``trace`` every state [steps, n], from ``run`` the last ones [sequences, n].
    outputs : int64
        ``Y``: from ``trace`` [steps, m], as if the sequence ended in each; from ``run`` [sequences, m], or
        [sequences, steps, m] if every step is read out.
    saturations : int64
        Saturated units, counted once a unit a step: for each step from ``trace``, for each sequence from ``run``.
    """

    states: np.ndarray
    outputs: np.ndarray
    saturations: np.ndarray


def step(model, state, x, phase):
    """One step of a layer: the new state and the number of units that saturated.

    ``state`` int64 [..., n] and ``x`` int64 [..., d_in] give ([..., n], [...]).
    """
    constants = model.phases[phase]
    pre = (model.recurrence.apply(state) << model.state_shift(phase)) \
        + ((x @ constants.input_codes.T) << model.input_shift(phase)) + constants.bias
    rounded = round_shift(pre, model.output_shift(phase), model.rounding)
    new = saturate(rounded, model.state.width)
    saturated = (new != rounded).sum(axis=-1)
    return np.maximum(new, 0) if model.activation is Activation.RELU else new, saturated


def readout(model, state, phase):
    """``Y = U relu(Z) + c``, exact: int64 [..., m]; ``state`` is ``Z``, or for ``Emit.SUM`` the pool, never negative."""
    return np.maximum(state, 0) @ model.output_weight.astype(np.int64).T + model.phases[phase].output_bias


def pool(model, pooled, state):
    """The pool int64 [..., n] after a step: the sum of the rectified states, saturated."""
    return np.minimum(pooled + np.maximum(state, 0), model.readout_maximum)


def classify(outputs):
    """The class int64 [...] of ``Y`` [..., m]: the lowest index among the largest; of one output 1 where it is positive."""
    outputs = np.asarray(outputs)
    return (outputs[..., 0] > 0).astype(np.int64) if outputs.shape[-1] == 1 else np.argmax(outputs, axis=-1)


def trace(model, inputs):
    """Every state and every read-out of one sequence ``inputs`` int [steps, d_in], by the definition."""
    inputs = check_inputs(model, np.asarray(inputs)[None])[0]
    current = [np.zeros(layer.size, dtype=np.int64) for layer in model.layers]
    states, outputs, saturations = [], [], []
    top, pooled = model.layers[-1], 0
    for index, x in enumerate(inputs):
        phase, saturated = model.phase_of(index), 0
        for k, layer in enumerate(model.layers):
            current[k], events = step(layer, current[k], x, phase)
            x, saturated = np.maximum(current[k], 0), saturated + events  # what a layer above takes
        states.append(current[-1])
        pooled = pool(top, pooled, current[-1])
        outputs.append(readout(top, pooled if model.emit is Emit.SUM else current[-1], phase))
        saturations.append(saturated)
    return Trace(np.array(states), np.array(outputs), np.array(saturations))


def run(model, inputs, *, progress=None):
    """All sequences ``inputs`` int [sequences, steps, d_in], or tokens [sequences, steps], ``==`` to the definition.

    The matrix products are BLAS's, in float32 or float64 as the bounds of all partial sums allow: every integer that
    occurs is below 2**24 or 2**53, so that no product or sum is ever rounded. ``progress(done, total)`` is called after
    each batch of sequences.
    """
    inputs = check_inputs(model, np.asarray(inputs))
    count, steps = inputs.shape[:2]
    every = model.emit is Emit.EVERY
    top = model.layers[-1]
    states = np.zeros((count, top.size), dtype=np.int64)
    outputs = np.zeros((count, steps, model.outputs) if every else (count, model.outputs), dtype=np.int64)
    saturations = np.zeros(count, dtype=np.int64)
    kernels = [_Kernel(layer) for layer in model.layers]
    for start in range(0, count, BATCH):
        batch = slice(start, min(start + BATCH, count))
        current = [np.zeros((batch.stop - start, kernel.model.size), dtype=kernel.dtype) for kernel in kernels]
        pooled = np.zeros((batch.stop - start, top.size), dtype=np.int64)
        for index in range(steps):
            phase, x = model.phase_of(index), _vectors(model, inputs[batch, index])
            for k, kernel in enumerate(kernels):
                current[k], saturated = kernel.step(current[k], x, phase)
                saturations[batch] += saturated
                x = np.maximum(current[k], 0)
            if every:
                outputs[batch, index] = readout(top, current[-1].astype(np.int64), phase)
            if model.emit is Emit.SUM:
                pooled = pool(top, pooled, current[-1].astype(np.int64))
        states[batch] = current[-1]
        if not every:
            outputs[batch] = readout(top, pooled if model.emit is Emit.SUM else states[batch], model.phase_of(steps - 1))
        if progress is not None:
            progress(batch.stop, count)
    return Trace(states, outputs, saturations)


class _Kernel:
    """One step of many sequences in floating point that never rounds; int64 where the bounds are too wide."""

    def __init__(self, model):
        self.model = model
        bound = max(max(int(np.abs(edge).max()) for edge in model.pre_bounds(p)) + (1 << model.output_shift(p))
                    for p in range(len(model.phases)))
        # A partial sum can exceed the total: add up absolute values instead of relying on `pre`'s own bound.
        for p, phase in enumerate(model.phases):
            recurrent = model.recurrence.gain * -model.state.minimum << model.state_shift(p)
            driven = int(np.abs(phase.input_codes).sum(axis=1).max()) \
                * max(-model.input.minimum, model.input.maximum) << model.input_shift(p)
            bound = max(bound, recurrent + driven + int(np.abs(phase.bias).max()) + (1 << model.output_shift(p)))
        self.dtype = np.float32 if bound < 1 << 24 else np.float64 if bound < 1 << 53 else np.int64
        self._recurrence = model.recurrence.products(self.dtype)
        self._input = [phase.input_codes.T.astype(self.dtype) for phase in model.phases]
        self._bias = [phase.bias.astype(self.dtype) for phase in model.phases]

    def step(self, state, x, phase):
        model = self.model
        pre = self._recurrence(state)
        if model.state_shift(phase):
            pre *= self.dtype(1 << model.state_shift(phase))
        pre += (x.astype(self.dtype) @ self._input[phase]) * self.dtype(1 << model.input_shift(phase))
        pre += self._bias[phase]
        # float32 was proven to hold every value, so int32 does
        integers = pre.astype(np.int32 if self.dtype is np.float32 else np.int64)
        rounded = round_shift(integers, model.output_shift(phase), model.rounding)
        new = saturate(rounded, model.state.width)
        saturated = np.count_nonzero(new != rounded, axis=1)
        if model.activation is Activation.RELU:
            new = np.maximum(new, 0)
        return new.astype(self.dtype), saturated


def float_run(model, inputs, *, progress=None):
    """``Y`` as float64 [sequences, m] of the same codes with an unrounded, unbounded state: "float" in every comparison.

    The state is that of the real-valued recurrence, so for two phases the exact ``sqrt(2)`` takes the place of its codes.
    """
    inputs = check_inputs(model, np.asarray(inputs))
    top, steps = model.layers[-1], [_float_step(layer) for layer in model.layers]
    outputs = np.zeros((len(inputs), model.outputs))
    for start in range(0, len(inputs), BATCH):
        batch = inputs[start:start + BATCH]
        current, pooled = [np.zeros((len(batch), layer.size)) for layer in model.layers], 0
        for index in range(batch.shape[1]):
            x = _vectors(model, batch[:, index])
            for k, layer in enumerate(model.layers):
                current[k] = steps[k](current[k], x)
                x = np.maximum(current[k], 0) * 2.0**layer.state.frac  # a layer above counts in this one's integers
            pooled = np.maximum(current[-1], 0) + (pooled if model.emit is Emit.SUM else 0)
        outputs[start:start + BATCH] = pooled @ top.output_weight.T.astype(np.float64) \
            + top.phases[0].output_bias * 2.0**-top.state.frac
        if progress is not None:
            progress(min(start + BATCH, len(inputs)), len(inputs))
    return outputs


def _float_step(layer):
    """The function (state, x) -> new state of one layer, all in real numbers."""
    codes = layer.phases[0].input_codes.astype(np.float64).T
    matrix = layer.recurrence.matrix().T * 2.0 ** -layer.recurrence.shift(0)
    if len(layer.phases) > 1:
        matrix = matrix * np.sqrt(2.0)
    bias = layer.phases[0].bias * 2.0 ** -layer.frac(0)

    def step_of(state, x):
        new = state @ matrix + x @ codes + bias
        return np.maximum(new, 0) if layer.activation is Activation.RELU else new

    return step_of


def _vectors(model, inputs):
    """The input vectors [..., d_in] of one step, for a step of tokens [...] as well."""
    return inputs if inputs.ndim > 1 else model.embed(inputs)


def check_inputs(model, inputs):
    """``inputs`` as an array [sequences, steps, d_in] of integers in the model's range, or, if it has a table, of tokens
    [sequences, steps]; or a ModelError that says why not."""
    if inputs.dtype.kind not in "iu":
        raise ModelError(f"Inputs must be integers, not {inputs.dtype}")
    table = getattr(model, "table", None)
    if inputs.ndim == 2 and table is not None and inputs.shape[1]:
        if inputs.size and (inputs.min() < 0 or inputs.max() >= len(table)):
            raise ModelError(f"Tokens must be between 0 and {len(table) - 1}, not between {inputs.min()} and {inputs.max()}")
        return inputs
    if inputs.ndim != 3 or inputs.shape[2] != model.inputs or not inputs.shape[1]:
        tokens = " or, as tokens, [sequences, steps]" if table is not None else ""
        raise ModelError(f"Inputs must have shape [sequences, steps, {model.inputs}]{tokens}, not {list(inputs.shape)}")
    if not model.input.holds(inputs):
        raise ModelError(f"Inputs must lie between {model.input.minimum} and {model.input.maximum}, "
                         f"not between {inputs.min()} and {inputs.max()}")
    return inputs if inputs.dtype == np.int64 else inputs.astype(np.int64) if inputs.size < 1 << 22 else inputs
