# SPDX-License-Identifier: BSD-2-Clause
"""Small random models for everybody's tests; the corners are in the arguments."""

from dataclasses import replace

import numpy as np

from hadam_hw import golden
from hadam_hw.fixed import FixedPoint, Rounding
from hadam_hw.layer import Activation, InputFormat, Layer, Phase
from hadam_hw.model import Emit, QuantizedModel
from hadam_hw.recurrence import Hadamard, Ternary
from hadam_hw.stack import StackedModel


def random_model(*, size, block=None, outputs, inputs=1, input_width=8, input_signed=False, state_width=12, frac=0,
                 rounding=Rounding.HALF_UP, emit=Emit.LAST, input_bits=4, output_bits=4, seed=0, ternary=False,
                 multiplier=1, shift_bits=3, input_frac=2, bias_range=200, activation=Activation.LINEAR,
                 vectors=None, leak=0, pool_bits=None):
    """A model of random codes, signs and biases; phase 1, where there is one, is consistent with phase 0.

    ``block`` chooses a Hadamard recurrence, ``ternary`` a random one with ``multiplier`` and ``shift_bits``. A small
    ``state_width`` or a large ``frac`` saturates often; a small ``input_width`` and a negative ``frac`` meet many ties. The
    pool of ``emit = sum`` saturates soon with few ``pool_bits``.
    """
    rng = np.random.default_rng(seed)
    if ternary:
        recurrence = Ternary(rng.integers(-1, 2, (size, size)), multiplier, shift_bits)
    else:
        recurrence = Hadamard(size, block or size, rng.choice([-1, 1], size), leak)
    codes = rng.integers(*_levels(input_bits), (size, inputs), endpoint=True)
    phases = []
    for p in range(recurrence.phases):
        extra = input_frac if p else 0
        fine = max(frac + recurrence.shift(p), extra)
        phases.append(Phase(
            np.rint(np.sqrt(2) * 2**extra * codes).astype(np.int64) if p else codes, extra,
            rng.integers(-bias_range, bias_range + 1, size) << max(fine, 0), rng.integers(-1000, 1001, outputs)))
    return QuantizedModel(
        recurrence=recurrence, input=InputFormat(inputs, input_width, input_signed), state=FixedPoint(state_width, frac),
        rounding=rounding, emit=emit, phases=tuple(phases),
        output_weight=rng.integers(*_levels(output_bits), (outputs, size), endpoint=True),
        input_bits=input_bits, output_bits=output_bits, activation=activation, vectors=vectors,
        pool_bits=(3 if pool_bits is None else pool_bits) if emit is Emit.SUM else 0)


def centred(model, sequences):
    """``model``, of one output, with such a bias that the outputs after an odd number of ``sequences`` lie on both sides of 0,
    and the middle one is 0."""
    outputs = np.sort(golden.run(model, sequences).outputs[:, 0])
    middle, last = outputs[len(outputs) // 2], model.phase_of(sequences.shape[1] - 1)
    assert outputs[0] < middle < outputs[-1]
    phase = model.phases[last]
    centred_phase = replace(phase, output_bias=phase.output_bias - middle)
    return model.replace(phases=(*model.phases[:last], centred_phase, *model.phases[last + 1:]))


def _levels(bits):
    return (-1, 1) if bits == 1 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def random_stack(*, lower, upper, seed=0, **common):
    """A stack of two random layers: arguments of :func:`random_model` for each, ``common`` ones for both.

    The upper one's input matrix holds -1 and 1, a 0 here and there, and never only zeros in a row.
    """
    below = random_model(**{"outputs": 1, "seed": seed} | common | lower)
    fields = {name: getattr(below, name) for name in (
        "recurrence", "input", "state", "rounding", "input_bits", "activation")}
    phases = tuple(Phase(phase.input_codes, phase.input_frac, phase.bias) for phase in below.phases)
    above = random_model(**{"seed": seed + 1} | common | upper | {
        "inputs": below.size, "input_width": below.state.width - 1, "input_signed": False, "input_bits": 1})
    rng = np.random.default_rng(seed)
    codes = rng.choice([-1, 1], (above.size, below.size)) * (rng.random((above.size, below.size)) < 0.9)
    phase = above.phases[0]
    return StackedModel(lower=Layer(**fields, phases=phases), upper=above.replace(
        phases=(Phase(codes, phase.input_frac, phase.bias, phase.output_bias, phase.output_scale), *above.phases[1:])))
