# SPDX-License-Identifier: BSD-2-Clause
"""Rounding, saturation and a step as docs/numerics.md defines them, in bit-vectors: by what a result is, not how it is made."""

import z3

from hadam_hw.fixed import Rounding

#: Wide enough for every sum of the small models that are proven.
WIDE = 20


def is_rounded(result, value, shift, rounding):
    """That ``result`` is ``round_shift(value, shift)``."""
    unit = z3.BitVecVal(1 << shift, WIDE)
    rest = value - result * unit  # what rounding dropped
    small = z3.And(result < 1 << WIDE - 2 - shift, result > -(1 << WIDE - 2 - shift))  # no product wraps
    if rounding is Rounding.FLOOR or not shift:
        return z3.And(small, rest >= 0, rest < unit)
    if rounding is Rounding.HALF_UP:
        return z3.And(small, 2 * rest >= -unit, 2 * rest < unit)
    tie = z3.Or(2 * rest == unit, 2 * rest == -unit)
    return z3.And(small, 2 * rest >= -unit, 2 * rest <= unit, z3.Implies(tie, z3.Extract(0, 0, result) == 0))


def clamp(value, width):
    """``saturate(value)`` to ``width`` bits."""
    low, high = -(1 << width - 1), (1 << width - 1) - 1
    return z3.If(value < low, z3.BitVecVal(low, WIDE), z3.If(value > high, z3.BitVecVal(high, WIDE), value))


def widen(value):
    """A narrower signed value in ``WIDE`` bits."""
    return z3.SignExt(WIDE - value.size(), value)


def is_step(model, state, x, phase, rounded, rounding):
    """That ``rounded`` are the words of a step before their saturation, from ``state`` with the input ``x``."""
    layer, claims = model.top, []
    numbers = layer.phases[phase]
    for unit in range(layer.size):
        pre = z3.BitVecVal(int(numbers.bias[unit]), WIDE)
        for weights, values, shift in ((layer.recurrence.matrix()[unit], state, layer.state_shift(phase)),
                                       (numbers.input_codes[unit], x, layer.input_shift(phase))):
            pre += z3.Sum([int(weight) * value for weight, value in zip(weights, values)]) << shift
        claims.append(is_rounded(rounded[unit], pre, layer.output_shift(phase), rounding))
    return z3.And(*claims)
