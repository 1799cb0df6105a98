# SPDX-License-Identifier: BSD-2-Clause
"""The binary point that calibration takes."""

import numpy as np
import pytest

from hadam_hw import golden
from hadam_hw.layer import InputFormat
from hadam_hw.model import Model
from hadam_hw.quantize import SATURATION_LIMIT, quantize
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Hadamard

SIZE, WIDTH = 16, 10


def shifted(model, steps):
    """``model`` with the binary point of its state ``steps`` to the right."""
    layer, stage = model.top, model.readout.stages[0]
    phase, unit = layer.phases[0], 2.0**-layer.state.frac
    return Model.from_arrays(
        recurrence=layer.recurrence, input_weight=phase.input_codes, output_weight=stage.codes,
        bias=phase.bias * unit * 2.0**-layer.state_shift(0), output_bias=stage.biases[0] * unit,
        input_width=model.input.width, input_signed=model.input.signed, state_width=WIDTH, input_bits=layer.input_bits,
        output_bits=stage.bits, emit=model.pooling, pool_bits=model.readout.pool_bits, state_frac=layer.state.frac + steps)


@pytest.mark.parametrize("emit", [Pooling.LAST, Pooling.SUM])
def test_a_bit_is_spent_on_the_range_where_saturated_words_cost_more_than_rounding(emit):
    rng = np.random.default_rng(3)
    inputs = rng.integers(-4, 5, (200, 100, 1))
    inputs[::40, 20:22] = 127  # a knock in a few of the sequences
    signs = rng.choice(np.array([-1, 1], dtype=np.int8), SIZE)
    model = quantize(
        recurrence=Hadamard(SIZE, SIZE, signs), input_weight=rng.normal(size=(SIZE, 1)), bias=np.zeros(SIZE),
        output_weight=rng.normal(size=(3, SIZE)), output_bias=np.zeros(3), input_format=InputFormat(1, 8, True),
        input_scale=0.1, calibration=inputs, state_width=WIDTH, emit=emit)

    def judged(other):
        run, wanted = golden.run(other, inputs), golden.float_run(other, inputs)
        error = np.square(run.outputs * 2.0**-other.top.state.frac - wanted).sum()
        return error, run.saturations.sum() / inputs.size / SIZE

    (more, saturated), (least, _), (less, _) = (judged(shifted(model, steps)) for steps in (1, 0, -1))
    assert 0 < saturated <= SATURATION_LIMIT, "the case must be one that the limit alone would have let pass"
    assert least < more and least < less
