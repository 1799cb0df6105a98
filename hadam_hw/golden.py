# SPDX-License-Identifier: BSD-2-Clause
"""The golden model: what one step computes, as plain as it can be said, and a fast way to the same integers.

``step`` and ``readout`` are the definition (docs/numerics.md). ``run`` is for whole test sets; it must equal them.
"""

from dataclasses import dataclass

import numpy as np

from hadam_hw.answer import Answer
from hadam_hw.errors import ModelError
from hadam_hw.fixed import round_shift, saturate
from hadam_hw.layer import Activation
from hadam_hw.readout import Pooling

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


def step(layer, state, x, phase):
    """One step of a layer: the new state and the number of units that saturated.

    ``state`` int64 [..., n] and ``x`` int64 [..., d_in] give ([..., n], [...]).
    """
    constants = layer.phases[phase]
    pre = (layer.recurrence.apply(state) << layer.state_shift(phase)) \
        + ((x @ constants.input_codes.T) << layer.input_shift(phase)) + constants.bias
    rounded = round_shift(pre, layer.output_shift(phase), layer.rounding)
    new = saturate(rounded, layer.state.width)
    saturated = (new != rounded).sum(axis=-1)
    return np.maximum(new, 0) if layer.activation is Activation.RELU else new, saturated


def pool(model, pooled, state):
    """The pool int64 [..., n] after a step: the sum of the rectified states, saturated."""
    return np.minimum(pooled + np.maximum(state, 0), model.readout.range(model.top.state)[1])


def classify(outputs):
    """The class int64 [...] of ``Y`` [..., m]: the lowest index among the largest; of one output 1 where it is positive.

    That is for classes; :func:`answer` knows whether a model has them.
    """
    outputs = np.asarray(outputs)
    return (outputs[..., 0] > 0).astype(np.int64) if outputs.shape[-1] == 1 else np.argmax(outputs, axis=-1)


def label(model, outputs):
    """What devices tell beside ``Y`` [..., m], int64 [...]: the class, or of values 1 where the first is positive."""
    return classify(np.asarray(outputs)[..., :1] if model.readout.answer is Answer.VALUES else outputs)


def answer(model, outputs, steps):
    """What ``Y`` [..., m] stands for: classes int64 [...], or values float64 [..., m] in their units.

    ``steps`` is the number of the step that was read out, counted from 1: an int, or int [...] where there are several.
    """
    if model.readout.answer is Answer.CLASSES:
        return classify(outputs)
    return model.readout.measured(outputs, np.vectorize(model.phase_of, otypes=[int])(np.asarray(steps) - 1))


def rmse(found, right):
    """The root mean square error float64 [m] of each value, of ``found`` and ``right`` float64 [..., m]."""
    errors = np.square(np.asarray(found, np.float64) - right)
    return np.sqrt(errors.reshape(-1, errors.shape[-1]).mean(axis=0))


def trace(model, inputs):
    """Every state and every read-out of one sequence ``inputs`` int [steps, d_in], by the definition."""
    inputs = check_inputs(model, np.asarray(inputs)[None])[0]
    current = [np.zeros(layer.size, dtype=np.int64) for layer in model.layers]
    states, outputs, saturations = [], [], []
    pooled = np.zeros_like(current[-1])
    for index, x in enumerate(inputs):
        x, phase, saturated = _vectors(model, x[None])[0], model.phase_of(index), 0
        for k, layer in enumerate(model.layers):
            current[k], events = step(layer, current[k], x, phase)
            x, saturated = np.maximum(current[k], 0), saturated + events  # what a layer above takes
        states.append(current[-1])
        if model.pooling is Pooling.SUM:
            pooled = pool(model, pooled, current[-1])
        outputs.append(model.readout(pooled if model.pooling is Pooling.SUM else current[-1], phase))
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
    every, summed = model.pooling is Pooling.EVERY, model.pooling is Pooling.SUM
    states = np.zeros((count, model.top.size), dtype=np.int64)
    outputs = np.zeros((count, steps, model.outputs) if every else (count, model.outputs), dtype=np.int64)
    saturations = np.zeros(count, dtype=np.int64)
    kernels = [_Kernel(layer) for layer in model.layers]
    for start in range(0, count, BATCH):
        batch = slice(start, min(start + BATCH, count))
        current = [np.zeros((batch.stop - start, kernel.layer.size), dtype=kernel.dtype) for kernel in kernels]
        pooled = np.zeros((batch.stop - start, model.top.size), dtype=np.int64)
        for index in range(steps):
            phase, x = model.phase_of(index), _vectors(model, inputs[batch, index])
            for k, kernel in enumerate(kernels):
                current[k], saturated = kernel.step(current[k], x, phase)
                saturations[batch] += saturated
                x = np.maximum(current[k], 0)
            if every:
                outputs[batch, index] = model.readout(current[-1].astype(np.int64), phase)
            if summed:
                pooled = pool(model, pooled, current[-1].astype(np.int64))
        states[batch] = current[-1]
        if not every:
            outputs[batch] = model.readout(pooled if summed else states[batch], model.phase_of(steps - 1))
        if progress is not None:
            progress(batch.stop, count)
    return Trace(states, outputs, saturations)


