# SPDX-License-Identifier: BSD-2-Clause
"""What a read-out takes of whole data sets, in integers: last states or pools. A layer that is drawn needs them once.

They are compiled where numba is there (:mod:`hadam_hw.train.state_kernel`), and the golden model's where it is not.
"""

import numpy as np

from hadam_hw import golden
from hadam_hw.errors import ModelError
from hadam_hw.fixed import Rounding
from hadam_hw.layer import Activation
from hadam_hw.model import Model
from hadam_hw.readout import Pooling, exact_stage
from hadam_hw.recurrence import Hadamard

try:
    from hadam_hw.train import state_kernel
except ImportError:  # numba is an extra
    state_kernel = None

#: Sequences between two reports of progress.
PORTION = 2048
#: Sequences that are computed by the golden model as well.
CHECKED = 3


def last_states(layer, inputs, *, progress=None):
    """The state of ``layer`` after the last step of each sequence, and how many words saturated on the way.

    A few compiled sequences, spread over all, are computed by the golden model too, and compared.

    Parameters
    ----------
    layer : Layer
        Those of a :class:`Hadamard` recurrence are compiled, others are the golden model's.
    inputs : int [sequences, steps, d_in]
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
    return _vectors(layer, inputs, 0, np.int32, progress)


def pools(layer, inputs, pool_bits, *, progress=None):
    """The sum of the rectified states of each sequence, saturated as a :class:`~hadam_hw.readout.Readout` has it.

    Parameters
    ----------
    layer : Layer
        Of one phase.
    inputs : int [sequences, steps, d_in]
    pool_bits : int
        1 to 16, as of the read-out.
    progress : callable, optional
        As of :func:`last_states`.

    Returns
    -------
    pools : int64 [sequences, n]
    saturations : int
        Saturated words of the states of all steps.

    Raises
    ------
    ModelError
        As of :func:`last_states`, and if states of this layer cannot be added up.
    """
    return _vectors(layer, inputs, pool_bits, np.int64, progress)


def _vectors(layer, inputs, pool_bits, kind, progress):
    """(last states, or pools where there are pool bits, as ``kind``; saturations of the states)."""
    model = _read_by_identity(layer, pool_bits)
    inputs = golden.check_inputs(layer, np.asarray(inputs))
    number = _number(layer, model.readout)
    vectors, saturations = np.empty((len(inputs), layer.size), kind), 0
    for start in range(0, len(inputs), PORTION):
        part = slice(start, start + PORTION)
        vectors[part], saturated = _golden(model, inputs[part]) if number is None else _compiled(model, inputs[part], number)
        saturations += saturated
        if progress is not None:
            progress(min(part.stop, len(inputs)), len(inputs))
    sample = np.unique(np.linspace(0, len(inputs) - 1, CHECKED).astype(np.int64)) if len(inputs) else []
    if number is not None and not np.array_equal(vectors[sample], _golden(model, inputs[sample])[0]):
        raise ModelError("Compiled states must be those of the golden definition, and are not; this is a defect of the kernel")
    return vectors, saturations


def _read_by_identity(layer, pool_bits):
    """The model whose outputs are the pools of ``layer``; without pool bits its last states are what counts."""
    return Model(layers=(layer,), readout=exact_stage(
        np.eye(layer.size, dtype=np.int64), 1, None, 0, layer.recurrence.phases,
        pooling=Pooling.SUM if pool_bits else Pooling.LAST, pool_bits=pool_bits))


def _most(model):
    """Where a pool saturates; 0 where last states are wanted."""
    return model.readout.range(model.top.state)[1] if model.pooling is Pooling.SUM else 0


def _number(layer, readout):
    """The type that holds each of the layer's sums exactly, and each pool; None where the compiled kernel cannot serve."""
    if state_kernel is None or not isinstance(layer.recurrence, Hadamard):
        return None
    bound = readout.range(layer.state)[1] + layer.state.maximum
    for p, phase in enumerate(layer.phases):
        # absolute values, so that partial sums in any order are bounded as well
        recurrent = layer.recurrence.gain * -layer.state.minimum << layer.state_shift(p)
        driven = np.abs(phase.input_codes).sum(axis=1) * max(-layer.input.minimum, layer.input.maximum) << layer.input_shift(p)
        bound = max(bound, int((recurrent + driven + np.abs(phase.bias)).max()) + (1 << layer.output_shift(p)))
    return np.float32 if bound < 1 << 24 else np.float64  # a layer's sums have at most 52 bits, a pool 48


def _golden(model, inputs):
    """(vectors, saturations) of the golden model."""
    run = golden.run(model, inputs)
    return run.outputs if model.pooling is Pooling.SUM else run.states, int(run.saturations.sum())


def _compiled(model, inputs, number):
    """(vectors, saturations) by the kernel, whose arithmetic is in floating point numbers of the type ``number``."""
    layer = model.top
    recurrence, phases = layer.recurrence, range(len(layer.phases))
    gains = np.array([recurrence.signs * float(recurrence.multiplier << layer.state_shift(p)) for p in phases], number)
    codes = np.array([phase.input_codes * float(1 << layer.input_shift(p)) for p, phase in enumerate(layer.phases)], number)
    biases = np.array([phase.bias for phase in layer.phases], number)
    scales = np.array([0.5**layer.output_shift(p) for p in phases], number)
    # a shift by 0 rounds nothing, and a half added to the greatest sum might
    half_up = layer.rounding is Rounding.HALF_UP
    offsets = np.array([0.5 if half_up and layer.output_shift(p) else 0.0 for p in phases], number)
    wires = np.arange(layer.size) if recurrence.wires is None else recurrence.wires
    limits = np.array([layer.state.minimum, layer.state.maximum], number)
    order = np.array([layer.phase_of(index) for index in range(inputs.shape[1])])
    vectors = np.empty((len(inputs), layer.size), number)
    saturations = state_kernel.run(
        inputs, order, wires, gains, codes, biases, scales, offsets, limits, recurrence.block,
        layer.activation is Activation.RELU, layer.rounding is Rounding.HALF_EVEN, number(_most(model)), vectors)
    return vectors.astype(np.int64), saturations
