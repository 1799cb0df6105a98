# SPDX-License-Identifier: BSD-2-Clause
"""A network as its trainer computed it, in float64, and the integer model that stands for it.

Whatever framework a checkpoint is of, it becomes a :class:`FloatNetwork`, which says both what the trained network computes
and which integers take its place; :func:`convert` calibrates these and counts how often the two agree.
"""

from dataclasses import dataclass

import numpy as np

from hadam_hw import golden
from hadam_hw.errors import DataError
from hadam_hw.fixed import Rounding
from hadam_hw.layer import Activation, InputFormat
from hadam_hw.model import Provenance, TestVectors
from hadam_hw.quantize import Coded, quantize_coded, quantize_codes
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Recurrence

#: Sequences that the model's file carries: of vectors, and of tokens, which take more room.
VECTORS, TOKEN_VECTORS = 32, 4


@dataclass(frozen=True, eq=False)
class Weight:
    """A matrix as the network applies it, and the codes that stand for it.

    Parameters
    ----------
    applied : float64 array
    coded : Coded
    """

    applied: np.ndarray
    coded: Coded

    @classmethod
    def latent(cls, weight, bits):
        """Of a weight that the network itself quantises before it applies it."""
        coded = Coded.of(weight, bits)
        return cls(coded.codes * coded.scale, coded)

    @classmethod
    def plain(cls, weight, bits):
        """Of a weight that is applied as it is stored: its codes are exact if it lies on a grid, else rounded."""
        return cls(weight, Coded.on_grid(weight, bits) or Coded.of(weight, bits))


@dataclass(frozen=True, eq=False)
class FloatLayer:
    """One recurrent layer, ``h = act(matrix h + input x + bias)`` from ``h = 0``.

    Parameters
    ----------
    matrix : float64 [n, n]
        As the network applies it.
    recurrence : Recurrence
        The integers that stand for it.
    input : Weight or None
        [n, d_in]; None behind a table.
    bias : float64 [n]
    activation : Activation
    """

    matrix: np.ndarray
    recurrence: Recurrence
    input: Weight | None
    bias: np.ndarray
    activation: Activation = Activation.LINEAR

    def step(self, state, drive):
        """The new states [count, n], where ``drive`` [count, n] is what the input adds."""
        new = state @ self.matrix.T + self.bias + drive
        return np.maximum(new, 0) if self.activation is Activation.RELU else new


@dataclass(frozen=True, eq=False)
class FloatNetwork:
    """Layers one above the other, each taking the rectified states below it, and ``y = output relu(h) + output_bias``.

    Parameters
    ----------
    kind : str
        What people call such a network.
    layers : tuple of FloatLayer
    output : Weight
        [m, n].
    output_bias : float64 [m]
    table : float64 [tokens, n], optional
        For tokens: what each adds to the units of the first layer.
    """

    kind: str
    layers: tuple[FloatLayer, ...]
    output: Weight
    output_bias: np.ndarray
    table: np.ndarray | None = None

    @property
    def inputs(self):
        """Elements of an input vector; None for tokens."""
        return None if self.table is not None else self.layers[0].input.applied.shape[1]

    def forward(self, inputs, every=False):
        """What the trained network says of ``inputs``: ``y`` [sequences, m], or [sequences, steps, m] of ``every`` step.

        Parameters
        ----------
        inputs : float [sequences, steps, d_in], or int [sequences, steps] of tokens
        """
        states = [np.zeros((len(inputs), len(layer.bias))) for layer in self.layers]
        outputs = []
        for index in range(inputs.shape[1]):
            x = inputs[:, index]
            for k, layer in enumerate(self.layers):
                drive = self.table[x] if layer.input is None else x @ layer.input.applied.T
                states[k] = layer.step(states[k], drive)
                x = np.maximum(states[k], 0)
            if every or index == inputs.shape[1] - 1:
                outputs.append(x @ self.output.applied.T + self.output_bias)
        return np.stack(outputs, axis=1) if every else outputs[-1]


@dataclass(frozen=True, eq=False)
class Calibration:
    """Training inputs: integers, and what they are worth in the units of the training data, ``x = X * scale``.

    Parameters
    ----------
    inputs : int [sequences, steps, d_in], or [sequences, steps] of tokens
    real : float [sequences, steps, d_in], or the tokens
        What the network was given.
    format : InputFormat or None
        None for tokens.
    scale : float
    labels : int [sequences], optional
    """

    inputs: np.ndarray
    real: np.ndarray
    format: InputFormat | None
    scale: float
    labels: np.ndarray | None = None

    @classmethod
    def of_real(cls, real, width=8):
        """Of float inputs: the scale is the largest that holds them all in ``width`` bits, signed if one is negative.

        Raises
        ------
        DataError
        """
        if real.ndim != 3 or real.dtype.kind not in "iuf" or not real.size or not np.isfinite(real).all():
            raise DataError("Calibration inputs must be finite numbers [sequences, steps, d_in], "
                            f"not {real.dtype} {list(real.shape)}")
        form = InputFormat(real.shape[2], width, bool(real.min() < 0))
        steps = max(form.maximum, 1)
        scale = float(np.abs(real).max()) / steps or 1.0
        inputs = np.clip(np.rint(real / scale), form.minimum, form.maximum).astype(np.int64)
        return cls(inputs, real.astype(np.float64), form, scale)

    @classmethod
    def of_tokens(cls, tokens, labels=None):
        """Of numbers of tokens.

        Raises
        ------
        DataError
        """
        if tokens.ndim != 2 or tokens.dtype.kind not in "iu" or not tokens.size or tokens.min() < 0:
            raise DataError("Calibration inputs must be tokens, whole numbers from 0 on [sequences, steps], for a network with "
                            f"an embedding, not {tokens.dtype} {list(tokens.shape)}")
        tokens = tokens.astype(np.int64)
        return cls(tokens, tokens, None, 1.0, labels)


