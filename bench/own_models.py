# SPDX-License-Identifier: BSD-2-Clause
"""Models of random codes behind an input of one's own, for benches of what stands around the model."""

import numpy as np

from hadam_hw.fixed import FixedPoint, Rounding
from hadam_hw.layer import Activation, Layer, Phase
from hadam_hw.model import Model
from hadam_hw.readout import Dense, Pooling, Readout
from hadam_hw.recurrence import Hadamard

#: Bits of codes, and of a state.
CODE_BITS, STATE_BITS = 4, 12


def random_model(source, *, classes=("left", "right", "up"), pooling=Pooling.LAST, size=16, seed=0):
    """A model whose input is ``source``, an :class:`~hadam_hw.input.Input`; the same for the same ``seed``."""
    rng, most = np.random.default_rng(seed), (1 << CODE_BITS - 1) - 1
    layer = Layer(recurrence=Hadamard(size, size, rng.choice([-1, 1], size)), input=source.format,
                  state=FixedPoint(STATE_BITS, 0),
                  rounding=Rounding.HALF_UP, activation=Activation.LINEAR, input_bits=CODE_BITS,
                  phases=(Phase(rng.integers(-most, most + 1, (size, source.size)), 0, rng.integers(-99, 100, size)),))
    stage = Dense(codes=rng.integers(-most, most + 1, (len(classes), size)), bits=CODE_BITS,
                  biases=(rng.integers(-99, 100, len(classes)),))
    readout = Readout(pooling=pooling, stages=(stage,), scales=(1.0,), pool_bits=3 if pooling is Pooling.SUM else 0)
    return Model(layers=(layer,), readout=readout, input=source).with_readout(classes=classes)
