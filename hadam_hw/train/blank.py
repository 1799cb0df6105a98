# SPDX-License-Identifier: BSD-2-Clause
"""The model that settings lead to, before there are data: whoever asks for what no model can be is told at once."""

import numpy as np

from hadam_hw.layer import Layer
from hadam_hw.model import Model
from hadam_hw.oscillators import Oscillators, oscillations
from hadam_hw.readout import Pooling, exact_stage
from hadam_hw.recurrence import Hadamard
from hadam_hw.train.leaks import leak_of
from hadam_hw.train.settings import Kind


def blank_model(settings):
    """The model that a training with ``settings`` ends in, of one input and one output, all of zeros: it costs nothing to make.

    Raises
    ------
    ModelError
        Where no model can be of these settings, in the model's own words.
    """
    size = settings.hidden
    leaks = leak_of(settings)
    if settings.recurrence is Kind.OSCILLATORS:
        recurrence = Oscillators.of(oscillations()[:1] * (size // 2), np.broadcast_to(leaks, size)[::2])
    else:
        recurrence = Hadamard(size, settings.block, np.ones(size), leaks)
    common = dict(recurrence=recurrence, state_width=settings.state_bits, state_frac=0, rounding=settings.rounding,
                  activation=settings.activation)
    layers = []
    for k in range(settings.layers):
        inputs, width, bits = (size, settings.state_bits - 1, 1) if k else (1, 1, settings.v_bits)
        layers.append(Layer.from_arrays(input_weight=np.zeros((size, inputs), int), input_width=width, input_signed=False,
                                        input_bits=bits, **common))
    pool_bits = 1 if settings.readout is Pooling.SUM else 0
    readout = exact_stage(np.zeros((1, size), int), settings.u_bits, None, 0, recurrence.phases, pooling=settings.readout,
                          pool_bits=pool_bits)
    return Model(layers=tuple(layers), readout=readout)
