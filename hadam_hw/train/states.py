# SPDX-License-Identifier: BSD-2-Clause
"""The integer states after the last step, or pools, of whole data sets: a layer that is drawn needs them once.

They are compiled where numba is there (:mod:`hadam_hw.train.state_kernel`), in floating point numbers that hold integers: the
bounds of a layer's sums show beforehand that none is ever rounded. Without numba they are matrix products of the same numbers.
"""

import numpy as np

from hadam_hw import golden
from hadam_hw.errors import ModelError
from hadam_hw.fixed import Rounding
from hadam_hw.layer import Activation

try:
    from hadam_hw.train import state_kernel
except ImportError:  # numba is an extra
    state_kernel = None  # type: ignore[assignment]

#: Sequences between two reports of progress.
PORTION = 2048
#: Sequences that are computed by the definition as well.
CHECKED = 3
#: Of products without numba: sequences of a batch, which the cache holds, and the least width of a block.
BATCH, WIDTH = 256, 64


def last_states(layer, inputs, *, summed=False, progress=None):
    """The state of ``layer`` after the last step of each sequence, and how many words saturated on the way.

    A few sequences, spread over all, are computed by :func:`hadam_hw.golden.step` too, and compared.

    Parameters
    ----------
    layer : Layer
    inputs : int [sequences, steps, d_in]
    summed : bool
        In place of the last state the pool: the sum of all rectified ones.
    progress : callable, optional
        ``progress(done, total)`` is called after each :data:`PORTION` of sequences.

    Returns
    -------
    states : int32 [sequences, n]
    saturations : int
        Saturated words of all steps.

    Raises
    ------
    ModelError
        If the inputs are not those of the layer, or the compiled states are not those of the definition.
    """
    inputs = golden.check_inputs(layer, np.asarray(inputs))
    compute = _compiled if state_kernel else _multiplied
    states, saturations = np.empty((len(inputs), layer.size), np.int32), 0
    for start in range(0, len(inputs), PORTION):
        part = slice(start, start + PORTION)
        states[part], saturated = compute(layer, inputs[part], summed)
        saturations += saturated
        if progress is not None:
            progress(min(part.stop, len(inputs)), len(inputs))
    sample = np.unique(np.linspace(0, len(inputs) - 1, CHECKED).astype(np.int64)) if len(inputs) else []
    if not np.array_equal(states[sample], _defined(layer, inputs[sample], summed)):
        raise ModelError("States must be those of the golden definition, and are not; this is a defect of the kernel")
    return states, saturations


def _number(layer, steps):
    """The type that holds each of the layer's sums, and a pool of ``steps``, exactly."""
    bound = layer.state.maximum * steps
    for p, phase in enumerate(layer.phases):
        # absolute values, so that partial sums in any order are bounded as well
        recurrent = layer.recurrence.gain * -layer.state.minimum << layer.state_shift(p)
        driven = np.abs(phase.input_codes).sum(axis=1) * max(-layer.input.minimum, layer.input.maximum) << layer.input_shift(p)
        bound = max(bound, int((recurrent + driven + np.abs(phase.bias)).max()) + (1 << layer.output_shift(p)))
    return np.float32 if bound < 1 << 24 else np.float64  # a layer's sums have at most 52 bits


def _defined(layer, inputs, summed):
    """The states, or pools, by the definition."""
    state, pool = np.zeros((2, len(inputs), layer.size), np.int64)
    for index in range(inputs.shape[1]):
        state, _ = golden.step(layer, state, inputs[:, index].astype(np.int64), layer.phase_of(index))
        pool += np.maximum(state, 0)
    return pool if summed else state


def _multiplied(layer, inputs, summed):
    """(states, saturations) by products of matrices into which the shifts to the right are folded, as exact powers of two."""
    number = _number(layer, inputs.shape[1] if summed else 1)
    phases = [_Phase(layer, p, number) for p in range(len(layer.phases))]
    low, high = number(layer.state.minimum), number(layer.state.maximum)
    states, saturations = np.empty((len(inputs), layer.size), np.int32), 0
    even, rectify = layer.rounding is Rounding.HALF_EVEN, layer.activation is Activation.RELU
    for start in range(0, len(inputs), BATCH):
        part = inputs[start:start + BATCH].astype(number)
        here, there, positive, pool = (np.zeros((len(part), layer.size), number) for _ in range(4))
        beyond = np.empty(here.shape, bool)
        for index in range(part.shape[1]):
            phases[layer.phase_of(index)](here, part[:, index], there)
            (np.rint if even else np.floor)(there, out=there)
            np.clip(there, low, high, out=here)
            saturations += np.count_nonzero(np.not_equal(here, there, out=beyond))
            if rectify:
                np.maximum(here, 0, out=here)
            if summed:
                pool += np.maximum(here, 0, out=positive)
        states[start:start + BATCH] = pool if summed else here
    return states, saturations


class _Phase:
    """``(R Z << a) + (V x << b) + bias``, shifted right by a product, half a unit added where halves are rounded up."""

    def __init__(self, layer, phase, number):
        scale = 0.5**layer.output_shift(phase)
        constants = layer.phases[phase]
        matrix = layer.recurrence.matrix().T * (scale * (1 << layer.state_shift(phase)))
        width = max(layer.recurrence.sparse()[0], min(WIDTH, layer.size))
        inside = np.arange(layer.size) // width
        whole = layer.size % width or matrix[inside[:, None] != inside].any()
        ends = [(0, layer.size)] if whole else [(k, k + width) for k in range(0, layer.size, width)]
        self._blocks = [(slice(*end), np.ascontiguousarray(matrix[slice(*end), slice(*end)].astype(number))) for end in ends]
        self._codes = (constants.input_codes.T * (scale * (1 << layer.input_shift(phase)))).astype(number)
        half = 0.5 if layer.rounding is Rounding.HALF_UP and layer.output_shift(phase) else 0.0
        self._bias = (constants.bias * scale + half).astype(number)

    def __call__(self, state, x, out):
        for place, block in self._blocks:
            np.matmul(state[:, place], block, out=out[:, place])
        out += x @ self._codes
        out += self._bias


def _compiled(layer, inputs, summed):
    """(states, saturations) by the kernel."""
    number, phases = _number(layer, inputs.shape[1] if summed else 1), range(len(layer.phases))
    block, columns, coefficients = layer.recurrence.sparse()
    gains = np.array([coefficients * float(1 << layer.state_shift(p)) for p in phases], number)
    codes = np.array([phase.input_codes * float(1 << layer.input_shift(p)) for p, phase in enumerate(layer.phases)], number)
    biases = np.array([phase.bias for phase in layer.phases], number)
    scales = np.array([0.5**layer.output_shift(p) for p in phases], number)
    # a shift by 0 rounds nothing, and a half added to the greatest sum might
    half_up = layer.rounding is Rounding.HALF_UP
    offsets = np.array([0.5 if half_up and layer.output_shift(p) else 0.0 for p in phases], number)
    limits = np.array([layer.state.minimum, layer.state.maximum], number)
    order = np.array([layer.phase_of(index) for index in range(inputs.shape[1])])
    states = np.empty((len(inputs), layer.size), number)
    saturations = state_kernel.run(
        inputs, order, columns, gains, codes, biases, scales, offsets, limits, block, layer.activation is Activation.RELU,
        layer.rounding is Rounding.HALF_EVEN, summed, states)
    return states.astype(np.int32), saturations
