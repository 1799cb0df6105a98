# SPDX-License-Identifier: BSD-2-Clause
"""The quantised model: everything that hardware, simulation and the golden model need, and nothing else.

The equations, units and phases are those of docs/numerics.md.
"""

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

import numpy as np

from hadam_hw.errors import ModelError
from hadam_hw.fixed import FixedPoint, Rounding, signed_width
from hadam_hw.recurrence import Hadamard, Recurrence, frozen

MAX_CODE_BITS = 8
MAX_INPUTS = 4096
MAX_OUTPUTS = 4096
MAX_INPUT_FRAC = 24
#: Sums stay far from the ends of int64 (and of float64's integers, where the golden model uses BLAS).
MAX_PRE_WIDTH = 52


class Emit(Enum):
    """When the read-out is computed: after the last step of a sequence, or after each."""

    LAST = "last"
    EVERY = "every"


class Activation(Enum):
    """What is done with the new state before it feeds back: nothing (HadamRNN's linear recurrence), or ReLU (vanilla RNN)."""

    LINEAR = "linear"
    RELU = "relu"


@dataclass(frozen=True)
class InputFormat:
    """The input of a step: ``size`` integers of ``width`` bits each."""

    size: int
    width: int
    signed: bool

    def __post_init__(self):
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
    output_bias : int64 [m]
        ``c_p``, in units of this phase's ``Y``.
    output_scale : float
        What one unit of this phase's ``Y`` is worth, for whoever adds or compares ``Y`` of different phases.
    """

    input_codes: np.ndarray
    input_frac: int
    bias: np.ndarray
    output_bias: np.ndarray
    output_scale: float = 1.0

    def __post_init__(self):
        for name in ("input_codes", "bias", "output_bias"):
            values = np.asarray(getattr(self, name))
            if values.dtype.kind not in "iu":
                raise ModelError(f"{name} must hold integers, not {values.dtype}")
            object.__setattr__(self, name, frozen(values, np.int64))
        if not 0 <= self.input_frac <= MAX_INPUT_FRAC:
            raise ModelError(f"Input fraction must be between 0 and {MAX_INPUT_FRAC} bits, not {self.input_frac}")
        if not (math.isfinite(self.output_scale) and self.output_scale > 0):
            raise ModelError(f"Output scale must be a finite positive number, not {self.output_scale!r}")


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from. Scores are percent of right answers on ``split``; None where nobody measured.

    ``integer_score`` is the score of the integers that the hardware computes, ``float_score`` that of the same codes with
    an unrounded state, ``full_precision_score`` that before V and U were quantised.
    """

    task: str = ""
    seed: int | None = None
    command: str = ""
    float_score: float | None = None
    integer_score: float | None = None
    full_precision_score: float | None = None
    validation_score: float | None = None
    split: str = ""
    epochs: int | None = None
    notes: str = ""

    def __post_init__(self):
        for entry in dataclasses.fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise ModelError(f"Provenance field {entry.name} must be finite, not {value!r}")


