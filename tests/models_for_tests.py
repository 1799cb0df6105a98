# SPDX-License-Identifier: BSD-2-Clause
"""Small random models for everybody's tests; the corners are in the arguments."""

from dataclasses import replace

import numpy as np

from hadam_hw import golden
from hadam_hw.fixed import FixedPoint, Rounding
from hadam_hw.layer import Activation, InputFormat, Layer, Phase, phase_gain
from hadam_hw.model import Model
from hadam_hw.readout import Dense, Pooling, Readout, Requantization
from hadam_hw.recurrence import Hadamard, Integer, Ternary


def random_model(*, size, block=None, outputs, inputs=1, input_width=8, input_signed=False, state_width=12, frac=0,
                 rounding=Rounding.HALF_UP, emit=Pooling.LAST, input_bits=4, output_bits=4, seed=0, ternary=False,
                 multiplier=1, shift_bits=3, input_frac=2, bias_range=200, activation=Activation.LINEAR,
                 vectors=None, leak=0, pool_bits=None, wires=False, hidden=(), entries=(), recurrence=None):
    """A model of random codes, signs and biases; phase 1, where there is one, is consistent with phase 0.

    ``block`` chooses a Hadamard recurrence, ``ternary`` a random one with ``multiplier`` and ``shift_bits``, ``entries``
    one of integers between those two; or it is ``recurrence``, of ``size`` units. A small
    ``state_width`` or a large ``frac`` saturates often; a small ``input_width`` and a negative ``frac`` meet many ties. The
    pool of ``emit = sum`` saturates soon with few ``pool_bits``. ``wires`` permutes the rows of a Hadamard recurrence;
    ``hidden`` are hidden stages, each as (outputs, bits of a code, shift, bits of an activation).
    """
    rng = np.random.default_rng(seed)
    if recurrence is not None:
        assert recurrence.size == size
    elif entries:
        recurrence = Integer(rng.integers(*entries, (size, size), endpoint=True), multiplier, shift_bits)
    elif ternary:
        recurrence = Ternary(rng.integers(-1, 2, (size, size)), multiplier, shift_bits)
    else:
        recurrence = Hadamard(size, block or size, rng.choice([-1, 1], size), leak)
        if wires:
            recurrence = replace(recurrence, wires=np.random.default_rng(seed + 1).permutation(size))
    codes = rng.integers(*_levels(input_bits), (size, inputs), endpoint=True)
    phases, biases = [], []
    for p in range(recurrence.phases):
        extra = input_frac if p else 0
        fine = max(frac + recurrence.shift(p), extra)
        phases.append(Phase(
            np.rint(np.sqrt(2) * 2**extra * codes).astype(np.int64) if p else codes, extra,
            rng.integers(-bias_range, bias_range + 1, size) << max(fine, 0)))
        biases.append(rng.integers(-1000, 1001, outputs))
    layer = Layer(recurrence=recurrence, input=InputFormat(inputs, input_width, input_signed), rounding=rounding,
                  state=FixedPoint(state_width, frac), phases=tuple(phases), input_bits=input_bits, activation=activation)
    stages, below = _hidden_stages(hidden, size, recurrence.phases, np.random.default_rng(seed + 2))
    stages.append(Dense(codes=rng.integers(*_levels(output_bits), (outputs, below), endpoint=True), bits=output_bits,
                        biases=tuple(biases[:1] if hidden else biases)))
    readout = Readout(pooling=emit, stages=tuple(stages),
                      scales=tuple(2.0**-frac / phase_gain(p) for p in range(recurrence.phases)),
                      pool_bits=(3 if pool_bits is None else pool_bits) if emit is Pooling.SUM else 0)
    return Model(layers=(layer,), readout=readout, vectors=vectors)


def _hidden_stages(hidden, size, phases, rng):
    """The hidden stages of ``size`` units, and the elements that the last of them leaves."""
    stages = []
    for k, (outputs, bits, shift, width) in enumerate(hidden):
        stages.append(Dense(
            codes=rng.integers(*_levels(bits), (outputs, size), endpoint=True), bits=bits, bias_shift=max(0, shift - 2),
            biases=tuple(rng.integers(-8, 9, outputs) for _ in range(1 if k else phases)),
            requantization=Requantization(shift, width)))
        size = outputs
    return stages, size


def with_stage(model, **changes):
    """``model`` with other fields of its last stage."""
    *hidden, last = model.readout.stages
    return model.with_readout(stages=(*hidden, replace(last, **changes)))


def without_input(model):
    """``model``, of one layer, with an input matrix of zeros."""
    return model.with_top(phases=tuple(replace(phase, input_codes=0 * phase.input_codes) for phase in model.top.phases))


def centred(model, sequences):
    """``model``, of one output, with such a bias that the outputs after an odd number of ``sequences`` lie on both sides of 0,
    and the middle one is 0."""
    outputs = np.sort(golden.run(model, sequences).outputs[:, 0])
    middle, last = outputs[len(outputs) // 2], model.phase_of(sequences.shape[1] - 1)
    assert outputs[0] < middle < outputs[-1]
    biases = model.readout.stages[0].biases
    return with_stage(model, biases=tuple(bias - middle if p == last else bias for p, bias in enumerate(biases)))


def _levels(bits):
    return (-1, 1) if bits == 1 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def random_stack(*, lower, upper, seed=0, **common):
    """A stack of two random layers: arguments of :func:`random_model` for each, ``common`` ones for both.

    The upper one's input matrix holds -1 and 1, a 0 here and there, and never only zeros in a row.
    """
    below = random_model(**{"outputs": 1, "seed": seed} | common | lower).top
    above = random_model(**{"seed": seed + 1} | common | upper | {
        "inputs": below.size, "input_width": below.state.width - 1, "input_signed": False, "input_bits": 1})
    rng = np.random.default_rng(seed)
    codes = rng.choice([-1, 1], (above.size, below.size)) * (rng.random((above.size, below.size)) < 0.9)
    return above.with_top(phases=(replace(above.top.phases[0], input_codes=codes), *above.top.phases[1:])).above(below)
