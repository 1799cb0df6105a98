# SPDX-License-Identifier: BSD-2-Clause
"""What a device with values says to people: amounts with their units, and the root mean square error of each."""

from firmware.device import last
from hadam_hw import golden
from hadam_hw.answer import Answer


def measured(model, results, steps):
    """The values float64 [sequences, m] of ``results``, each of the last of so many steps."""
    return golden.answer(model, [last(result).logits for result in results], steps)


def line(model, amounts):
    """``amounts`` [m] with their units."""
    return ", ".join(value.show(amount) for value, amount in zip(model.readout.values, amounts, strict=True))


def units(model):
    """The units, as facts."""
    return [value.unit for value in model.readout.values]


def errors(model, found, right):
    """(facts, words) of the root mean square error of each value, of float64 [sequences, m] each."""
    error = golden.rmse(found, right)
    return {"rmse": error.tolist()}, f"RMSE {line(model, error)}"


def score(model, results):
    """(facts, words) of :func:`errors` on the first of the model's test vectors, where ``results`` are values; else nothing."""
    if model.readout.answer is Answer.CLASSES:
        return {}, ""
    steps = model.vectors.inputs.shape[1]
    right = golden.answer(model, model.vectors.labels[:len(results)], steps)
    facts, words = errors(model, measured(model, results, steps), right)
    return facts, f"; {words}"
