# SPDX-License-Identifier: BSD-2-Clause
"""The model: everything that hardware, simulation and the golden model need, and nothing else.

Input, layers, read-out. The equations, units and phases are those of docs/numerics.md; files are read and written by
:mod:`hadam_hw.model_file`.
"""

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from hadam_hw import predict
from hadam_hw.checks import as_instance, as_integer, as_integers, as_positive, as_real, as_text, as_tuple, assign
from hadam_hw.errors import ModelError
from hadam_hw.fixed import FixedPoint, Rounding
from hadam_hw.form import form_of
from hadam_hw.input import Input
from hadam_hw.layer import Activation, InputFormat, Layer, integer_matrix, make_phases
from hadam_hw.readout import Pooling, Readout, exact_stage
from hadam_hw.renamed import refuse_old_names

MAX_LAYERS = 8

__getattr__ = refuse_old_names(__name__, {"QuantizedModel": "hadam_hw.model.Model", "Emit": "hadam_hw.readout.Pooling"})


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from. Scores are percent of right answers on ``split``; None where nobody measured.

    Of a model that answers with values a score is the root mean square error, over all outputs, in their unit.
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
    labels : int [k], or [k, m]
        The right classes; of a model that answers with values, the right ones in units of ``Y``, rounded.

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
        if self.inputs.ndim != 3 or self.outputs.ndim != 2 or self.labels.ndim not in (1, 2) \
                or not len(self.inputs) == len(self.outputs) == len(self.labels):
            raise ModelError("Test vectors must be inputs [k, steps, d_in], outputs [k, m] and labels [k], or [k, m] of values")