@dataclass(frozen=True, eq=False)
class TestVectors:
    """Real sequences and the exact integers that the golden model makes of them.

    Parameters
    ----------
    inputs : int [k, steps, d_in]
    outputs : int64 [k, m]
        ``Y`` of the last step.
    labels : int [k]
    """

    __test__ = False  # the name is the field's; pytest shall not collect it

    inputs: np.ndarray
    outputs: np.ndarray
    labels: np.ndarray

    def __post_init__(self):
        for name in ("inputs", "outputs", "labels"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        if self.inputs.ndim != 3 or self.outputs.ndim != 2 or self.labels.ndim != 1 \
                or not len(self.inputs) == len(self.outputs) == len(self.labels):
            raise ModelError("Test vectors must be inputs [k, steps, d_in], outputs [k, m] and labels [k]")


@dataclass(frozen=True, eq=False)
class QuantizedModel:
    """One recurrent layer and its read-out, in integers.

    Parameters
    ----------
    recurrence : Hadamard or Ternary
    input : InputFormat
    state : FixedPoint
    rounding : Rounding
    emit : Emit
    phases : tuple of Phase
        As many as ``recurrence.phases``.
    output_weight : int8 [m, n]
        ``U``.
    input_bits, output_bits : int
        Declared bits of a code of ``V`` and ``U``, 1 to 8; 1 bit means the levels -1, 0 and 1.
    classes : tuple of str
        A name for each output, or empty.
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
    emit: Emit
    phases: tuple[Phase, ...]
    output_weight: np.ndarray
    input_bits: int = 4
    output_bits: int = 4
    classes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    vectors: TestVectors | None = None
    activation: Activation = Activation.LINEAR

    def __post_init__(self):
        weight = np.asarray(self.output_weight)
        if weight.ndim != 2 or weight.shape[1] != self.size or not 1 <= len(weight) <= MAX_OUTPUTS:
            raise ModelError(f"Output weight must have shape [outputs, {self.size}], not {list(weight.shape)}")
        _check_codes("Output weight", weight, self.output_bits)
        object.__setattr__(self, "output_weight", frozen(weight, np.int8))
        if len(self.phases) != self.recurrence.phases:
            raise ModelError(f"Phases must be {self.recurrence.phases} for this recurrence, not {len(self.phases)}")
        for p, phase in enumerate(self.phases):
            for name, shape in (("input_codes", (self.size, self.inputs)), ("bias", (self.size,)),
                                ("output_bias", (self.outputs,))):
                if getattr(phase, name).shape != shape:
                    raise ModelError(f"Phase {p}'s {name} must have shape {list(shape)}, "
                                     f"not {list(getattr(phase, name).shape)}")
        _check_codes("Input codes", self.phases[0].input_codes, self.input_bits)
        for p, phase in enumerate(self.phases):
            limit = 1 << 40
            if max(np.abs(getattr(phase, name)).max(initial=0)
                   for name in ("input_codes", "bias", "output_bias")) > limit:
                raise ModelError(f"Phase {p}'s constants must be at most 2**40 in size; choose fewer fraction bits")
            low, high = self.pre_bounds(p)
            width = signed_width(min(low), max(high))
            if width > MAX_PRE_WIDTH:
                raise ModelError(f"Sums of phase {p} must fit {MAX_PRE_WIDTH} bits, not {width}; choose fewer fraction bits")
        if self.classes and len(self.classes) != self.outputs:
            raise ModelError(f"Classes must be {self.outputs} names or none, not {len(self.classes)}")
        if self.vectors is not None:
            given = self.vectors.inputs
            if given.shape[2] != self.inputs or self.vectors.outputs.shape[1] != self.outputs:
                raise ModelError("Test vectors must have the model's numbers of inputs and outputs")
            if given.size and (given.min() < self.input.minimum or given.max() > self.input.maximum):
                raise ModelError("Test vectors must lie in the input's range")

    @property
    def size(self):
        """n, the units."""
        return self.recurrence.size

    @property
    def inputs(self):
        """d_in, the elements of an input vector."""
        return self.input.size

    @property
    def outputs(self):
        """m, the classes."""
        return len(self.output_weight)

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

    @cached_property
    def readout_width(self):
        """Bits of a signed word that holds every ``Y`` for any state, in any phase."""
        weight = self.output_weight.astype(np.int64) * self.state.maximum
        low, high = np.minimum(weight, 0).sum(axis=1), np.maximum(weight, 0).sum(axis=1)
        return max(signed_width((low + phase.output_bias).min(), (high + phase.output_bias).max())
                   for phase in self.phases)

    @property
    def model_bytes(self):
        """Bytes of the parameters: the sum of elements x declared bits, rounded up.

        Recurrent signs count 1 bit each (2 for ternary), V and U their declared bits once, the biases the bits that hold the
        largest of them in each phase.
        """
        if isinstance(self.recurrence, Hadamard):
            bits = self.size
        else:
            bits = self.size**2 * (1 if (self.recurrence.ternary != 0).all() else 2)
        bits += self.phases[0].input_codes.size * self.input_bits + self.output_weight.size * self.output_bits
        for phase in self.phases:
            for values in (phase.bias, phase.output_bias):
                bits += values.size * signed_width(values.min(), values.max())
        return -(-bits // 8)

    @cached_property
    def digest(self):
        """SHA-256, in hex, over all that defines the arithmetic: not the provenance, the class names or the vectors."""
        text = json.dumps(self.header(), sort_keys=True).encode()
        hasher = hashlib.sha256(text)
        for name, array in sorted(self.parameter_arrays().items()):
            hasher.update(f"{name}{array.shape}".encode() + array.astype("<i8").tobytes())
        return hasher.hexdigest()

    def header(self):
        """The scalars that define the arithmetic, ready for JSON."""
        hadamard = isinstance(self.recurrence, Hadamard)
        # named only where it differs from what files of schema 1 mean, so that their digests stay what they are
        activation = {} if self.activation is Activation.LINEAR else {"activation": self.activation.value}
        return activation | {
            "recurrence": {"kind": "hadamard", "block": self.recurrence.block} if hadamard else
                          {"kind": "ternary", "multiplier": self.recurrence.multiplier,
                           "shift_bits": self.recurrence.shift_bits},
            "input": dataclasses.asdict(self.input),
            "state": dataclasses.asdict(self.state),
            "rounding": self.rounding.value,
            "emit": self.emit.value,
            "input_bits": self.input_bits,
            "output_bits": self.output_bits,
            "phases": [{"input_frac": phase.input_frac, "output_scale": phase.output_scale} for phase in self.phases],
        }

    def parameter_arrays(self):
        """The arrays that define the arithmetic, by their names in the file."""
        hadamard = isinstance(self.recurrence, Hadamard)
        arrays = {"recurrent": self.recurrence.signs if hadamard else self.recurrence.ternary,
                  "output_weight": self.output_weight}
        for p, phase in enumerate(self.phases):
            arrays |= {f"input_codes_{p}": phase.input_codes, f"bias_{p}": phase.bias,
                       f"output_bias_{p}": phase.output_bias}
        return arrays

    def replace(self, **changes):
        """A copy with other fields, checked like any model."""
        return dataclasses.replace(self, **changes)

    @classmethod
    def from_arrays(cls, *, recurrence, input_weight, output_weight, input_width, input_signed, state_width, state_frac,
                    bias=None, output_bias=None, input_bits=4, output_bits=4, rounding=Rounding.HALF_UP, emit=Emit.LAST,
                    activation=Activation.LINEAR, input_frac=0, classes=(), provenance=None):
        """A model of weights that were trained and quantised elsewhere.

        Parameters
        ----------
        recurrence : Hadamard or Ternary
        input_weight : int [n, d_in]
            The codes of V. One unit of the state is code 1 times input 1.
        output_weight : int [m, n]
            The codes of U.
        bias : float or int [n], optional
            In units; rounded to the model's grid.
        output_bias : float or int [m], optional
            In units of U's code 1 times one unit of the state; rounded to the model's grid.
        input_frac : int
            ``e_1``: extra fraction bits of the codes ``round(sqrt(2) V)`` that a two-phase recurrence needs.

        Raises
        ------
        ModelError
        """
        weight = np.asarray(input_weight)
        outputs = np.asarray(output_weight)
        if weight.ndim != 2 or outputs.ndim != 2:
            raise ModelError("Input and output weights must be matrices [n, d_in] and [m, n]")
        if weight.dtype.kind not in "iu" or outputs.dtype.kind not in "iu":
            raise ModelError("Input and output weights must be integer codes; hadam_hw.quantize makes them of float weights")
        bias = np.zeros(len(weight)) if bias is None else np.asarray(bias, dtype=float)
        output_bias = np.zeros(len(outputs)) if output_bias is None else np.asarray(output_bias, dtype=float)
        if not (np.isfinite(bias).all() and np.isfinite(output_bias).all()):
            raise ModelError("Biases must be finite numbers")
        phases = []
        for p in range(recurrence.phases):
            gain = math.sqrt(2) if p else 1.0  # phase 1 holds sqrt(2) h
            extra = input_frac if p else 0
            codes = np.rint(gain * 2.0**extra * weight).astype(np.int64) if p else weight.astype(np.int64)
            grid = 2.0 ** max(state_frac + recurrence.shift(p), extra)
            phases.append(Phase(codes, extra, np.rint(gain * grid * bias).astype(np.int64),
                                np.rint(gain * 2.0**state_frac * output_bias).astype(np.int64),
                                2.0**-state_frac / gain))
        return cls(recurrence=recurrence, input=InputFormat(weight.shape[1], input_width, bool(input_signed)),
                   state=FixedPoint(state_width, state_frac), rounding=rounding, emit=emit, phases=tuple(phases),
                   output_weight=outputs, input_bits=input_bits, output_bits=output_bits, classes=tuple(classes),
                   provenance=provenance or Provenance(), activation=activation)

    def save(self, path):
        """Writes the model to ``path`` as ``.npz``, whole or not at all; see docs/numerics.md for the format."""
        from hadam_hw.model_file import save_model

        save_model(self, path)

    @classmethod
    def load(cls, path):
        """Reads a model. Raises ModelFileError, with one sentence, for anything that is not one."""
        from hadam_hw.model_file import load_model

        return load_model(path)


def _check_codes(name, codes, bits):
    if not 1 <= bits <= MAX_CODE_BITS:
        raise ModelError(f"{name} must have between 1 and {MAX_CODE_BITS} bits, not {bits}")
    low, high = (-1, 1) if bits == 1 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    if codes.dtype.kind not in "iu":
        raise ModelError(f"{name} must hold integers, not {codes.dtype}")
    if codes.size and (codes.min() < low or codes.max() > high):
        raise ModelError(f"{name} must lie between {low} and {high} for {bits} bits, "
                         f"not between {codes.min()} and {codes.max()}")
