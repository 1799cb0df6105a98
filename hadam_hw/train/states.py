# SPDX-License-Identifier: BSD-2-Clause
"""The integer states after the last step, or pools, of whole data sets, compiled: a layer that is drawn needs them once.

The words of a state lie as [n, lanes], so that each operation works on :data:`LANES` sequences side by side. They are floating
point numbers that hold integers: the bounds of a layer's sums show beforehand that none is ever rounded, as in
:mod:`hadam_hw.golden`.
"""

import numba
import numpy as np

from hadam_hw import golden
from hadam_hw.errors import ModelError
from hadam_hw.fixed import Rounding
from hadam_hw.layer import Activation

#: Sequences that are stepped side by side: two states of 256 units stay in a second-level cache.
LANES = 64
#: Sequences between two reports of progress.
PORTION = 2048
#: Sequences that are computed by the definition as well.
CHECKED = 3


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
    number = _number(layer, inputs.shape[1] if summed else 1)
    states, saturations = np.empty((len(inputs), layer.size), np.int32), 0
    for start in range(0, len(inputs), PORTION):
        part = slice(start, start + PORTION)
        states[part], saturated = _compiled(layer, inputs[part], number, summed)
        saturations += saturated
        if progress is not None:
            progress(min(part.stop, len(inputs)), len(inputs))
    sample = np.unique(np.linspace(0, len(inputs) - 1, CHECKED).astype(np.int64)) if len(inputs) else []
    if not np.array_equal(states[sample], _defined(layer, inputs[sample], summed)):
        raise ModelError("Compiled states must be those of the golden definition, and are not; this is a defect of the kernel")
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


def _compiled(layer, inputs, number, summed):
    """(states, saturations) by the kernel, whose arithmetic is in floating point numbers of the type ``number``."""
    phases = range(len(layer.phases))
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
    saturations = _run(inputs, order, columns, gains, codes, biases, scales, offsets, limits, block,
                       layer.activation is Activation.RELU, layer.rounding is Rounding.HALF_EVEN, summed, states)
    return states.astype(np.int32), saturations


#: Integers are never NaN or infinite, and the sign of a zero does not matter.
_MATH = {"nnan", "ninf", "nsz"}


@numba.njit(fastmath=_MATH, inline="always")
def _transform(state, block):
    """Replaces each lane of ``state`` [n, lanes] by its Walsh-Hadamard transform, blockwise, in natural order."""
    half = 1
    while half < block:
        for start in range(0, len(state), 2 * half):
            for i in range(start, start + half):
                low, high = state[i], state[i + half]
                for k in range(low.size):
                    a, b = low[k], high[k]
                    low[k], high[k] = a + b, a - b
        half *= 2


@numba.njit(cache=True, fastmath=_MATH)
def _run(inputs, order, columns, gains, codes, biases, scales, offsets, limits, block, rectify, even, summed, states):
    """Fills ``states`` [sequences, n] for ``inputs`` [sequences, steps, d]; returns the saturations.

    With ``summed`` it fills in pools.
    ``order`` [steps] has the phase of each step; ``columns`` [n, terms], ``gains`` [phases, n, terms], ``codes``
    [phases, n, d], ``biases`` [phases, n], ``scales`` and ``offsets`` [phases] are its constants, shifts to the left included.
    """
    count, steps, width = inputs.shape
    size, terms = columns.shape
    number = states.dtype.type
    zero, low, high = number(0), limits[0], limits[1]
    here, there = np.empty((size, LANES), states.dtype), np.empty((size, LANES), states.dtype)
    x, pool = np.empty((width, LANES), states.dtype), np.empty((size, LANES), states.dtype)
    saturations, beyond = 0, np.empty(LANES, np.int32)
    for first in range(0, count, LANES):
        lanes = min(LANES, count - first)
        here[:] = zero
        x[:] = zero
        pool[:] = zero
        beyond[:] = 0
        for t in range(steps):
            p = order[t]
            scale, offset = scales[p], offsets[p]
            for k in range(lanes):
                for j in range(width):
                    x[j, k] = inputs[first + k, t, j]
            if block > 1:
                _transform(here, block)
            for i in range(size):
                row, new, gain, bias = here[columns[i, 0]], there[i], gains[p, i, 0], biases[p, i]
                code, drive = codes[p, i, 0], x[0]
                for k in range(LANES):
                    new[k] = row[k] * gain + bias + code * drive[k]
                for j in range(1, terms):
                    row, gain = here[columns[i, j]], gains[p, i, j]
                    for k in range(LANES):
                        new[k] += row[k] * gain
                for j in range(1, width):
                    code, drive = codes[p, i, j], x[j]
                    for k in range(LANES):
                        new[k] += code * drive[k]
                for k in range(LANES):
                    value = new[k] * scale
                    value = np.rint(value) if even else np.floor(value + offset)
                    new[k] = min(max(value, low), high)
                    beyond[k] += new[k] != value
                if rectify:
                    for k in range(LANES):
                        new[k] = max(new[k], zero)
                if summed:
                    total = pool[i]
                    for k in range(LANES):
                        total[k] += max(new[k], zero)
            here, there = there, here
        states[first:first + lanes] = (pool if summed else here)[:, :lanes].T
        saturations += beyond[:lanes].sum()
    return saturations
