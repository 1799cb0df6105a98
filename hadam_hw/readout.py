# SPDX-License-Identifier: BSD-2-Clause
"""The read-out: what is made of the states of the top layer, in integers (docs/numerics.md, "The read-out").

A pooled vector goes through dense stages one after the other. A hidden stage ends in a :class:`Requantization`, so that the
next one takes a few unsigned bits; the last stage is exact.
"""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

import numpy as np

from hadam_hw.answer import Answer, Value
from hadam_hw.checks import (
    as_instance,
    as_integer,
    as_integers,
    as_member,
    as_names,
    as_positive,
    as_reals,
    as_tuple,
    assign,
    frozen,
)
from hadam_hw.errors import ModelError
from hadam_hw.fixed import Rounding, round_shift, signed_width
from hadam_hw.layer import bits_of, check_codes, check_constants, integer_matrix, phase_gain, to_grid

MAX_OUTPUTS = 4096
MAX_STAGES = 4
#: Limit of the extra bits of a pool: sequences of 65,536 steps.
MAX_POOL_BITS = 16
MAX_STAGE_SHIFT = 30
MAX_ACTIVATION_BITS = 8
#: Biases of a hidden stage are words of a 16-bit memory and a common shift.
HIDDEN_BIAS_BITS = 16
#: Sums of a hidden stage; those of the last are as wide as a link carries.
MAX_HIDDEN_WIDTH, MAX_READOUT_WIDTH = 52, 62


class Pooling(Enum):
    """When the read-out is computed, and of what.

    ``LAST``: after the last step of a sequence, of its state. ``EVERY``: after each step, of its state. ``SUM``: after the last
    step, of the sum of all rectified states of the sequence, its pool.
    """

    LAST = "last"
    EVERY = "every"
    SUM = "sum"


@dataclass(frozen=True)
class Requantization:
    """How a hidden stage's sums become activations: ``clip(round_shift(relu(v), shift), 0, 2**width - 1)``, half-up.

    Parameters
    ----------
    shift : int
        s, 0 to 30.
    width : int
        p, the bits of an activation, 1 to 8.

    Raises
    ------
    ModelError
    """

    shift: int
    width: int

    def __post_init__(self):
        assign(self, shift=as_integer("Stage shift", self.shift), width=as_integer("Activation width", self.width))
        if not 0 <= self.shift <= MAX_STAGE_SHIFT:
            raise ModelError(f"Stage shift must be between 0 and {MAX_STAGE_SHIFT} bits, not {self.shift}")
        if not 1 <= self.width <= MAX_ACTIVATION_BITS:
            raise ModelError(f"Activation width must be between 1 and {MAX_ACTIVATION_BITS} bits, not {self.width}")

    @property
    def maximum(self):
        """The greatest activation, ``2**width - 1``."""
        return (1 << self.width) - 1

    def __call__(self, sums):
        """The activations int64 of ``sums`` int64, element by element."""
        return np.minimum(round_shift(np.maximum(sums, 0), self.shift, Rounding.HALF_UP), self.maximum)


