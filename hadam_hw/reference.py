# SPDX-License-Identifier: BSD-2-Clause
"""Checkpoints of HadamRNN's reference code (deel-ai-papers/hadamRNN, ICLR 2025) as quantised models.

The reference computes ``h = diag(sign(u)) Hn h + b + Vq x`` from ``h = 0`` and ``y = Uq relu(h) + c``: the signs act on the
outputs of the normalised transform, as everywhere here. V and U are stored before they are quantised, and the size of the
Hadamard blocks and the bits of the codes are not in the file.
"""

from dataclasses import dataclass

import numpy as np

from hadam_hw import golden
from hadam_hw.errors import DataError, ModelFileError, ToolMissingError
from hadam_hw.fixed import Rounding
from hadam_hw.layer import InputFormat
from hadam_hw.model import Provenance, TestVectors
from hadam_hw.quantize import quantize, quantize_codes
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Hadamard

VECTORS = 32
_LATENT = "parametrizations.weight"
_SIGNS = ("recurrent_layer.sign_vector", f"recurrent_layer.{_LATENT}.0.sign_vector")
_UNUSED = (f"recurrent_layer.{_LATENT}.original", "recurrent_layer.weight")
#: Beginnings of names that only other networks have, and what they are.
_OTHERS = {"word_embedding": "word embeddings, and only models of vector inputs can be imported",
           "input_layer_2": "a second layer, and only models of one can be imported",
           "recurrent_layer_2": "a second layer, and only models of one can be imported"}


@dataclass(frozen=True, eq=False)
class Reference:
    """The parameters of a checkpoint, in float64.

    Parameters
    ----------
    signs : int8 [n]
        -1 or 1.
    input_weight : float [n, d_in]
        V before it is quantised.
    bias : float [n]
    output_weight : float [m, n]
        U before it is quantised.
    output_bias : float [m]
    output_quantised : bool
        Whether the reference quantises U (its option ``QOUTPUT``); the import does in any case.
    """

    signs: np.ndarray
    input_weight: np.ndarray
    bias: np.ndarray
    output_weight: np.ndarray
    output_bias: np.ndarray
    output_quantised: bool = True


@dataclass(frozen=True, eq=False)
class Calibration:
    """Training inputs: integers, and what they are worth in the units of the training data, ``x = X * scale``.

    Parameters
    ----------
    inputs : int [sequences, steps, d_in]
    real : float [sequences, steps, d_in]
        What the reference was given.
    format : InputFormat
    scale : float
    labels : int [sequences], optional
    """

    inputs: np.ndarray
    real: np.ndarray
    format: InputFormat
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


@dataclass(frozen=True)
class Agreement:
    """Share of sequences (of steps, if every step is read out) that get the reference's class, in percent.

    ``floating`` is that of the codes and the integer inputs with an unrounded state, of the last step; ``integer`` that of the
    integers that the hardware computes. ``score`` is the reference's own on the labels of the inputs, None without labels: the
    file does not tell its block, and with another one the agreement is as good as ever, but the score is that of chance.
    """

    floating: float
    integer: float
    score: float | None = None


def load_reference(path, zero_sign=None):
    """The :class:`Reference` in the file ``path``; a latent sign of exactly 0 becomes ``zero_sign``, 1 or -1.

    Raises
    ------
    ModelFileError
        With one sentence, for anything that is not a checkpoint of one layer.
    ToolMissingError
        If PyTorch is not installed.
    """
    state = _state_dict(path)

    def take(*names):
        found = [name for name in names if name in state]
        if not found:
            raise ModelFileError(f"Checkpoint {path} must hold {names[0]}, and does not; "
                                 "is it a HadamRNN of the reference code?")
        return state.pop(found[0])

    for beginning, what in _OTHERS.items():
        if any(name.startswith(beginning + ".") for name in state):
            raise ModelFileError(f"Checkpoint {path} has {what}")
    latent = take(*_SIGNS).reshape(-1)
    if any(name in state and not np.array_equal(state.pop(name).reshape(-1), latent) for name in _SIGNS):
        raise ModelFileError(f"Checkpoint {path} must hold the same signs twice, and its {_SIGNS[1]} differs")
    for name in _UNUSED:
        state.pop(name, None)
    quantised = f"output_layer.{_LATENT}.original" in state
    arrays = {"input_weight": take(f"input_layer.{_LATENT}.original"), "bias": take("recurrent_layer.bias"),
              "output_weight": take(f"output_layer.{_LATENT}.original", "output_layer.weight"),
              "output_bias": take("output_layer.bias")}
    if state:
        raise ModelFileError(f"Checkpoint {path} holds {min(state)}, which no HadamRNN of the reference code has")
    size, classes = len(latent), arrays["output_bias"].size
    for name, shape in (("input_weight", (size, *arrays["input_weight"].shape[1:2])), ("bias", (size,)),
                        ("output_weight", (classes, size)), ("output_bias", (classes,))):
        if arrays[name].shape != shape or len(shape) != (2 if name.endswith("weight") else 1):
            raise ModelFileError(f"Checkpoint {path} must hold a {name.replace('_', ' ')} of shape {list(shape)}, "
                                 f"not {list(arrays[name].shape)}")
    zeros = np.flatnonzero(latent == 0)
    if len(zeros) and zero_sign is None:
        raise ModelFileError(f"Sign {zeros[0]} of checkpoint {path} must not be exactly 0, which switches its unit off in the "
                             "reference; choose one with --zero-sign plus or minus")
    signs = np.where(latent == 0, zero_sign or 1, np.sign(latent)).astype(np.int8)
    return Reference(signs, output_quantised=quantised, **arrays)


