# SPDX-License-Identifier: BSD-2-Clause
"""The read-out: what is made of the states of the top layer, in integers (docs/numerics.md, "The read-out").

A pooled vector goes through dense stages one after the other. A hidden stage ends in a :class:`Requantization`, so that the
next one takes a few unsigned bits; the last stage is exact.
"""

import math
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np

from hadam_hw.errors import ModelError
from hadam_hw.fixed import Rounding, round_shift, signed_width
from hadam_hw.layer import MAX_PRE_WIDTH, bits_of, check_codes
from hadam_hw.recurrence import frozen

MAX_OUTPUTS = 4096
MAX_STAGES = 4
#: Limit of the extra bits of a pool: sequences of 65,536 steps.
MAX_POOL_BITS = 16
MAX_STAGE_SHIFT = 30
MAX_ACTIVATION_BITS = 8
#: Biases of a hidden stage are words of a 16-bit memory and a common shift.
HIDDEN_BIAS_BITS = 16
MAX_BIAS = 1 << 40


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

    codes: np.ndarray
    bits: int
    biases: tuple[np.ndarray, ...]
    bias_shift: int = 0
    requantization: Requantization | None = None

    def __post_init__(self):
        codes = np.asarray(self.codes)
        if codes.ndim != 2 or not 1 <= len(codes) <= MAX_OUTPUTS:
            raise ModelError(f"Stage codes must have shape [outputs, inputs], not {list(codes.shape)}")
        check_codes("Stage codes", codes, self.bits)
        object.__setattr__(self, "codes", frozen(codes, np.int8))
        object.__setattr__(self, "biases", tuple(frozen(bias, np.int64) for bias in self.biases))
        if not self.biases or any(bias.shape != (self.outputs,) for bias in self.biases):
            raise ModelError(f"Stage biases must be {self.outputs} integers a phase")
        if not 0 <= self.bias_shift <= MAX_STAGE_SHIFT:
            raise ModelError(f"Bias shift must be between 0 and {MAX_STAGE_SHIFT} bits, not {self.bias_shift}")
        if self.requantization is None and self.bias_shift:
            raise ModelError(f"Bias shift must be 0 in the last stage, whose sums are exact, not {self.bias_shift}")
        limit = MAX_BIAS if self.requantization is None else (1 << HIDDEN_BIAS_BITS - 1) - 1
        for bias in self.biases:
            if bias.min() < -limit or bias.max() > limit:
                raise ModelError(f"Stage biases must lie between {-limit} and {limit}, "
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
        """(low, high): the least and the greatest sum for inputs of ``least`` to ``most``, in any phase."""
        codes = self.codes.astype(object)
        positive, negative = np.maximum(codes, 0).sum(axis=1), np.minimum(codes, 0).sum(axis=1)
        biases = [bias.astype(object) << self.bias_shift for bias in self.biases]
        low = min((positive * least + negative * most + bias).min() for bias in biases)
        high = max((positive * most + negative * least + bias).max() for bias in biases)
        return low, high

    def sums(self, vector, phase):
        """``M A + (c << bias_shift)``: int64 [..., out] of ``vector`` int64 [..., in]."""
        bias = self.biases[phase if len(self.biases) > 1 else 0]
        return vector @ self.codes.astype(np.int64).T + (bias << self.bias_shift)


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
        A name for each output, or none.

    Raises
    ------
    ModelError
    """

    pooling: Pooling
    stages: tuple[Dense, ...]
    scales: tuple[float, ...] = (1.0,)
    pool_bits: int = 0
    classes: tuple[str, ...] = ()

    def __post_init__(self):
        if not 1 <= len(self.stages) <= MAX_STAGES:
            raise ModelError(f"Read-out must have between 1 and {MAX_STAGES} stages, not {len(self.stages)}")
        for k, stage in enumerate(self.stages):
            hidden = k < len(self.stages) - 1
            if (stage.requantization is not None) != hidden:
                raise ModelError(f"Stage {k} must {'have a' if hidden else 'be the last or have no'} requantization")
            if k and stage.inputs != self.stages[k - 1].outputs:
                raise ModelError(f"Stage {k} must take the {self.stages[k - 1].outputs} activations of the one before it, "
                                 f"not {stage.inputs}")
            if k and len(stage.biases) != 1:
                raise ModelError(f"Stage {k} must have one vector of biases, not {len(stage.biases)}; the first knows phases")
        if not all(math.isfinite(scale) and scale > 0 for scale in self.scales):
            raise ModelError(f"Output scales must be finite positive numbers, not {self.scales!r}")
        if self.pooling is not Pooling.SUM:
            if self.pool_bits:
                raise ModelError(f"Pool bits are for pooling = sum only, not {self.pool_bits} with {self.pooling.value}")
        elif not 1 <= self.pool_bits <= MAX_POOL_BITS:
            raise ModelError(f"Pool must have between 1 and {MAX_POOL_BITS} extra bits, not {self.pool_bits}; "
                             "take the logarithm of the longest sequence")

    @property
    def outputs(self):
        """m, the elements of ``Y``."""
        return self.stages[-1].outputs

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

    def check_state(self, state, size, phases):
        """Raises a ModelError where this read-out cannot take ``size`` states of the format ``state`` in so many phases."""
        first = self.stages[0]
        if first.inputs != size:
            raise ModelError(f"First stage must take the {size} units of the top layer, not {first.inputs}")
        if len(first.biases) != phases or len(self.scales) != phases:
            raise ModelError(f"First stage must have biases and a scale for each of {phases} phases, "
                             f"not {len(first.biases)} and {len(self.scales)}")
        for k, width in enumerate(self.widths(state)):
            if width > MAX_PRE_WIDTH:
                raise ModelError(f"Sums of stage {k} must fit {MAX_PRE_WIDTH} bits, not {width}")

    def __call__(self, vector, phase):
        """``Y`` int64 [..., m] of the pooled vector int64 [..., n]: the definition."""
        vector = np.maximum(vector, 0) if self.rectified else np.asarray(vector)
        for stage in self.stages[:-1]:
            vector = stage.requantization(stage.sums(vector, phase))
        return self.stages[-1].sums(vector, phase)

    @cached_property
    def bits(self):
        """Bits of the parameters: codes x declared bits, biases in the width of the widest (16 in a hidden stage)."""
        total = 0
        for stage in self.stages:
            exact = stage.requantization is None
            total += stage.codes.size * stage.bits
            total += sum(bits_of(bias) if exact else bias.size * HIDDEN_BIAS_BITS for bias in stage.biases)
        return total