@dataclass(frozen=True, eq=False, kw_only=True)
class Dense:
    """One stage: ``M A + (c << bias_shift)``, exact; a hidden stage requantises it.

    A subclass with a ``kind`` of its own is another kind of stage, known as soon as its class is: all that computes goes by
    ``codes``, ``biases`` and ``requantization``; with ``header``, ``arrays``, ``parse`` and ``parameter_bits`` it says how a
    file holds it and what it takes.

    Parameters
    ----------
    codes : int8 [out, in]
        M.
    bits : int
        Declared bits of a code, 1 to 8; 1 bit means the levels -1, 0 and 1.
    biases : tuple of int64 [out]
        c, one vector for each phase of the top layer in the first stage, one in any other.
    bias_shift : int
        0 to 30; 0 in the last stage.
    requantization : Requantization, optional
        None in the last stage.

    Raises
    ------
    ModelError
    """

    #: The word for the kind in a model file, where it is left out for this one.
    kind: ClassVar[str] = "dense"

    _kinds: ClassVar[dict[str, type]] = {}

    codes: np.ndarray
    bits: int
    biases: tuple[np.ndarray, ...]
    bias_shift: int = 0
    requantization: Requantization | None = None

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        Dense._kinds[cls.kind] = cls

    @staticmethod
    def kinds():
        """The kinds of stages that there are, by their words in a model file."""
        return {Dense.kind: Dense} | Dense._kinds

    def __post_init__(self):
        assign(self, bits=as_integer("Stage bits", self.bits), bias_shift=as_integer("Bias shift", self.bias_shift))
        codes = integer_matrix("Stage codes", self.codes, "[outputs, inputs]")
        if not 1 <= len(codes) <= MAX_OUTPUTS:
            raise ModelError(f"Stage must have between 1 and {MAX_OUTPUTS} outputs, not {len(codes)}")
        check_codes("Stage codes", codes, self.bits)
        if not isinstance(self.biases, (list, tuple)):
            raise ModelError("Stage biases must be a sequence of vectors, one for each phase")
        assign(self, codes=frozen(codes, np.int8), biases=tuple(as_integers("Stage biases", bias) for bias in self.biases))
        if not self.biases or any(bias.shape != (self.outputs,) for bias in self.biases):
            raise ModelError(f"Stage biases must be {self.outputs} integers for each phase")
        if not 0 <= self.bias_shift <= MAX_STAGE_SHIFT:
            raise ModelError(f"Bias shift must be between 0 and {MAX_STAGE_SHIFT} bits, not {self.bias_shift}")
        if self.requantization is None:
            if self.bias_shift:
                raise ModelError(f"Bias shift must be 0 in the last stage, whose sums are exact, not {self.bias_shift}")
            for bias in self.biases:
                check_constants("Stage biases", bias)
            return
        as_instance("Requantization", self.requantization, Requantization)
        limit = (1 << HIDDEN_BIAS_BITS - 1) - 1
        for bias in self.biases:
            if bias.min() < -limit or bias.max() > limit:
                raise ModelError(f"Biases of a hidden stage must lie between {-limit} and {limit}, "
                                 f"not between {bias.min()} and {bias.max()}; choose a larger bias shift")

    @property
    def outputs(self):
        """The sums of the stage."""
        return self.codes.shape[0]

    @property
    def inputs(self):
        """The elements of the vector that the stage takes."""
        return self.codes.shape[1]

    def bounds(self, least, most):
        """(low, high): the least and the greatest sum for inputs of ``least`` to ``most``, in any phase, as Python integers."""
        positive = np.maximum(self.codes, 0).sum(axis=1, dtype=np.int64).astype(object)
        negative = np.minimum(self.codes, 0).sum(axis=1, dtype=np.int64).astype(object)
        biases = [bias.astype(object) << self.bias_shift for bias in self.biases]
        low = min((positive * least + negative * most + bias).min() for bias in biases)
        high = max((positive * most + negative * least + bias).max() for bias in biases)
        return low, high

    def sums(self, vector, phase):
        """``M A + (c << bias_shift)``: int64 [..., out] of ``vector`` int64 [..., in]."""
        bias = self.biases[phase if len(self.biases) > 1 else 0]
        return vector @ self.codes.astype(np.int64).T + (bias << self.bias_shift)

    @property
    def schema(self):
        """The first schema of model files that can say this kind (:mod:`hadam_hw.form`)."""
        return 1 if self.kind == Dense.kind else 4

    @property
    def parameter_bits(self):
        """Bits that ``model_bytes`` counts: codes x declared bits, biases in the width of the widest (16 in a hidden stage)."""
        exact = self.requantization is None
        biases = (bits_of(bias) if exact else bias.size * HIDDEN_BIAS_BITS for bias in self.biases)
        return self.codes.size * self.bits + sum(biases)

    def header(self):
        """The scalars that define the stage, ready for JSON; ``kind`` and ``requantization`` are added to them."""
        return {"bits": self.bits, "bias_shift": self.bias_shift}

    def arrays(self):
        """The arrays that define the stage, by their names in a file."""
        return {"codes": self.codes} | {f"bias_{p}": bias for p, bias in enumerate(self.biases)}

    @classmethod
    def parse(cls, header, arrays, phases, requantization):
        """The stage of what :meth:`header` and :meth:`arrays` gave, with biases for so many phases; a KeyError or ModelError
        for anything else."""
        return cls(codes=arrays["codes"], bits=header["bits"], bias_shift=header["bias_shift"],
                   biases=tuple(arrays[f"bias_{p}"] for p in range(phases)), requantization=requantization)