def forward(reference, inputs, block, bits, every=False):
    """What the reference computes of float ``inputs`` [sequences, steps, d_in]: [sequences, m], or [sequences, steps, m]."""
    recurrence = Hadamard(len(reference.signs), block, reference.signs)
    matrix = recurrence.matrix().T / np.sqrt(block)
    v = np.multiply(*quantize_codes(reference.input_weight, bits)).T
    u = np.multiply(*quantize_codes(reference.output_weight, bits)) if reference.output_quantised else reference.output_weight
    state = np.zeros((len(inputs), recurrence.size))
    outputs = []
    for index in range(inputs.shape[1]):
        state = state @ matrix + reference.bias + inputs[:, index] @ v
        if every or index == inputs.shape[1] - 1:
            outputs.append(np.maximum(state, 0) @ u.T + reference.output_bias)
    return np.stack(outputs, axis=1) if every else outputs[-1]


def convert(reference, calibration, block, *, bits=4, state_width=12, rounding=Rounding.HALF_UP, every=False, classes=(),
            provenance=None):
    """The quantised model of ``reference``, and its :class:`Agreement` with it on the calibration inputs.

    The model's test vectors are the first of these inputs, labelled as the data say, or else with the reference's class.

    Raises
    ------
    ModelError
        If ``block`` is no power of two that divides the units.
    DataError
        If the inputs are not of the model's size.
    """
    if calibration.format.size != reference.input_weight.shape[1]:
        raise DataError(f"Calibration inputs must have the checkpoint's {reference.input_weight.shape[1]} elements a step, "
                        f"not {calibration.format.size}")
    model = quantize(
        recurrence=Hadamard(len(reference.signs), block, reference.signs), input_weight=reference.input_weight,
        bias=reference.bias, output_weight=reference.output_weight, output_bias=reference.output_bias,
        input_format=calibration.format, input_scale=calibration.scale, calibration=calibration.inputs, state_width=state_width,
        input_bits=bits, output_bits=bits, rounding=rounding, emit=Pooling.EVERY if every else Pooling.LAST, classes=classes,
        provenance=provenance or Provenance())
    said = golden.classify(forward(reference, calibration.real, block, bits, every))
    run = golden.run(model, calibration.inputs)
    last = said[:, -1] if every else said
    agreement = Agreement(_percent(golden.classify(golden.float_run(model, calibration.inputs)), last),
                          _percent(golden.classify(run.outputs), said),
                          None if calibration.labels is None else _percent(last, calibration.labels))
    outputs = run.outputs[:, -1] if every else run.outputs
    labels = last if calibration.labels is None else calibration.labels
    return model.replace(vectors=TestVectors(calibration.inputs[:VECTORS], outputs[:VECTORS], labels[:VECTORS])), agreement


def _percent(one, other):
    return float(100 * (one == other).mean())


def _state_dict(path):
    try:
        import torch
    except ImportError:
        raise ToolMissingError("PyTorch must be installed to read a checkpoint; pip install 'hadam_hw[train]'") from None
    content = path.open("rb")  # a missing file is the system's error, and says so
    with content:
        try:
            state = torch.load(content, map_location="cpu", weights_only=True)
        except Exception as error:  # bytes that are no checkpoint lead torch to nearly any of them
            first = str(error).strip().partition("\n")[0].partition(". ")[0]
            raise ModelFileError(f"Checkpoint {path} cannot be read as weights alone "
                                 f"({type(error).__name__}: {first})") from None
    if not isinstance(state, dict) or not state or not all(
            isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()):
        raise ModelFileError(f"Checkpoint {path} must hold a state dict, names to tensors; save model.state_dict()")
    arrays = {}
    for name, value in state.items():
        if not value.is_floating_point() or not value.numel() or not torch.isfinite(value).all():
            raise ModelFileError(f"Tensor {name} of checkpoint {path} must hold finite floats")
        arrays[name] = value.detach().to(torch.float64).numpy()
    return arrays
