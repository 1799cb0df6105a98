# SPDX-License-Identifier: BSD-2-Clause
"""One recurrent layer in integers: the recurrence, its input, its state. The equations are those of docs/numerics.md."""

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from hadam_hw.checks import (
    as_array,
    as_flag,
    as_instance,
    as_integer,
    as_integers,
    as_member,
    as_reals,
    as_tuple,
    assign,
)
from hadam_hw.errors import ModelError
from hadam_hw.fixed import FixedPoint, Rounding, signed_width
from hadam_hw.recurrence import Recurrence

MAX_CODE_BITS = 8
MAX_INPUTS = 4096
MAX_INPUT_FRAC = 24
#: Sums stay far from the ends of int64 (and of float64's integers, where the golden model uses BLAS).
MAX_PRE_WIDTH = 52
#: Of the codes and biases of a phase.
MAX_CONSTANT = 1 << 40


class Activation(Enum):
    """What is done with the new state before it feeds back: nothing (HadamRNN's linear recurrence), or ReLU (vanilla RNN)."""

    LINEAR = "linear"
    RELU = "relu"


@dataclass(frozen=True)
class InputFormat:
    """The input of a step: ``size`` integers of ``width`` bits each.

    Raises
    ------
    ModelError
        If ``size`` or ``width`` is not an integer in its range, or ``signed`` no boolean.
    """

    size: int
    width: int
    signed: bool

    def __post_init__(self):
        assign(self, size=as_integer("Input size", self.size), width=as_integer("Input width", self.width),
               signed=as_flag("Input's sign", self.signed))
        if not 1 <= self.size <= MAX_INPUTS:
            raise ModelError(f"Input size must be between 1 and {MAX_INPUTS} elements, not {self.size}")
        if not 1 <= self.width <= 16:
            raise ModelError(f"Input width must be between 1 and 16 bits, not {self.width}")

    @property
    def minimum(self):
        """The least element."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def maximum(self):
        """The greatest element."""
        return (1 << (self.width - self.signed)) - 1

    def holds(self, values):
        """Whether all ``values`` are in the range of an element."""
        return not values.size or bool(self.minimum <= values.min() and values.max() <= self.maximum)


@dataclass(frozen=True, eq=False)
class Phase:
    """The constants of the steps of one phase.

    Parameters
    ----------
    input_codes : int64 [n, d_in]
        ``C_p``, with ``input_frac`` extra fraction bits.
    input_frac : int
        ``e_p``, 0 or more.
    bias : int64 [n]
        ``B_p``, in units of ``2**-F_p``.

    Raises
    ------
    ModelError
        If an array holds no integers of int64, or a number is not one in its range.
    """

    input_codes: np.ndarray
    input_frac: int
    bias: np.ndarray

    def __post_init__(self):
        assign(self, input_codes=as_integers("Input codes", self.input_codes), bias=as_integers("Bias", self.bias),
               input_frac=check_input_frac(self.input_frac))


@dataclass(frozen=True, eq=False, kw_only=True)
class Layer:
    """A recurrent layer: inputs to states.

    Parameters
    ----------
    recurrence : Recurrence
    input : InputFormat
    state : FixedPoint
    rounding : Rounding
    phases : tuple of Phase
        As many as ``recurrence.phases``.
    input_bits : int
        Declared bits of a code of ``V``, 1 to 8; 1 bit means the levels -1, 0 and 1.
    activation : Activation
        Applied to the saturated state, within the recurrence.

    Raises
    ------
    ModelError
        With one sentence that names the field.
    """

    recurrence: Recurrence
    input: InputFormat
    state: FixedPoint
    rounding: Rounding
    phases: tuple[Phase, ...]
    input_bits: int = 4
    activation: Activation = Activation.LINEAR

    def __post_init__(self):
        as_instance("Recurrence", self.recurrence, Recurrence)
        as_instance("Input", self.input, InputFormat)
        as_instance("State", self.state, FixedPoint)
        assign(self, rounding=as_member(Rounding, self.rounding), phases=as_tuple("Phases", self.phases, Phase),
               input_bits=as_integer("Input bits", self.input_bits), activation=as_member(Activation, self.activation))
        if len(self.phases) != self.recurrence.phases:
            raise ModelError(f"Phases must be {self.recurrence.phases} for this recurrence, not {len(self.phases)}")
        for p, phase in enumerate(self.phases):
            for name, shape in (("input_codes", (self.size, self.inputs)), ("bias", (self.size,))):
                if getattr(phase, name).shape != shape:
                    raise ModelError(f"Phase {p}'s {name} must have shape {list(shape)}, "
                                     f"not {list(getattr(phase, name).shape)}")
        check_codes("Input codes", self.phases[0].input_codes, self.input_bits)
        for p, phase in enumerate(self.phases):
            for constants in (phase.input_codes, phase.bias):
                check_constants(f"Phase {p}'s constants", constants)
            width = self._pre_width(p)
            if width > MAX_PRE_WIDTH:
                raise ModelError(f"Sums of phase {p} must fit {MAX_PRE_WIDTH} bits, not {width}; choose fewer fraction bits")

    @property
    def size(self):
        """n, the units."""
        return self.recurrence.size

    @property
    def inputs(self):
        """d_in, the elements of an input vector."""
        return self.input.size

    def frac(self, phase):
        """``F_p = max(f + k_p, e_p)``, the fraction bits of ``pre``."""
        return max(self.state.frac + self.recurrence.shift(phase), self.phases[phase].input_frac)

    def state_shift(self, phase):
        """Left shift of ``R Z`` in ``pre``, ``F_p - f - k_p >= 0``."""
        return self.frac(phase) - self.state.frac - self.recurrence.shift(phase)

    def input_shift(self, phase):
        """Left shift of ``C_p X`` in ``pre``, ``F_p - e_p >= 0``."""
        return self.frac(phase) - self.phases[phase].input_frac

    def output_shift(self, phase):
        """Right shift from ``pre`` to the new state, ``F_p - f >= k_p``."""
        return self.frac(phase) - self.state.frac

    def phase_of(self, step_index):
        """The phase of step ``step_index``, counted from 0: with two phases the first step is phase 1."""
        return 0 if len(self.phases) == 1 else 1 - step_index % 2

    def pre_bounds(self, phase):
        """(low, high): for each unit the exact bounds of ``pre``, int64 [n], for any state and input in their ranges."""
        low, high = self.phases[phase].bias.copy(), self.phases[phase].bias.copy()
        for matrix, shift, least, most in (
                (self.recurrence.matrix(), self.state_shift(phase), self.state.minimum, self.state.maximum),
                (self.phases[phase].input_codes, self.input_shift(phase), self.input.minimum, self.input.maximum)):
            positive, negative = np.maximum(matrix, 0).sum(axis=1), np.minimum(matrix, 0).sum(axis=1)
            low += (positive * least + negative * most) << shift
            high += (positive * most + negative * least) << shift
        return low, high

    def _pre_width(self, phase):
        """Bits of a signed word that holds ``pre``."""
        constants = self.phases[phase]
        codes = int(np.abs(constants.input_codes).sum(axis=1).max())
        # First in Python's integers: where this is beyond int64, pre_bounds would wrap. It is two bits too wide at most.
        reach = (self.recurrence.gain << self.state.width - 1 + self.state_shift(phase)) \
            + (codes << self.input.width + self.input_shift(phase)) + MAX_CONSTANT
        if reach.bit_length() > 62:
            return reach.bit_length() + 1
        low, high = self.pre_bounds(phase)
        return signed_width(min(low), max(high))

    @property
    def bits(self):
        """Bits of the layer's parameters: the sum of elements x declared bits.

        The recurrence says its own, V its declared bits once, the biases the bits that hold the largest of them in each phase.
        """
        bits = self.recurrence.bits
        bits += self.phases[0].input_codes.size * self.input_bits
        return bits + sum(bits_of(phase.bias) for phase in self.phases)

    @classmethod
    def from_arrays(cls, *, recurrence, input_weight, input_width, input_signed, state_width, state_frac, bias=None,
                    input_bits=4, rounding=Rounding.HALF_UP, activation=Activation.LINEAR, input_frac=0):
        """A layer of weights that were trained and quantised elsewhere; the parameters are those of
        :meth:`hadam_hw.model.Model.from_arrays`."""
        weight = integer_matrix("Input weight", input_weight, "[n, d_in]")
        state = FixedPoint(state_width, state_frac)
        phases = make_phases(recurrence, weight, bias, state.frac, input_frac)
        return cls(recurrence=recurrence, input=InputFormat(weight.shape[1], input_width, input_signed), state=state,
                   rounding=rounding, phases=phases, input_bits=input_bits, activation=activation)


def make_phases(recurrence, weight, bias, state_frac, input_frac):
    """The phases of codes ``weight`` and biases in units; phase 1, where there is one, holds ``sqrt(2)`` times the state."""
    as_instance("Recurrence", recurrence, Recurrence)
    bias = np.zeros(len(weight)) if bias is None else as_reals("Biases", bias)
    input_frac = check_input_frac(input_frac)
    phases = []
    for p in range(recurrence.phases):
        extra = input_frac if p else 0
        codes = to_grid("Input codes", phase_gain(p) * 2.0**extra * weight) if p else weight
        grid = 2.0 ** max(state_frac + recurrence.shift(p), extra)
        phases.append(Phase(codes, extra, to_grid("Biases", phase_gain(p) * grid * bias)))
    return tuple(phases)


def phase_gain(phase):
    """What the integers of a state of phase ``phase`` are multiplied by: ``sqrt(2)`` in phase 1."""
    return math.sqrt(2) if phase else 1.0


def integer_matrix(name, values, shape):
    """``values`` as a matrix of integers, int64."""
    matrix = as_array(name, values)
    if matrix.ndim != 2:
        raise ModelError(f"{name} must be a matrix {shape}")
    if matrix.dtype.kind not in "iu":
        raise ModelError(f"{name} must hold integer codes; hadam_hw.quantize makes them of float weights")
    return as_integers(name, matrix)


def to_grid(name, values):
    """Real ``values`` as the nearest integers, int64."""
    values = np.rint(values)
    check_constants(name, values)
    return values.astype(np.int64)


def check_constants(name, values):
    """Raises a ModelError where constants are beyond :data:`MAX_CONSTANT`; ``abs`` of the least int64 would be negative."""
    if values.size and (values.min() < -MAX_CONSTANT or values.max() > MAX_CONSTANT):
        raise ModelError(f"{name} must be at most 2**40 in size; choose fewer fraction bits")


def check_input_frac(bits):
    """``bits`` as the fraction bits of codes, or a ModelError."""
    bits = as_integer("Input fraction", bits)
    if not 0 <= bits <= MAX_INPUT_FRAC:
        raise ModelError(f"Input fraction must be between 0 and {MAX_INPUT_FRAC} bits, not {bits}")
    return bits


def bits_of(values):
    """Bits of all ``values`` in the width of the widest."""
    return values.size * signed_width(values.min(), values.max())


def check_codes(name, codes, bits):
    """Raises a ModelError where ``codes`` are not those of ``bits`` bits."""
    if not 1 <= bits <= MAX_CODE_BITS:
        raise ModelError(f"{name} must have between 1 and {MAX_CODE_BITS} bits, not {bits}")
    low, high = (-1, 1) if bits == 1 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    if codes.size and (codes.min() < low or codes.max() > high):
        raise ModelError(f"{name} must lie between {low} and {high} for {bits} bits, "
                         f"not between {codes.min()} and {codes.max()}")
