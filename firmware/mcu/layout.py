# SPDX-License-Identifier: BSD-2-Clause
"""How a layer lies in C: the types that hold every partial sum, and the codes cut into digits of four bits."""

from dataclasses import dataclass

import numpy as np

from hadam_hw.errors import ModelError
from hadam_hw.fixed import Rounding
from hadam_hw.recurrence import Hadamard
from rtl_gen.plan.adder_graph import signed_digits

#: The C code makes the sixteen multiples -8 ... 7 of a value.
DIGIT_BITS = 4
LEAST_DIGIT = -8


@dataclass(frozen=True, eq=False)
class PhaseLayout:
    """The constants of the steps of one phase, as C has them.

    Parameters
    ----------
    digits : uint8 [inputs * planes, ceil(n / 2)]
        The columns of V's codes, each ``planes`` times: digit k of all units, two a byte, 8 more than their value.
    planes : int
    bias : int64 [n]
        ``B_p``, with half of the last place added where the rounding adds it.
    output_bias : int64 [m]
    input_shift, state_shift, output_shift : int
    """

    digits: np.ndarray
    planes: int
    bias: np.ndarray
    output_bias: np.ndarray
    input_shift: int
    state_shift: int
    output_shift: int


@dataclass(frozen=True, eq=False)
class Layout:
    """A layer as C has it; one without a read-out has no ``output_digits`` and no output biases.

    Parameters
    ----------
    phases : tuple of PhaseLayout
    signs : int8 [n] or uint8 [n, 2 ceil(n / 8)]
        0 or -1 for each sign of a ``Hadamard``; or a row's bits of +1, then those of -1, for a ``Ternary``.
    scale_digits : list of (shift, negate)
        The recurrence's multiplier.
    output_digits : uint8 [n, planes, ceil(m / 2)]
        The columns of U's codes, as those of V.
    word_bits, logit_bits : int
        16, 32 or 64: the narrowest type that holds every partial sum of a step, and of a read-out (32 or 64).
    bias_bits, output_bias_bits, input_bits : int
        Of their types.
    """

    phases: tuple[PhaseLayout, ...]
    signs: np.ndarray
    scale_digits: list
    output_digits: np.ndarray
    word_bits: int
    logit_bits: int
    bias_bits: int
    output_bias_bits: int
    input_bits: int

    @property
    def table_bytes(self):
        """Bytes of the constant tables, the four small numbers of each phase aside."""
        return self.signs.nbytes + self.output_digits.nbytes + sum(
            phase.digits.nbytes + phase.bias.size * self.bias_bits // 8 + phase.output_bias.size * self.output_bias_bits // 8
            for phase in self.phases)


def layouts(model):
    """The :class:`Layout` of each layer of ``model``; that of the last has its read-out.

    Raises
    ------
    ModelError
        If the model asks for something that the C code does not have.
    """
    if len(model.layers) > 2 or len(model.readout.stages) > 1 or any(layer.recurrence.schema > 3 for layer in model.layers):
        raise ModelError("Models in C must have one layer or two, of signs or a ternary matrix, and one stage; "
                         "this one runs on FPGAs")
    return [*(_layout(layer, None) for layer in model.layers[:-1]), _layout(model.top, model.readout)]


def _layout(layer, readout):
    phases, bounds = [], []
    for p, constants in enumerate(layer.phases):
        digits, shift = code_digits(constants.input_codes), layer.output_shift(p)
        half = 1 << (shift - 1) if shift and layer.rounding is not Rounding.FLOOR else 0
        bias = constants.bias + half
        bounds.append(_step_bound(layer, p, digits, bias))
        columns = digits.transpose(2, 0, 1).reshape(-1, layer.size)  # [inputs * planes, n]: an element's planes in a row
        output_bias = np.zeros(0, np.int64) if readout is None else readout.stages[0].biases[p]
        phases.append(PhaseLayout(_pack(columns), len(digits), bias, output_bias, layer.input_shift(p), layer.state_shift(p),
                                  shift))
    output_digits = code_digits(np.zeros((0, layer.size)) if readout is None else readout.stages[0].codes)
    recurrent = layer.recurrence
    hadamard = isinstance(recurrent, Hadamard)
    biases = [phase.bias for phase in phases]
    output_biases = [phase.output_bias for phase in phases]
    return Layout(
        phases=tuple(phases), signs=(recurrent.signs >> 1).astype(np.int8) if hadamard else _rows(recurrent.ternary),
        scale_digits=signed_digits(recurrent.multiplier),
        output_digits=_pack(output_digits.transpose(2, 0, 1)),  # [n, planes, m]
        word_bits=_type_bits(max(bounds), (16, 32, 64)),
        logit_bits=_type_bits(0 if readout is None else _readout_bound(layer, readout, output_digits), (32, 64)),
        bias_bits=_type_bits(max(int(np.abs(bias).max()) for bias in biases)),
        output_bias_bits=_type_bits(max(int(np.abs(bias).max(initial=0)) for bias in output_biases)),
        input_bits=8 if layer.input.width <= 8 else 16)


def code_digits(codes):
    """``codes`` as digits int64 [planes, ...] of -8 ... 7, the least significant first: ``sum(16**k digit_k)``."""
    rest, planes = np.array(codes, dtype=np.int64), []
    while not planes or rest.any():
        digit = ((rest - LEAST_DIGIT) & 15) + LEAST_DIGIT
        planes.append(digit)
        rest = (rest - digit) >> DIGIT_BITS
    return np.array(planes)


def _pack(digits):
    """Two digits a byte along the last axis, the first in the low bits; a digit that lacks its partner gets a 0."""
    count = digits.shape[-1]
    padded = np.zeros((*digits.shape[:-1], count + count % 2), dtype=np.int64)
    padded[..., :count] = digits
    padded -= LEAST_DIGIT
    return (padded[..., 0::2] | padded[..., 1::2] << DIGIT_BITS).astype(np.uint8)


def _rows(ternary):
    return np.concatenate([np.packbits(ternary == sign, axis=1, bitorder="little") for sign in (1, -1)], axis=1)


def _step_bound(layer, p, digits, bias):
    """What no partial sum of a step exceeds, in whatever order it is added up; every multiple in the bank counts."""
    recurrence = layer.recurrence
    if isinstance(recurrence, Hadamard):
        terms = recurrence.block
    else:
        terms = max(int(np.abs(recurrence.ternary).sum(axis=1).max()), 1)
    gain = terms * sum(1 << shift for shift, _ in signed_digits(recurrence.multiplier))
    places = [1 << DIGIT_BITS * k for k in range(len(digits))]
    driven = sum(place * np.abs(plane).sum(axis=1) for place, plane in zip(places, digits))
    largest = max(-layer.input.minimum, layer.input.maximum) << layer.input_shift(p)
    return max((gain * -layer.state.minimum << layer.state_shift(p)) + int(driven.max()) * largest + int(np.abs(bias).max()),
               -LEAST_DIGIT * places[-1] * largest)


def _readout_bound(layer, readout, digits):
    _, greatest = readout.range(layer.state)
    places = [1 << DIGIT_BITS * k for k in range(len(digits))]
    weighed = sum(place * np.abs(plane).sum(axis=1) for place, plane in zip(places, digits))
    return max(int(weighed.max()) * greatest + max(int(np.abs(bias).max()) for bias in readout.stages[0].biases),
               -LEAST_DIGIT * places[-1] * greatest)


def _type_bits(bound, choices=(8, 16, 32, 64)):
    # 64 always do: the model's own sums have at most 52 bits, a bank's unused multiples four more
    return next(bits for bits in choices if bound < 1 << (bits - 1))