@dataclass(frozen=True)
class Agreement:
    """Share of sequences (of steps, if every step is read out) that get the trained network's class, in percent.

    ``floating`` is that of the codes and the integer inputs with an unrounded state, of the last step; ``integer`` that of the
    integers that the hardware computes. ``score`` is the network's own on the labels of the inputs, None without labels. Where
    the file does not tell all (a block, the bits of the codes), a wrong guess agrees as well as ever, but scores by chance.
    """

    floating: float
    integer: float
    score: float | None = None


def convert(network, calibration, *, state_width=12, rounding=Rounding.HALF_UP, every=False, table_bits=8, classes=(),
            provenance=None):
    """The integer model of ``network``, and its :class:`Agreement` with it on the calibration inputs.

    The model's test vectors are the first of these inputs, labelled as the data say, or else with the network's class.

    Parameters
    ----------
    network : FloatNetwork
    calibration : Calibration
    state_width : int
    rounding : Rounding
    every : bool
        Whether every step is read out.
    table_bits : int
        Of what a token adds to a unit.
    classes : tuple of str
    provenance : Provenance

    Raises
    ------
    ModelError
        If the hardware has no such network: see :class:`~hadam_hw.model.Model`.
    DataError
        If the inputs are not of the network's size.
    """
    _check(network, calibration)
    model = _model_of(network, calibration, table_bits, dict(state_width=state_width, rounding=rounding), dict(
        output_codes=network.output.coded, output_bias=network.output_bias,
        emit=Pooling.EVERY if every else Pooling.LAST, classes=classes))
    model = model.replace(provenance=provenance or Provenance())
    said = golden.classify(network.forward(calibration.real, every))
    run = golden.run(model, calibration.inputs)
    last = said[:, -1] if every else said
    agreement = Agreement(_percent(golden.classify(golden.float_run(model, calibration.inputs)), last),
                          _percent(golden.classify(run.outputs), said),
                          None if calibration.labels is None else _percent(last, calibration.labels))
    outputs = run.outputs[:, -1] if every else run.outputs
    labels = last if calibration.labels is None else calibration.labels
    kept = slice(VECTORS if network.table is None else TOKEN_VECTORS)
    vectors = calibration.inputs[kept] if network.table is None else model.embed(calibration.inputs[kept])
    return model.replace(vectors=TestVectors(vectors, outputs[kept], labels[kept])), agreement


def _model_of(network, calibration, table_bits, common, at_the_top):
    """Layer by layer: each is calibrated on what the integers of those below it give."""
    sequences, form, unit = calibration.inputs, calibration.format, calibration.scale
    table = None
    if network.table is not None:
        size = network.table.shape[1]
        form = InputFormat(size, table_bits, True)
        table, unit = quantize_codes(network.table, table_bits)
    layers, whole_table = [], table
    for layer in network.layers:
        last, size = layer is network.layers[-1], len(layer.bias)
        coded = Coded(np.eye(size, dtype=np.int8), 1.0, 1) if layer.input is None else layer.input.coded
        # read out by the identity at every step, a layer says what the one above it takes
        between = dict(output_codes=Coded(np.eye(size, dtype=np.int8), 1.0, 1), output_bias=np.zeros(size), emit=Pooling.EVERY)
        model = quantize_coded(recurrence=layer.recurrence, input_codes=coded, bias=layer.bias, input_format=form,
                               input_scale=unit, calibration=sequences, activation=layer.activation, table=table, **common,
                               **(at_the_top if last else between))
        layers.append(model.top)
        if not last:
            form = InputFormat(size, model.top.state.width - 1, False)
            unit *= coded.scale * 2.0**-model.top.state.frac  # of this layer's integers
            sequences, table = golden.run(model, sequences).outputs, None
    return model.replace(layers=tuple(layers), table=whole_table)


def _check(network, calibration):
    if (calibration.format is None) != (network.table is not None):
        takes, given = ("tokens", "vectors") if calibration.format else ("vectors", "tokens")
        raise DataError(f"Calibration inputs must be {takes}, which the checkpoint's network takes, not {given}")
    if network.table is None and calibration.format.size != network.inputs:
        raise DataError(f"Calibration inputs must have the checkpoint's {network.inputs} elements a step, "
                        f"not {calibration.format.size}")
    if network.table is not None and calibration.inputs.max() >= len(network.table):
        raise DataError(f"Calibration tokens must be below the {len(network.table)} words of the checkpoint's embedding, "
                        f"not {calibration.inputs.max()}")


def _percent(one, other):
    return float(100 * (one == other).mean())