@dataclass(frozen=True, eq=False, kw_only=True)
class Readout:
    """Pooling, stages and what their outputs are called.

    Parameters
    ----------
    pooling : Pooling
    stages : tuple of Dense
        1 to 4; all but the last are hidden.
    scales : tuple of float
        For each phase of the top layer, what one unit of ``Y`` is worth, for whoever compares ``Y`` of different phases.
    pool_bits : int
        Only for ``Pooling.SUM``, 1 to 16: the words of the pool have so many bits more than the magnitude of a state.
        Sequences of up to ``2**pool_bits`` steps never overflow them; beyond, they saturate.
    classes : tuple of str
        A name for each class, or none.
    values : tuple of Value
        What each output measures, where the model answers with values; none where it answers with classes.

    Raises
    ------
    ModelError
    """

    pooling: Pooling
    stages: tuple[Dense, ...]
    scales: tuple[float, ...] = (1.0,)
    pool_bits: int = 0
    classes: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()

    def __post_init__(self):
        assign(self, pooling=as_member(Pooling, self.pooling), stages=as_tuple("Stages", self.stages, Dense),
               scales=tuple(as_positive("Output scale", scale) for scale in self.scales),
               pool_bits=as_integer("Pool bits", self.pool_bits), classes=as_names("Classes", self.classes),
               values=as_tuple("Values", self.values, Value))
        if not 1 <= len(self.stages) <= MAX_STAGES:
            raise ModelError(f"Read-out must have between 1 and {MAX_STAGES} stages, not {len(self.stages)}")
        for k, stage in enumerate(self.stages):
            hidden = k < len(self.stages) - 1
            if (stage.requantization is not None) != hidden:
                raise ModelError(f"Stage {k} must {'have a' if hidden else 'be hidden, or have no'} requantization")
            if k and stage.inputs != self.stages[k - 1].outputs:
                raise ModelError(f"Stage {k} must take the {self.stages[k - 1].outputs} activations of the one before it, "
                                 f"not {stage.inputs}")
            if k and len(stage.biases) != 1:
                raise ModelError(f"Stage {k} must have one vector of biases, not {len(stage.biases)}; the first knows phases")
        if self.values and len(self.values) != self.outputs:
            raise ModelError(f"Values must be {self.outputs}, one an output, or none, not {len(self.values)}")
        if self.values and self.classes:
            raise ModelError(f"Classes must have no names where the outputs are values, not {len(self.classes)}")
        if self.classes and len(self.classes) != self.class_count:
            raise ModelError(f"Classes must be {self.class_count} names or none, not {len(self.classes)}")
        if self.pooling is not Pooling.SUM:
            if self.pool_bits:
                raise ModelError(f"Pool bits are for emit = sum only, not {self.pool_bits} with emit = {self.pooling.value}")
        elif not 1 <= self.pool_bits <= MAX_POOL_BITS:
            raise ModelError(f"Pool must have between 1 and {MAX_POOL_BITS} extra bits, not {self.pool_bits}; "
                             "take the logarithm of the longest sequence")

    @property
    def outputs(self):
        """m, the elements of ``Y``."""
        return self.stages[-1].outputs

    @property
    def answer(self):
        """Whether the outputs are classes or values."""
        return Answer.VALUES if self.values else Answer.CLASSES

    @property
    def class_count(self):
        """The classes: one for each output, but two of a single output, which has them by its sign.

        Raises
        ------
        ModelError
            Where the outputs are values.
        """
        if self.values:
            raise ModelError("Model must answer with classes to have any, and this one answers with values; "
                             "hadam_hw.golden.answer gives them")
        return class_count(self.outputs)

    @property
    def label_count(self):
        """The labels that a device tells beside ``Y``: its classes; of values two, whether the first is positive."""
        return 2 if self.values else self.class_count

    def measured(self, outputs, phase):
        """The values float64 [..., m], each in its unit, of ``Y`` int64 [..., m] after a step of phase ``phase``, an int or
        int [...].

        Raises
        ------
        ModelError
            Where the outputs are classes.
        """
        if not self.values:
            raise ModelError("Model must answer with values to measure any, and this one answers with classes; "
                             "give its read-out `values`")
        scales = np.array(self.scales)[phase][..., None] * [value.scale for value in self.values]
        return np.asarray(outputs) * scales

    @property
    def rectified(self):
        """Whether the first stage takes a rectified vector: the pool always is, a state where no hidden stage follows."""
        return self.pooling is Pooling.SUM or len(self.stages) == 1

    def range(self, state):
        """(least, most): the range of an element of the first stage's vector, of states of the format ``state``."""
        return 0 if self.rectified else state.minimum, ((state.maximum + 1) << self.pool_bits) - 1

    def widths(self, state):
        """For each stage the bits of a signed word that holds every one of its sums."""
        least, most = self.range(state)
        widths = []
        for stage in self.stages:
            widths.append(signed_width(*stage.bounds(least, most)))
            if stage.requantization is not None:
                least, most = 0, stage.requantization.maximum
        return tuple(widths)

    def check_states(self, layer):
        """Raises a ModelError where this read-out cannot take the states of ``layer``."""
        first, phases = self.stages[0], len(layer.phases)
        if first.inputs != layer.size:
            where = "Output weight" if len(self.stages) == 1 else "First stage's codes"
            raise ModelError(f"{where} must have shape [outputs, {layer.size}], not {list(first.codes.shape)}")
        if len(first.biases) != phases or len(self.scales) != phases:
            raise ModelError(f"First stage must have biases and a scale for each of {phases} phases, "
                             f"not {len(first.biases)} and {len(self.scales)}")
        if self.pooling is Pooling.SUM and phases > 1:
            raise ModelError("Recurrence must have one phase for emit = sum, as with blocks of 1, 4, 16, 64, 256 or 1024: "
                             "states of two phases have two units and cannot be added up")
        *hidden, last = self.widths(layer.state)
        if max(hidden, default=0) > MAX_HIDDEN_WIDTH:
            raise ModelError(f"Sums of a hidden stage must fit {MAX_HIDDEN_WIDTH} bits, not {max(hidden)}; "
                             "choose a narrower state, fewer pool bits or a smaller bias shift")
        if last > MAX_READOUT_WIDTH:
            raise ModelError(f"Outputs must fit {MAX_READOUT_WIDTH} bits, not {last}; "
                             "choose a narrower state or fewer pool bits")

    def __call__(self, vector, phase):
        """``Y`` int64 [..., m] of the pooled vector int64 [..., n]: the definition."""
        vector = np.maximum(vector, 0) if self.rectified else np.asarray(vector)
        for stage in self.stages[:-1]:
            vector = stage.requantization(stage.sums(vector, phase))
        return self.stages[-1].sums(vector, phase)

    @property
    def bits(self):
        """Bits of the parameters of all stages."""
        return sum(stage.parameter_bits for stage in self.stages)


def pool_bits(steps):
    """The least bits of a pool (:class:`Readout`) that hold the sums of ``steps`` states."""
    return max(1, (steps - 1).bit_length())


def class_count(outputs):
    """The classes of a model with so many ``outputs``: one each, but two of a single output, which has them by its sign."""
    return max(2, outputs)


def exact_stage(codes, bits, bias, state_frac, phases, **fields):
    """The :class:`Readout` of one stage, with a bias in units of code 1 times one unit of the state.

    Parameters
    ----------
    codes : int [m, n]
    bits : int
    bias : float [m] or None
    state_frac : int
        Fraction bits of the state.
    phases : int
    **fields
        As of :class:`Readout`.
    """
    bias = np.zeros(len(codes)) if bias is None else as_reals("Biases", bias)
    gains = [phase_gain(p) for p in range(phases)]
    biases = tuple(to_grid("Output biases", gain * 2.0**state_frac * bias) for gain in gains)
    return Readout(stages=(Dense(codes=codes, bits=bits, biases=biases),),
                   scales=tuple(2.0**-state_frac / gain for gain in gains), **fields)
