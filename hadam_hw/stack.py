# SPDX-License-Identifier: BSD-2-Clause
"""Two recurrent layers, one above the other; the definition is in docs/numerics.md."""

import dataclasses
from dataclasses import dataclass
from functools import cached_property

from hadam_hw.checks import as_instance
from hadam_hw.errors import ModelError, ModelFileError
from hadam_hw.layer import InputFormat, Layer
from hadam_hw.model import QuantizedModel, TestVectors, check_vectors, digest_of


@dataclass(frozen=True, eq=False, kw_only=True)
class StackedModel:
    """A layer, and a model that takes the rectified states ``X2 = relu(Z1)`` of it, step by step, in that layer's unit.

    Parameters
    ----------
    lower : Layer
        Without a read-out.
    upper : QuantizedModel
        Its input are the lower layer's ``n`` states, unsigned and a bit narrower; its input matrix holds -1, 0 and 1.
    vectors : TestVectors, optional
        Of the whole stack. ``upper`` has none.

    Raises
    ------
    ModelError
        With one sentence.
    """

    lower: Layer
    upper: QuantizedModel
    vectors: TestVectors | None = None

    def __post_init__(self):
        if isinstance(self.lower, QuantizedModel):
            raise ModelError("Lower layer must be a Layer, which has no read-out, not a QuantizedModel")
        as_instance("Lower layer", self.lower, Layer)
        as_instance("Upper layer", self.upper, QuantizedModel)
        for name, layer in (("Lower", self.lower), ("Upper", self.upper)):
            if len(layer.phases) != 1:
                raise ModelError(
                    f"{name} layer's block must be 4, 16, 64, 256 or 1024, not {layer.recurrence.block}: in a stack "
                    "1/sqrt(block) must be a power of two, since a layer of two phases changes its unit in each step and the "
                    "next one cannot follow; take another block, or a Ternary recurrence")
        wanted = InputFormat(self.lower.size, self.lower.state.width - 1, False)
        if self.upper.input != wanted:
            given = self.upper.input
            raise ModelError(
                f"Upper layer's input must be the lower one's {wanted.size} rectified states, unsigned of {wanted.width} bits, "
                f"not {given.size} {'signed' if given.signed else 'unsigned'} of {given.width}")
        if self.upper.input_bits != 1:
            raise ModelError("Upper layer's input matrix must hold only -1, 0 and 1 (input_bits = 1), "
                             f"not codes of {self.upper.input_bits} bits")
        if self.upper.table is not None:
            raise ModelError("Table must be of a model of one layer; in a stack the upper layer takes the lower one's states")
        if self.upper.vectors is not None:
            raise ModelError("Test vectors must be those of the whole stack, not of its upper layer")
        check_vectors(self, self.vectors)

    @property
    def layers(self):
        """The layers, the first one's input being the model's."""
        return self.lower, self.upper

    @property
    def size(self):
        """Units of both layers."""
        return self.lower.size + self.upper.size

    @property
    def input(self):
        """The lower layer's :class:`InputFormat`."""
        return self.lower.input

    @property
    def inputs(self):
        """d_in, the elements of an input vector."""
        return self.lower.inputs

    @property
    def state(self):
        """The :class:`FixedPoint` of the state that is read out."""
        return self.upper.state

    @property
    def outputs(self):
        """m, the elements of ``Y``."""
        return self.upper.outputs

    @property
    def class_count(self):
        """The classes that :func:`hadam_hw.golden.classify` tells apart."""
        return self.upper.class_count

    @property
    def emit(self):
        """When the read-out is computed."""
        return self.upper.emit

    @property
    def classes(self):
        """A name for each class, or empty."""
        return self.upper.classes

    @property
    def provenance(self):
        """Where the stack comes from."""
        return self.upper.provenance

    @property
    def readout_width(self):
        """Bits of a signed word that holds every ``Y``."""
        return self.upper.readout_width

    @property
    def model_bytes(self):
        """Bytes of the parameters, counted as those of :class:`QuantizedModel`."""
        return -(-(self.lower.layer_bits + self.upper.model_bits) // 8)

    @cached_property
    def digest(self):
        """SHA-256, in hex, over all that defines the arithmetic."""
        return digest_of(self.header(), self.parameter_arrays())

    def header(self):
        """The scalars that define the arithmetic, ready for JSON."""
        return self.upper.header() | {"lower": self.lower.layer_header()}

    def parameter_arrays(self):
        """The arrays that define the arithmetic, by their names in the file."""
        return self.upper.parameter_arrays() | {
            f"lower_{name}": array for name, array in self.lower.layer_arrays().items()}

    def phase_of(self, step_index):
        """The phase of a step: a stack has one."""
        return 0

    def replace(self, **changes):
        """A copy with other fields, checked like any model; ``emit`` and ``pool_bits`` are the upper layer's."""
        above = {name: changes.pop(name) for name in ("emit", "pool_bits") if name in changes}
        if above:
            changes["upper"] = changes.get("upper", self.upper).replace(**above)
        return dataclasses.replace(self, **changes)

    def save(self, path):
        """Writes the model to ``path`` as ``.npz``, whole or not at all; see docs/numerics.md for the format."""
        from hadam_hw.model_file import save_model

        save_model(self, path)

    @classmethod
    def load(cls, path):
        """Reads a model of two layers.

        Raises
        ------
        ModelFileError
            With one sentence, for anything that is not one.
        """
        from hadam_hw.model_file import load_model

        model = load_model(path)
        if not isinstance(model, cls):
            raise ModelFileError(f"Model file {path} must hold a model of two layers here, not of one")
        return model