class _Kernel:
    """One step of many sequences in floating point that never rounds; int64 where the bounds are too wide."""

    def __init__(self, layer):
        self.layer = layer
        bound = max(max(int(np.abs(edge).max()) for edge in layer.pre_bounds(p)) + (1 << layer.output_shift(p))
                    for p in range(len(layer.phases)))
        # A partial sum can exceed the total: add up absolute values instead of relying on `pre`'s own bound.
        for p, phase in enumerate(layer.phases):
            recurrent = layer.recurrence.gain * -layer.state.minimum << layer.state_shift(p)
            driven = int(np.abs(phase.input_codes).sum(axis=1).max()) \
                * max(-layer.input.minimum, layer.input.maximum) << layer.input_shift(p)
            bound = max(bound, recurrent + driven + int(np.abs(phase.bias).max()) + (1 << layer.output_shift(p)))
        self.dtype = np.float32 if bound < 1 << 24 else np.float64 if bound < 1 << 53 else np.int64
        self._recurrence = layer.recurrence.products(self.dtype)
        self._input = [phase.input_codes.T.astype(self.dtype) for phase in layer.phases]
        self._bias = [phase.bias.astype(self.dtype) for phase in layer.phases]

    def step(self, state, x, phase):
        layer = self.layer
        pre = self._recurrence(state)
        if layer.state_shift(phase):
            pre *= self.dtype(1 << layer.state_shift(phase))
        pre += (x.astype(self.dtype) @ self._input[phase]) * self.dtype(1 << layer.input_shift(phase))
        pre += self._bias[phase]
        # float32 was proven to hold every value, so int32 does
        integers = pre.astype(np.int32 if self.dtype is np.float32 else np.int64)
        rounded = round_shift(integers, layer.output_shift(phase), layer.rounding)
        new = saturate(rounded, layer.state.width)
        saturated = np.count_nonzero(new != rounded, axis=1)
        if layer.activation is Activation.RELU:
            new = np.maximum(new, 0)
        return new.astype(self.dtype), saturated


def float_run(model, inputs, *, progress=None):
    """``Y`` as float64 [sequences, m] of the same codes with an unrounded, unbounded state: "float" in every comparison.

    The state is that of the real-valued recurrence, so for two phases the exact ``sqrt(2)`` takes the place of its codes; the
    activations of hidden stages are rectified and neither rounded nor bounded.
    """
    inputs = check_inputs(model, np.asarray(inputs))
    steps = [_float_step(layer) for layer in model.layers]
    outputs = np.zeros((len(inputs), model.outputs))
    for start in range(0, len(inputs), BATCH):
        batch = inputs[start:start + BATCH]
        current, pooled = [np.zeros((len(batch), layer.size)) for layer in model.layers], 0
        for index in range(batch.shape[1]):
            x = _vectors(model, batch[:, index])
            for k, layer in enumerate(model.layers):
                current[k] = steps[k](current[k], x)
                x = np.maximum(current[k], 0) * 2.0**layer.state.frac  # a layer above counts in this one's integers
            if model.pooling is Pooling.SUM:
                pooled = pooled + np.maximum(current[-1], 0)
            else:
                pooled = current[-1]
        outputs[start:start + BATCH] = _float_readout(model, pooled)
        if progress is not None:
            progress(min(start + BATCH, len(inputs)), len(inputs))
    return outputs


def _float_readout(model, pooled):
    """The stages in real numbers, in units of phase 0."""
    unit = 2.0**-model.top.state.frac  # of an integer of the vector, of which the biases are multiples too
    vector = np.maximum(pooled, 0) if model.readout.rectified else pooled
    for stage in model.readout.stages:
        vector = vector @ stage.codes.T.astype(np.float64) + (stage.biases[0] << stage.bias_shift) * unit
        if stage.requantization is not None:
            unit *= 2.0**stage.requantization.shift
            vector = np.maximum(vector, 0)
    return vector


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