@dataclass(frozen=True, eq=False, kw_only=True)
class Model:
    """Recurrent layers one above the other, and a read-out.

    In each step the first layer takes the input vector, and every other the rectified new states of the one below it, in that
    layer's unit. So the input of an upper layer is unsigned and a bit narrower than the states below it, and its matrix holds
    -1, 0 and 1. Every layer of several has one phase: a state whose unit changes by ``sqrt(2)`` in each step cannot be added
    up by the layer above.

    Parameters
    ----------
    layers : tuple of Layer
        1 to 8; the first one's input is the model's.
    readout : Readout
        Of the last layer's states.
    table : int [tokens, d_in], optional
        For inputs that are tokens: row k, kept by the host, is the input vector of token k.
    provenance : Provenance
    vectors : TestVectors, optional
    input : Input, optional
        How measured numbers become the first layer's input; by default one that knows the format of a vector alone.
    probability_scale : float, optional
        Above 0: probabilities are ``softmax(Y * probability_scale)``.

    Raises
    ------
    ModelError
        With one sentence that names the field.
    """

    layers: tuple[Layer, ...]
    readout: Readout
    table: np.ndarray | None = None
    provenance: Provenance = field(default_factory=Provenance)
    vectors: TestVectors | None = None
    input: Input | None = None
    probability_scale: float | None = None

    def __post_init__(self):
        assign(self, layers=as_tuple("Layers", self.layers, Layer))
        as_instance("Read-out", self.readout, Readout)
        as_instance("Provenance", self.provenance, Provenance)
        if not 1 <= len(self.layers) <= MAX_LAYERS:
            raise ModelError(f"Model must have between 1 and {MAX_LAYERS} layers, not {len(self.layers)}")
        for k in range(1, len(self.layers)):
            _check_chain(k, self.layers[k - 1], self.layers[k])
        self.readout.check_states(self.top)
        self._check_input()
        if self.table is not None:
            assign(self, table=integer_matrix("Table", self.table, "[tokens, d_in]"))
            if self.table.shape[1] != self.inputs or not self.input.holds(self.table):
                raise ModelError(f"Table must be rows of {self.inputs} integers between {self.input.minimum} and "
                                 f"{self.input.maximum}, the input's range")
        if self.vectors is not None:
            self._check_vectors()

    def _check_input(self):
        if self.input is not None:
            as_instance("Model's input", self.input, Input)
        if self.input is None or not self.input.known:  # what knows a format alone follows the first layer's
            assign(self, input=Input(self.layers[0].input))
        elif self.input.format != self.layers[0].input:
            wanted, given = self.layers[0].input, self.input.format
            raise ModelError(f"Model's input must give vectors of {_format_words(wanted)}, as the first layer takes them, "
                             f"not of {_format_words(given)}")
        elif self.table is not None:
            raise ModelError("Model must have a table for tokens or an input for measured numbers, not both")
        if self.probability_scale is not None and self.readout.values:
            raise ModelError("Probability scale must be left out of a model that answers with values")
        if self.probability_scale is not None:
            assign(self, probability_scale=as_positive("Probability scale", self.probability_scale))

    def _check_vectors(self):
        as_instance("Test vectors", self.vectors, TestVectors)
        inputs, labels = self.vectors.inputs, self.vectors.labels
        if inputs.shape[2] != self.inputs or self.vectors.outputs.shape[1] != self.outputs:
            raise ModelError("Test vectors must have the model's numbers of inputs and outputs")
        if not self.input.holds(inputs):
            raise ModelError("Test vectors must lie in the input's range")
        if labels.shape[1:] != ((self.outputs,) if self.readout.values else ()):
            wanted = f"[k, {self.outputs}], the right values" if self.readout.values else "[k], the right classes"
            raise ModelError(f"Labels of test vectors must have shape {wanted}, not {list(labels.shape)}")
        if self.readout.values:
            return
        wrong = labels[(labels < 0) | (labels >= self.class_count)]
        if len(wrong):
            raise ModelError(f"Labels of test vectors must be whole numbers from 0 to {self.class_count - 1}, not {wrong[0]}; "
                             "number the classes from 0 on")

    @property
    def top(self):
        """The last layer, whose states are read out."""
        return self.layers[-1]

    @property
    def size(self):
        """Units of all layers."""
        return sum(layer.size for layer in self.layers)

    @property
    def inputs(self):
        """d_in, the elements of an input vector."""
        return self.input.size

    @property
    def pooling(self):
        """When the read-out is computed, and of what."""
        return self.readout.pooling

    @property
    def outputs(self):
        """m, the elements of ``Y``."""
        return self.readout.outputs

    @property
    def classes(self):
        """A name for each class, or none."""
        return self.readout.classes

    @property
    def class_count(self):
        """The classes that :func:`hadam_hw.golden.classify` tells apart."""
        return self.readout.class_count

    @property
    def label_count(self):
        """The labels that a device tells, :func:`hadam_hw.golden.label`."""
        return self.readout.label_count

    @cached_property
    def readout_width(self):
        """Bits of a signed word that holds every ``Y`` for any state, in any phase."""
        return self.readout.widths(self.top.state)[-1]

    def phase_of(self, step_index):
        """The phase of step ``step_index``, counted from 0: with two phases the first step is phase 1."""
        return self.top.phase_of(step_index)

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
    def model_bits(self):
        """Bits of the parameters: those of layers and read-out, and a table's in the width of the input."""
        table = 0 if self.table is None else self.table.size * self.input.width
        return sum(layer.bits for layer in self.layers) + self.readout.bits + table

    @property
    def model_bytes(self):
        """Bytes of the parameters: the sum of elements x declared bits, rounded up."""
        return -(-self.model_bits // 8)

    @cached_property
    def digest(self):
        """SHA-256, in hex, over all that defines the arithmetic: not the provenance, the class names or the vectors."""
        return form_of(self).digest

    def replace(self, **changes):
        """A copy with other fields, checked like any model."""
        return dataclasses.replace(self, **changes)

    def with_readout(self, **changes):
        """A copy whose :class:`Readout` has other fields."""
        return self.replace(readout=dataclasses.replace(self.readout, **changes))

    def with_top(self, **changes):
        """A copy whose last :class:`Layer` has other fields."""
        return self.replace(layers=(*self.layers[:-1], dataclasses.replace(self.top, **changes)))

    def above(self, *layers):
        """This model on top of ``layers``, the lowest first; table, input and test vectors are not kept."""
        return self.replace(layers=(*layers, *self.layers), table=None, vectors=None, input=None)

    def scores(self, recordings):
        """``Y`` int64 [recordings, m] of measured ``recordings``: :meth:`Input.encode`, then the golden model.

        Parameters
        ----------
        recordings : list of float [samples, sources], or float [recordings, samples, sources]
            In the units of the input's sources, each one sequence; of one source [samples], or [recordings, samples].

        Raises
        ------
        ModelError
            If the model's file does not say how to encode them, or one is no such sequence.
        """
        return predict.scores(self, recordings)

    def predict(self, recordings):
        """The class of each of measured ``recordings``, as of :meth:`scores`: names in an array, or numbers without names.

        Of a model that answers with values, these, float64 [recordings, m] in their units.
        """
        answers = predict.answers(self, recordings)
        return np.array(self.classes)[answers] if self.classes else answers

    def predict_proba(self, recordings):
        """The probabilities float64 [recordings, classes] of measured ``recordings``, as of :meth:`scores`.

        Raises
        ------
        ModelError
            If the model has no ``probability_scale``, too.
        """
        return predict.probabilities(self, recordings)

    @classmethod
    def from_arrays(cls, *, recurrence, input_weight, output_weight, input_width, input_signed, state_width, state_frac,
                    bias=None, output_bias=None, input_bits=4, output_bits=4, rounding=Rounding.HALF_UP, emit=Pooling.LAST,
                    activation=Activation.LINEAR, input_frac=0, classes=(), values=(), provenance=None, pool_bits=0,
                    table=None):
        """A model of one layer and one stage, of weights that were trained and quantised elsewhere.

        Parameters
        ----------
        recurrence : Recurrence
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
        emit : Pooling
            When the read-out is computed, and of what.
        values : sequence of Value
            For outputs that are values and no classes, one an output.

        Raises
        ------
        ModelError
        """
        weight = integer_matrix("Input weight", input_weight, "[n, d_in]")
        state = FixedPoint(state_width, state_frac)
        layer = Layer(recurrence=recurrence, input=InputFormat(weight.shape[1], input_width, input_signed), state=state,
                      rounding=rounding, phases=make_phases(recurrence, weight, bias, state.frac, input_frac),
                      input_bits=input_bits, activation=activation)
        readout = exact_stage(integer_matrix("Output weight", output_weight, "[m, n]"), output_bits, output_bias, state.frac,
                              layer.recurrence.phases, pooling=emit, pool_bits=pool_bits, classes=classes,
                              values=values)
        return cls(layers=(layer,), readout=readout, table=table,
                   provenance=Provenance() if provenance is None else provenance)


def _format_words(form):
    return f"{form.size} {'signed' if form.signed else 'unsigned'} elements of {form.width} bits"


def _check_chain(index, below, layer):
    """Raises a ModelError where ``layer`` cannot take the states of ``below``."""
    for k, one in ((index - 1, below), (index, layer)):
        if len(one.phases) != 1:
            raise ModelError(
                f"Layer {k}'s recurrence must have one phase, not two: where there are several layers 1/sqrt(block) must be a "
                "power of two, since a state of two phases changes its unit in each step and the layer above cannot follow; "
                "take blocks of 1, 4, 16, 64, 256 or 1024, or another recurrence")
    wanted = InputFormat(below.size, below.state.width - 1, False)
    if layer.input != wanted:
        given = layer.input
        raise ModelError(f"Layer {index}'s input must be the {wanted.size} rectified states below it, unsigned of "
                         f"{wanted.width} bits, not {given.size} {'signed' if given.signed else 'unsigned'} of {given.width}")
    if layer.input_bits != 1:
        raise ModelError(f"Layer {index}'s input matrix must hold only -1, 0 and 1 (input_bits = 1), "
                         f"not codes of {layer.input_bits} bits")
