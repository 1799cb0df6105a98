# SPDX-License-Identifier: BSD-2-Clause
"""Recurrent networks whose recurrent matrix is one of small integers times a scale, as float networks.

These are ``torch.nn.RNN`` with ReLU and a ``Linear`` behind it, ``h = relu(W h + V x + b)``; and QORNN's two networks from the
repository of HadamRNN: ``QSSM``, which is linear in the recurrence, and ``QRNN``, which has its ReLU in it. In all of them
``y = U relu(h) + c``. Their files do not say which activation they have, and those of QSSM and QRNN are the same: a person must
say it.
"""

import numpy as np

from hadam_hw.float_network import FloatLayer, FloatNetwork, Weight
from hadam_hw.layer import MAX_CODE_BITS, Activation
from hadam_hw.quantize import Coded
from hadam_hw.recurrence import Integer
from hadam_hw.reference import EMBEDDING, LATENT

TORCH_RNN, QSSM, QRNN = "torch.nn.RNN with ReLU", "QSSM of QORNN", "QRNN of QORNN"
#: Bits of V's and U's codes, which are in full precision in these networks.
BITS = 8
_FIRST = "weight_ih_l0"
#: The greatest multiplier and shift of a recurrence's scale.
_MAX_MULTIPLIER, _MAX_SHIFT = 255, 30


def is_torch_rnn(checkpoint):
    """Whether the names of a :class:`~hadam_hw.checkpoint.Checkpoint` are those of a torch.nn.RNN."""
    return any(name.endswith(_FIRST) for name in checkpoint.arrays)


def is_qornn(checkpoint):
    """Whether the names of a checkpoint are those of a QSSM or a QRNN."""
    return checkpoint.has(f"recurrent_layer.{LATENT}.original", "recurrent_layer.weight")


def torch_rnn(checkpoint, *, bits=None, recurrent_bits=None):
    """The :class:`~hadam_hw.float_network.FloatNetwork` of a torch.nn.RNN of one layer with ReLU, and a Linear.

    Parameters
    ----------
    checkpoint : Checkpoint
        Its names may have any prefix.
    bits : int, optional
        Of the codes of V and U; default: :data:`BITS`.
    recurrent_bits : int, optional
        Of the codes of W, where it is not of binary, ternary or k-bit weights already.

    Raises
    ------
    ModelFileError
    """
    first = next((name for name in sorted(checkpoint.arrays) if name.endswith(_FIRST)), _FIRST)
    prefix = first.removesuffix(_FIRST)
    more = next((name for name in sorted(checkpoint.arrays)
                 if name.startswith(prefix) and name.endswith(("_l1", "_reverse"))), None)
    if more is not None:
        raise checkpoint.error(f"has {more}, and only a torch.nn.RNN of one layer in one direction can be imported")
    recurrent = _square(checkpoint, f"{prefix}weight_hh_l0", TORCH_RNN)
    size = len(recurrent)
    weight = checkpoint.take((size, "inputs"), first, what=TORCH_RNN)
    bias = sum(_optional(checkpoint, size, f"{prefix}bias_{which}_l0") for which in ("ih", "hh"))
    outputs = sorted(name for name in checkpoint.left if name.endswith("weight"))
    if len(outputs) != 1:
        raise checkpoint.error(f"must hold one Linear beside its torch.nn.RNN, not {len(outputs)}; "
                               "only a read-out of one layer can be imported")
    output = checkpoint.take(("outputs", size), outputs[0])
    output_bias = _optional(checkpoint, len(output), f"{outputs[0].removesuffix('weight')}bias")
    checkpoint.finish(TORCH_RNN)
    recurrence, matrix = _integer(checkpoint, recurrent, f"{prefix}weight_hh_l0", recurrent_bits, latent=False)
    layer = FloatLayer(matrix, recurrence, Weight.plain(weight, bits or BITS), bias, Activation.RELU)
    return FloatNetwork(TORCH_RNN, (layer,), Weight.plain(output, bits or BITS), output_bias)


