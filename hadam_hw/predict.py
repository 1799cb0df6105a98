# SPDX-License-Identifier: BSD-2-Clause
"""From measured numbers to classes: the model's input, then the golden model."""

import numpy as np

from hadam_hw import golden
from hadam_hw.checks import as_array
from hadam_hw.errors import ModelError
from hadam_hw.lengths import LONGER, batches, padded, rests_at_zero


def sequences(model, recordings):
    """The integer vectors of measured ``recordings``, a list of int64 [steps, d_in].

    Raises
    ------
    ModelError
        If one cannot be encoded, naming it by its place.
    """
    source = model.input
    recordings = as_array("Recordings", recordings) if isinstance(recordings, np.ndarray) else list(recordings)
    encoded = []
    for place, one in enumerate(recordings):
        try:
            codes = source.encode(one)
            if source.window is not None and len(codes) != source.window:
                raise ModelError(f"Sequence must have the {source.window} steps of the model's window, not {len(codes)}; "
                                 "model.input.windows cuts longer recordings")
        except ModelError as error:
            raise ModelError(f"{error} (recording {place})" if source.known else str(error)) from None
        encoded.append(codes)
    return encoded


def scores(model, recordings):
    """``Y`` int64 [recordings, m] of measured ``recordings``; where every step is read out, of the last."""
    return scores_of(model, sequences(model, recordings))


def scores_of(model, encoded):
    """``Y`` int64 [sequences, m] of integer vectors, a list of int [steps, d_in]: each as the golden model has it at its own
    length."""
    outputs = np.zeros((len(encoded), model.outputs), dtype=np.int64)
    lengths = np.array([len(one) for one in encoded], dtype=np.int64)
    for chosen in batches(lengths, LONGER if rests_at_zero(model.layers) else 1):
        made = golden.run(model, padded([encoded[place] for place in chosen])).outputs
        outputs[chosen] = made[:, -1] if made.ndim == 3 else made
    return outputs


def answers(model, recordings):
    """The classes int64 [recordings] of measured ``recordings``, or the values float64 [recordings, m] in their units."""
    encoded = sequences(model, recordings)
    return golden.answer(model, scores_of(model, encoded), np.array([len(one) for one in encoded], dtype=np.int64))


def probabilities(model, recordings):
    """``softmax(Y * probability_scale)`` float64 [recordings, classes]; of one output, of it against 0."""
    if model.probability_scale is None:
        raise ModelError("Model must have a probability scale to give probabilities, and its file has none; "
                         "model.scores gives Y")
    return probabilities_of(model, scores(model, recordings))


def probabilities_of(model, outputs):
    """Those of ``Y`` int64 [sequences, m], of a model with a probability scale."""
    logits = outputs * model.probability_scale
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
