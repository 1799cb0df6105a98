# SPDX-License-Identifier: BSD-2-Clause
"""HadamRNNs of the reference code (deel-ai-papers/hadamRNN, ICLR 2025) as float networks.

A layer computes ``h = diag(sign(u)) Hn h + b + Vq x`` from ``h = 0``, the network ``y = Uq relu(h) + c``: the signs act on the
outputs of the normalised transform, as everywhere here. V and U are stored before they are quantised, and the size of the
Hadamard blocks and the bits of the codes are not in the file. A second layer is one whole block, and takes ``relu(h)`` of the
first through a matrix of signs over ``sqrt(n)``. With an embedding, x is the row of a word.
"""

import numpy as np

from hadam_hw.float_network import FloatLayer, FloatNetwork, Weight
from hadam_hw.quantize import Coded
from hadam_hw.recurrence import Hadamard

KIND = "HadamRNN of the reference code"
LATENT = "parametrizations.weight"
EMBEDDING = "word_embedding.weight"
#: Bits of V's and U's codes in all of the reference's configurations.
BITS = 4


def is_hadam_rnn(checkpoint):
    """Whether the names of a :class:`~hadam_hw.checkpoint.Checkpoint` are those of a HadamRNN."""
    return checkpoint.has(*_signs("recurrent_layer"))


def hadam_rnn(checkpoint, *, block=None, bits=None, zero_sign=None):
    """The :class:`~hadam_hw.float_network.FloatNetwork` of a checkpoint.

    Parameters
    ----------
    checkpoint : Checkpoint
    block : int, optional
        Units of a Hadamard block of the first layer; default: all.
    bits : int, optional
        Of the codes of V and U; default: :data:`BITS`.
    zero_sign : int, optional
        What a latent sign of exactly 0 becomes, 1 or -1.

    Raises
    ------
    ModelFileError
        With one sentence, for anything that is not a HadamRNN.
    ModelError
        If ``block`` is no power of two that divides the units.
    """
    bits = bits or BITS
    signs = _take_signs(checkpoint, "recurrent_layer", "units", zero_sign)
    size = len(signs)
    weight = Weight.latent(checkpoint.take((size, "inputs"), f"input_layer.{LATENT}.original"), bits)
    table = None
    if checkpoint.has(EMBEDDING):
        words = checkpoint.take(("words", weight.applied.shape[1]), EMBEDDING)
        table, weight = words @ weight.applied.T, None
    layers = [_layer(checkpoint, "recurrent_layer", signs, block or size, weight)]
    if checkpoint.has(*_signs("recurrent_layer_2")):
        between = np.sign(checkpoint.take((size, size), "input_layer_2.original_weight",
                                          f"input_layer_2.{LATENT}.0.original_weight"))
        checkpoint.drop(f"input_layer_2.{LATENT}.original", f"input_layer_2.{LATENT}.0.original_weight", "input_layer_2.weight")
        scale = 1 / np.sqrt(size)
        layers.append(_layer(
            checkpoint, "recurrent_layer_2", _take_signs(checkpoint, "recurrent_layer_2", size, zero_sign), size,
            Weight(between * scale, Coded(between.astype(np.int8), scale, 1))))
    quantised = checkpoint.has(f"output_layer.{LATENT}.original")
    output = checkpoint.take(("outputs", size), f"output_layer.{LATENT}.original", "output_layer.weight")
    output_bias = checkpoint.take((len(output),), "output_layer.bias")
    checkpoint.finish(KIND)
    return FloatNetwork(KIND, tuple(layers), Weight.latent(output, bits) if quantised else Weight.plain(output, bits),
                        output_bias, table)


def _signs(layer):
    """The two names of the same latent signs."""
    return f"{layer}.sign_vector", f"{layer}.{LATENT}.0.sign_vector"


def _take_signs(checkpoint, layer, size, zero_sign):
    """Int8 [n] of -1 and 1."""
    names = _signs(layer)
    latent = checkpoint.take((1, size), *names)[0]
    if names[1] in checkpoint.left and not np.array_equal(checkpoint.take((1, len(latent)), names[1])[0], latent):
        raise checkpoint.error(f"must hold the same signs twice, and its {names[1]} differs")
    zeros = np.flatnonzero(latent == 0)
    if len(zeros) and zero_sign is None:
        raise checkpoint.error(f"must not have 0 as a sign ({names[0]}, unit {zeros[0]}), which switches its unit off in the "
                               "reference; choose one with --zero-sign plus or minus")
    return np.where(latent == 0, zero_sign or 1, np.sign(latent)).astype(np.int8)


def _layer(checkpoint, name, signs, block, weight):
    checkpoint.drop(f"{name}.{LATENT}.original", f"{name}.weight")  # only their shape is used in the reference
    recurrence = Hadamard(len(signs), block, signs)
    return FloatLayer(recurrence.matrix() / np.sqrt(block), recurrence, weight,
                      checkpoint.take((len(signs),), f"{name}.bias"))