def qornn(checkpoint, kind, *, bits=None, recurrent_bits=None):
    """The :class:`~hadam_hw.float_network.FloatNetwork` of a :data:`QSSM` or a :data:`QRNN`, with ReLU.

    Parameters are those of :func:`torch_rnn`. W is stored before it is quantised, and the file does not say to how many bits.

    Raises
    ------
    ModelFileError
    """
    latent = checkpoint.has(f"recurrent_layer.{LATENT}.original")
    recurrent = _square(checkpoint, f"recurrent_layer.{LATENT}.original" if latent else "recurrent_layer.weight", kind)
    size = len(recurrent)
    bits = bits or BITS
    # a network with quantised layers all through has latent weights here too
    weight = _weight(checkpoint, "input_layer", (size, "inputs"), bits, kind)
    bias = _optional(checkpoint, size, "recurrent_layer.bias")
    table = None
    if checkpoint.has(EMBEDDING):
        table, weight = checkpoint.take(("words", weight.applied.shape[1]), EMBEDDING) @ weight.applied.T, None
    output = _weight(checkpoint, "output_layer", ("outputs", size), bits, kind)
    output_bias = _optional(checkpoint, len(output.applied), "output_layer.bias")
    checkpoint.finish(kind)
    recurrence, matrix = _integer(checkpoint, recurrent, "recurrent_layer's weight", recurrent_bits, latent)
    activation = Activation.RELU if kind == QRNN else Activation.LINEAR
    return FloatNetwork(kind, (FloatLayer(matrix, recurrence, weight, bias, activation),), output, output_bias, table)


def scaled(coded):
    """The :class:`~hadam_hw.recurrence.Integer` nearest to ``codes * scale``; None where there is none.

    Its scale is ``multiplier * 2**-shift`` with at most 8 bits of multiplier, so at most 0.4 % from what is wanted.
    """
    found = [(abs(multiplier * 2.0**-shift - coded.scale), shift, multiplier) for shift in range(_MAX_SHIFT + 1)
             if 1 <= (multiplier := round(coded.scale * 2**shift)) <= _MAX_MULTIPLIER]
    if not found:
        return None
    _, shift, multiplier = min(found)
    return Integer(coded.codes, multiplier, shift)


def _square(checkpoint, name, kind):
    matrix = checkpoint.take(("units", "units"), name, what=kind)
    if matrix.shape[0] != matrix.shape[1]:
        raise checkpoint.error(f"must hold {name} of shape [units, units], not {list(matrix.shape)}")
    return matrix


def _weight(checkpoint, layer, shape, bits, kind):
    latent = f"{layer}.{LATENT}.original"
    if checkpoint.has(latent):
        return Weight.latent(checkpoint.take(shape, latent), bits)
    return Weight.plain(checkpoint.take(shape, f"{layer}.weight", what=kind), bits)


def _optional(checkpoint, size, name):
    """The bias of this name; zeros where the layer has none."""
    return checkpoint.take((size,), name) if checkpoint.has(name) else np.zeros(size)


def _integer(checkpoint, weight, name, bits, latent):
    """(recurrence, the float matrix that the network applies)."""
    if latent and bits is None:
        raise checkpoint.error(f"holds {name} before it is quantised, and not to how many bits; say --recurrent-bits")
    coded = None if latent else Coded.on_grid(weight, MAX_CODE_BITS)
    if coded is None and bits is None:
        raise checkpoint.error(f"must hold binary, ternary or k-bit numbers times one scale as {name}, and holds others; "
                               "say to how many bits they are to be quantised: --recurrent-bits")
    coded = coded or Coded.of(weight, bits)
    recurrence = scaled(coded)
    if recurrence is None:
        raise checkpoint.error(f"must hold {name} with steps between 2**-30 and 255, not of {coded.scale:g}")
    return recurrence, coded.codes * coded.scale if latent else weight
