# SPDX-License-Identifier: BSD-2-Clause
"""Compares what a device says with the golden model."""

from firmware.device import last
from hadam_hw import golden
from hadam_hw.errors import DiffersError, ModelError


def vectors(model, count=None):
    """The first ``count`` test sequences of the model's file. Raises ModelError if it has none."""
    if model.vectors is None or not len(model.vectors.labels):
        raise ModelError("Model must carry test vectors to test a device with, and has none")
    return model.vectors.inputs[:count]


def compare(model, sequences, results):
    """The number of integers compared, all equal.

    Raises
    ------
    DiffersError
        Naming the first sequence whose outputs or label are not the golden model's.
    """
    outputs = golden.run(model, sequences).outputs
    final = outputs[:, -1] if outputs.ndim == 3 else outputs
    for index, (expected, result) in enumerate(zip(final, results, strict=True)):
        found = last(result)
        if found.logits != tuple(expected.tolist()) or found.label != int(golden.label(model, expected)):
            raise DiffersError(f"Outputs of sequence {index} must be the golden model's {expected.tolist()}, "
                               f"not {list(found.logits)} (label {found.label}); the device computes something else")
    return len(results) * (model.outputs + 1)
