# SPDX-License-Identifier: BSD-2-Clause
"""Designs that estimates are fitted and judged on: random models of many shapes, each in one architecture."""

from dataclasses import dataclass

import numpy as np

from hadam_hw.fixed import FixedPoint, Rounding
from hadam_hw.layer import InputFormat, Layer, Phase
from hadam_hw.model import Model
from hadam_hw.readout import Dense, Pooling, Readout, Requantization
from hadam_hw.recurrence import Hadamard, Ternary

#: Of the designs that sum their states: for sequences of 128 steps.
POOL_BITS = 7


@dataclass(frozen=True)
class Design:
    """A model's shape and an architecture.

    ``block = 0`` stands for a random ternary recurrence, ``wires`` for permuted rows; ``hidden`` is a stage: "units:bits of
    a code:bits of an activation".
    """

    arch: str
    size: int
    block: int
    outputs: int = 4
    inputs: int = 1
    input_width: int = 8
    input_bits: int = 4
    output_bits: int = 4
    state_width: int = 12
    rounding: str = "half-up"
    leak: int = 0
    emit: str = "last"
    wires: bool = False
    hidden: str = ""

    @property
    def name(self):
        """Tells it from all others; those of before there were wires and stages have the names that they had."""
        *shape, wires, hidden = vars(self).values()
        return ",".join([*map(str, shape), *(["wires"] if wires else []), *([hidden] if hidden else [])])

    def model(self):
        """The model, the same one each time."""
        rng = np.random.default_rng([self.size, self.block, self.inputs, self.state_width])
        if self.block:
            recurrence = Hadamard(self.size, self.block, rng.choice([-1, 1], self.size), self.leak,
                                  rng.permutation(self.size) if self.wires else None)
        else:
            recurrence = Ternary(rng.integers(-1, 2, (self.size, self.size)), 1, 3)
        codes = _codes(rng, self.input_bits, (self.size, self.inputs))
        phases, biases = [], []
        for p in range(recurrence.phases):
            extra = 2 if p else 0
            chosen = np.rint(np.sqrt(2) * 2**extra * codes).astype(np.int64) if p else codes
            bias = rng.integers(-200, 201, self.size) << max(recurrence.shift(p), extra)
            phases.append(Phase(chosen, extra, bias))
            biases.append(rng.integers(-1000, 1001, self.outputs))
        layer = Layer(
            recurrence=recurrence, input=InputFormat(self.inputs, self.input_width, self.inputs > 1), phases=tuple(phases),
            state=FixedPoint(self.state_width, 0), rounding=Rounding(self.rounding), input_bits=self.input_bits)
        stages = self._hidden(rng, recurrence.phases)
        inputs = stages[-1].outputs if stages else self.size
        stages.append(Dense(codes=_codes(rng, self.output_bits, (self.outputs, inputs)), bits=self.output_bits,
                            biases=tuple(biases[:1] if stages else biases)))
        return Model(layers=(layer,), readout=Readout(
            pooling=Pooling(self.emit), stages=tuple(stages), scales=(1.0,) * recurrence.phases,
            pool_bits=POOL_BITS if self.emit == "sum" else 0))

    def _hidden(self, rng, phases):
        if not self.hidden:
            return []
        units, bits, width = map(int, self.hidden.split(":"))
        return [Dense(codes=_codes(rng, bits, (units, self.size)), bits=bits, bias_shift=2,
                      biases=tuple(rng.integers(-500, 501, units) for _ in range(phases)),
                      requantization=Requantization(self.state_width + bits - width, width))]


def _codes(rng, bits, shape):
    low, high = (-1, 1) if bits == 1 else (-(1 << bits - 1), (1 << bits - 1) - 1)
    return rng.integers(low, high, shape, endpoint=True)


#: Those at even places fit the constants, those at odd places judge them: neighbours are alike.
DESIGNS = (
    Design("serial", 32, 16), Design("serial", 48, 16),
    Design("serial", 64, 64), Design("serial", 64, 16, outputs=10, output_bits=6),
    Design("serial", 32, 32), Design("serial", 64, 8),
    Design("serial", 32, 16, inputs=9), Design("serial", 32, 16, inputs=6, input_width=6),
    Design("serial", 32, 4, rounding="half-even", state_width=16), Design("serial", 48, 16, rounding="half-even"),
    Design("serial", 24, 0), Design("serial", 28, 0, state_width=10),
    Design("serial:2", 16, 16), Design("serial:2", 24, 4),
    Design("serial:4", 16, 16), Design("serial:4", 16, 4, rounding="half-even"),
    Design("serial:3", 24, 8), Design("serial:3", 16, 16, inputs=4),
    Design("parallel", 8, 8), Design("parallel", 8, 2),
    Design("parallel", 16, 4, state_width=10), Design("parallel", 12, 4),
    Design("parallel", 8, 4, inputs=4), Design("parallel", 8, 0),
    Design("folded:2", 64, 64), Design("folded:2", 128, 16, outputs=10),
    Design("folded:4", 64, 64), Design("folded:4", 128, 64, state_width=10),
    Design("folded:4", 64, 32, inputs=5), Design("folded:4", 64, 16, inputs=9),
    Design("folded:8", 64, 64), Design("folded:8", 128, 64),
    Design("folded:4x2", 64, 16), Design("folded:4x2", 128, 64, rounding="half-even"),
    Design("folded:4x2", 128, 64, inputs=9, leak=3, emit="sum"), Design("folded:4x4", 128, 16, inputs=9, leak=3, emit="sum"),
    Design("folded:8", 64, 64, inputs=9, leak=3, emit="sum"), Design("folded:8", 128, 64, inputs=20, leak=2, emit="sum"),
    Design("folded:8x2", 128, 64, inputs=6), Design("folded:2x4", 128, 16, inputs=9, leak=3, emit="sum"),
    Design("folded:2", 64, 16, leak=3), Design("folded:4", 64, 64, inputs=14, leak=3, emit="sum"),
    Design("folded:8", 64, 64, inputs=10, input_width=2), Design("folded:4x2", 128, 64, inputs=4, input_bits=2),
    Design("folded:8", 64, 16, inputs=3, input_bits=6), Design("folded:4", 128, 64, input_bits=6),
    Design("serial", 32, 16, leak=3, emit="sum"), Design("serial", 64, 16, inputs=9, leak=1),
    Design("serial", 64, 1, wires=True), Design("serial", 64, 4, wires=True, output_bits=6),
    Design("serial", 64, 1, outputs=10, output_bits=6, wires=True, hidden="32:4:8"),
    Design("serial", 96, 4, outputs=10, output_bits=6, wires=True, hidden="64:4:8"),
    Design("serial", 128, 1, outputs=10, output_bits=6, wires=True, hidden="128:4:8"),
    Design("serial", 64, 4, wires=True, hidden="16:3:6"),
    Design("serial:2", 32, 4, wires=True, hidden="24:6:8"), Design("serial:2", 48, 1, outputs=6, wires=True, hidden="32:2:4"),
    Design("folded:4", 64, 16, inputs=9, leak=3, emit="sum", hidden="32:4:8"),
    Design("folded:8", 64, 64, inputs=9, leak=3, emit="sum", hidden="24:4:6"),
)
