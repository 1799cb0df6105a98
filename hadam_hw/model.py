# SPDX-License-Identifier: BSD-2-Clause
"""The quantised model: everything that hardware, simulation and the golden model need, and nothing else.

The equations, units and phases are those of docs/numerics.md.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

import numpy as np

from hadam_hw.checks import (
    as_instance,
    as_integer,
    as_integers,
    as_member,
    as_names,
    as_real,
    as_text,
    assign,
    frozen,
)
from hadam_hw.errors import ModelError, ModelFileError
from hadam_hw.fixed import FixedPoint, Rounding, signed_width
from hadam_hw.layer import (
    MAX_CONSTANT,
    Activation,
    InputFormat,
    Layer,
    bits_of,
    check_codes,
    integer_matrix,
    make_phases,
)

MAX_OUTPUTS = 4096


#: Outputs stay within int64.
MAX_READOUT_WIDTH = 62
#: Limit of the extra bits of a pool: sequences of 65,536 steps.
MAX_POOL_BITS = 16


class Emit(Enum):
    """When the read-out is computed, and of what.

    ``LAST``: after the last step of a sequence, of its state. ``EVERY``: after each step, of its state. ``SUM``: after the last
    step, of the sum of all rectified states of the sequence, its pool.
    """

    LAST = "last"
    EVERY = "every"
    SUM = "sum"


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from. Scores are percent of right answers on ``split``; None where nobody measured.

    ``integer_score`` is the score of the integers that the hardware computes, ``float_score`` that of the same codes with
    an unrounded state, ``full_precision_score`` that before V and U were quantised.

    Raises
    ------
    ModelError
        If a field is not of its type, or a score not finite.
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
        kinds = {str: as_text, int | None: as_integer, float | None: as_real}
        for entry in dataclasses.fields(self):
            value = getattr(self, entry.name)
            if value is not None or entry.type is str:
                assign(self, **{entry.name: kinds[entry.type](f"Provenance's {entry.name}", value)})


@dataclass(frozen=True, eq=False)
class TestVectors:
    """Real sequences and the exact integers that the golden model makes of them.

    Parameters
    ----------
    inputs : int [k, steps, d_in]
    outputs : int64 [k, m]
        ``Y`` of the last step.
    labels : int [k]
        The right classes.

    Raises
    ------
    ModelError
        If they are no integers (floats are not cut), or not of these shapes.
    """

    __test__ = False  # the name is the field's; pytest shall not collect it

    inputs: np.ndarray
    outputs: np.ndarray
    labels: np.ndarray

    def __post_init__(self):
        for name in ("inputs", "outputs", "labels"):
            assign(self, **{name: as_integers(f"Test {name}", getattr(self, name))})
        if self.inputs.ndim != 3 or self.outputs.ndim != 2 or self.labels.ndim != 1 \
                or not len(self.inputs) == len(self.outputs) == len(self.labels):
            raise ModelError("Test vectors must be inputs [k, steps, d_in], outputs [k, m] and labels [k]")


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantizedModel(Layer):
    """One recurrent layer and its read-out, in integers.

    Parameters
    ----------
    recurrence, input, state, rounding, phases, input_bits, activation
        As of :class:`Layer`.
    emit : Emit
    pool_bits : int
        Only for ``Emit.SUM``, 1 to 16: the words of the pool have so many bits more than the magnitude of a state.
        Sequences of up to ``2**pool_bits`` steps never overflow them; beyond, they saturate.
    table : int [tokens, d_in], optional
        For inputs that are tokens: row k, kept by the host, is the input vector of token k.
    output_weight : int8 [m, n]
        ``U``.
    output_bits : int
        Declared bits of a code of ``U``, 1 to 8; 1 bit means the levels -1, 0 and 1.
    classes : tuple of str
        A name for each class, or empty; :attr:`class_count` says how many.

    Raises
    ------
    ModelError
        With one sentence that names the field.
    """

    emit: Emit
    output_weight: np.ndarray
    output_bits: int = 4
    classes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    vectors: TestVectors | None = None
    pool_bits: int = 0
    table: np.ndarray | None = None

    def __post_init__(self):
        as_instance("Provenance", self.provenance, Provenance)
        assign(self, emit=as_member(Emit, self.emit), classes=as_names("Classes", self.classes),
               output_bits=as_integer("Output bits", self.output_bits), pool_bits=as_integer("Pool bits", self.pool_bits))
        weight = integer_matrix("Output weight", self.output_weight, "[m, n]")
        assign(self, output_weight=weight)
        super().__post_init__()
        if weight.shape[1] != self.size or not 1 <= len(weight) <= MAX_OUTPUTS:
            raise ModelError(f"Output weight must have shape [outputs, {self.size}], not {list(weight.shape)}")
        check_codes("Output weight", weight, self.output_bits)
        assign(self, output_weight=frozen(weight, np.int8))
        if self.classes and len(self.classes) != self.class_count:
            raise ModelError(f"Classes must be {self.class_count} names or none, not {len(self.classes)}")
        self._check_pool()
        reach = int(np.abs(weight).sum(axis=1).max()) * self.readout_maximum + MAX_CONSTANT
        if reach.bit_length() >= MAX_READOUT_WIDTH:
            raise ModelError(f"Outputs must fit {MAX_READOUT_WIDTH} bits, not {reach.bit_length() + 1}; "
                             "choose a narrower state or fewer pool bits")
        if self.table is not None:
            assign(self, table=integer_matrix("Table", self.table, "[tokens, d_in]"))
            if self.table.shape[1] != self.inputs or not self.input.holds(self.table):
                raise ModelError(f"Table must be rows of {self.inputs} integers between {self.input.minimum} and "
                                 f"{self.input.maximum}, the input's range")
        check_vectors(self, self.vectors)

    def _check_pool(self):
        if self.emit is not Emit.SUM:
            if self.pool_bits:
                raise ModelError(f"Pool bits are for emit = sum only, not {self.pool_bits} with emit = {self.emit.value}")
            return
        if not 1 <= self.pool_bits <= MAX_POOL_BITS:
            raise ModelError(f"Pool must have between 1 and {MAX_POOL_BITS} extra bits, not {self.pool_bits}; "
                             "take the logarithm of the longest sequence")
        if len(self.phases) > 1:
            raise ModelError(f"Block must be 4, 16, 64, 256 or 1024 for emit = sum, not {self.recurrence.block}: states of "
                             "two phases have two units and cannot be added up")

    @property
    def outputs(self):
        """m, the elements of ``Y``."""
        return len(self.output_weight)

    @property
    def class_count(self):
        """The classes that :func:`hadam_hw.golden.classify` tells apart."""
        return class_count(self.outputs)

    @property
    def readout_maximum(self):
        """The greatest word that is read out: of a rectified state, or of the pool."""
        return ((self.state.maximum + 1) << self.pool_bits) - 1

    def embed(self, tokens):
        """The input vectors int64 [..., d_in] of ``tokens`` int [...].

        Raises
        ------
        ModelError
            If the model takes no tokens, or not those.
        """
        tokens = np.asarray(tokens)
        if self.table is None:
            raise ModelError("Model must have a table to take tokens, and this one takes vectors")
        if tokens.size and (tokens.min() < 0 or tokens.max() >= len(self.table)):
            raise ModelError(f"Tokens must be between 0 and {len(self.table) - 1}, "
                             f"not between {tokens.min()} and {tokens.max()}")
        return self.table[tokens]

    @property
    def layers(self):
        """The layers, the first one's input being the model's: just this one."""
        return (self,)

    @cached_property
    def readout_width(self):
        """Bits of a signed word that holds every ``Y`` for any state, in any phase."""
        weight = self.output_weight.astype(np.int64) * self.readout_maximum
        low, high = np.minimum(weight, 0).sum(axis=1), np.maximum(weight, 0).sum(axis=1)
        return max(signed_width((low + phase.output_bias).min(), (high + phase.output_bias).max())
                   for phase in self.phases)

    @property
    def model_bytes(self):
        """Bytes of the parameters: the sum of elements x declared bits, rounded up.

        Recurrent signs count 1 bit each (2 for ternary), V and U their declared bits once, the biases the bits that hold the
        largest of them in each phase, a table the width of the input.
        """
        return -(-self.model_bits // 8)

    @property
    def model_bits(self):
        """The sum of which :attr:`model_bytes` are the bytes."""
        return self.layer_bits + self.output_weight.size * self.output_bits \
            + sum(bits_of(phase.output_bias) for phase in self.phases) \
            + (0 if self.table is None else self.table.size * self.input.width)

    @cached_property
    def digest(self):
        """SHA-256, in hex, over all that defines the arithmetic: not the provenance, the class names or the vectors."""
        return digest_of(self.header(), self.parameter_arrays())

    def header(self):
        """The scalars that define the arithmetic, ready for JSON."""
        pool = {"pool_bits": self.pool_bits} if self.pool_bits else {}
        return self.layer_header() | {"emit": self.emit.value, "output_bits": self.output_bits} | pool

    def parameter_arrays(self):
        """The arrays that define the arithmetic, by their names in the file."""
        table = {} if self.table is None else {"table": self.table}
        return self.layer_arrays() | table | {"output_weight": self.output_weight} | {
            f"output_bias_{p}": phase.output_bias for p, phase in enumerate(self.phases)}

    def replace(self, **changes):
        """A copy with other fields, checked like any model."""
        return dataclasses.replace(self, **changes)

    @classmethod
    def from_arrays(cls, *, recurrence, input_weight, output_weight, input_width, input_signed, state_width, state_frac,
                    bias=None, output_bias=None, input_bits=4, output_bits=4, rounding=Rounding.HALF_UP, emit=Emit.LAST,
                    activation=Activation.LINEAR, input_frac=0, classes=(), provenance=None, pool_bits=0, table=None):
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
        weight = integer_matrix("Input weight", input_weight, "[n, d_in]")
        outputs = integer_matrix("Output weight", output_weight, "[m, n]")
        state = FixedPoint(state_width, state_frac)
        phases = make_phases(recurrence, weight, bias, state.frac, input_frac,
                             np.zeros(len(outputs)) if output_bias is None else output_bias)
        return cls(recurrence=recurrence, input=InputFormat(weight.shape[1], input_width, input_signed), state=state,
                   rounding=rounding, emit=emit, phases=phases, output_weight=outputs, input_bits=input_bits,
                   output_bits=output_bits, classes=classes, provenance=Provenance() if provenance is None else provenance,
                   activation=activation, pool_bits=pool_bits, table=table)

    def save(self, path):
        """Writes the model to ``path`` as ``.npz``, whole or not at all; see docs/numerics.md for the format."""
        from hadam_hw.model_file import save_model

        save_model(self, path)

    @classmethod
    def load(cls, path):
        """Reads a model of one layer.

        Raises
        ------
        ModelFileError
            With one sentence, for anything that is not one.
        """
        from hadam_hw.model_file import load_model

        model = load_model(path)
        if not isinstance(model, cls):
            raise ModelFileError(f"Model file {path} must hold a model of one layer here, not of {len(model.layers)}")
        return model


def class_count(outputs):
    """The classes of a model with so many ``outputs``: one each, but two of a single output, which has them by its sign."""
    return max(2, outputs)


def digest_of(header, arrays):
    """The digest of a model with this header and these arrays."""
    hasher = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        hasher.update(f"{name}{array.shape}".encode() + array.astype("<i8").tobytes())
    return hasher.hexdigest()


def check_vectors(model, vectors):
    """Raises a ModelError where test vectors are not of the model's shape, range and classes."""
    if vectors is None:
        return
    as_instance("Test vectors", vectors, TestVectors)
    given = vectors.inputs
    if given.shape[2] != model.inputs or vectors.outputs.shape[1] != model.outputs:
        raise ModelError("Test vectors must have the model's numbers of inputs and outputs")
    if not model.input.holds(given):
        raise ModelError("Test vectors must lie in the input's range")
    wrong = vectors.labels[(vectors.labels < 0) | (vectors.labels >= model.class_count)]
    if len(wrong):
        raise ModelError(f"Labels of test vectors must be whole numbers from 0 to {model.class_count - 1}, not {wrong[0]}; "
                         "number the classes from 0 on")
