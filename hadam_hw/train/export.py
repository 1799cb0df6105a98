# SPDX-License-Identifier: BSD-2-Clause
"""From a trained network to the integer model, and its scores."""

import math

import numpy as np
import torch

from hadam_hw import golden
from hadam_hw.layer import InputFormat
from hadam_hw.model import Provenance
from hadam_hw.quantize import quantize, quantize_codes
from hadam_hw.readout import Pooling
from hadam_hw.train.scores import integers, percent, split_of, vectors_of

#: Sequences that a binary point is chosen on.
CALIBRATION = 1000
EVALUATION_BATCH = 500


def to_model(network, task, settings, calibration=CALIBRATION):
    """The :class:`~hadam_hw.model.Model` of a :class:`~hadam_hw.train.network.HadamRNN`."""
    model = model_of_layers(network, task, settings, calibration)
    if network.stages is None:
        return model
    finer = round(math.log2(network.stages.unit / state_unit(model, task)))
    return model.replace(readout=network.stages.readout(
        finer, pooling=settings.readout, pool_bits=model.readout.pool_bits, classes=task.classes))


def state_unit(model, task):
    """What 1 in an integer state of the top layer would be worth if code 1 of V were worth 1 in each layer."""
    return (1.0 if task.vocabulary else task.scale) * 2.0**-sum(layer.state.frac for layer in model.layers)


def model_of_layers(network, task, settings, calibration):
    """The model of a network, in whose read-out the identity stands for stages.

    Layer by layer: each is calibrated on what the integers of those below it give.
    """
    tokens, size = bool(task.vocabulary), settings.hidden
    sequences, unit = integers(task, task.train.inputs[:calibration]), 1.0 if tokens else task.scale
    form = InputFormat(size, settings.v_bits, True) if tokens else task.format
    common = dict(state_width=settings.state_bits, rounding=settings.rounding, activation=settings.activation)
    identity = dict(output_weight=np.eye(size), output_bias=np.zeros(size), output_bits=1)
    # read out by the identity at every step, a layer says what the one above it takes
    between, at_the_top = identity | dict(emit=Pooling.EVERY), identity | dict(emit=settings.readout)
    if not settings.stages:
        at_the_top |= dict(output_weight=_array(network.output_weight), output_bias=_array(network.output_bias),
                           output_bits=settings.u_bits, classes=task.classes)
    layers, table = [], None
    for layer in network.layers:
        weight, last = _array(layer.input_weight), layer is network.layers[-1]
        model = quantize(
            recurrence=layer.recurrence(), bias=_array(layer.bias), input_bits=layer.bits,
            input_weight=None if layer.vocabulary else weight, table=weight if layer.vocabulary else None,
            input_format=form, input_scale=unit, calibration=sequences, **common, **(at_the_top if last else between))
        layers.append(model.top)
        table = model.table if layer.vocabulary else table
        if not last:
            form = InputFormat(size, settings.state_bits - 1, False)
            unit *= quantize_codes(weight, layer.bits)[1] * 2.0**-model.top.state.frac  # of this layer's integers
            sequences = golden.run(model, sequences).outputs
    return model.replace(layers=tuple(layers), table=table)


def _array(tensor):
    return tensor.detach().cpu().numpy()


def real(task, inputs):
    """What the network takes: float vectors, or tokens."""
    if task.vocabulary:
        return torch.from_numpy(inputs[..., 0].astype(np.int64))
    return torch.from_numpy(inputs.astype(np.float32)) * task.scale


def float_score(network, task, sequences, **options):
    """(percent, mean cross-entropy) of a float network, which is called with ``options``."""
    network.eval()
    right, loss = [], 0.0
    with torch.no_grad():
        for start in range(0, len(sequences), EVALUATION_BATCH):
            part = slice(start, start + EVALUATION_BATCH)
            logits, labels = network(real(task, sequences.inputs[part]), **options), torch.from_numpy(sequences.labels[part])
            loss += cross_entropy(logits, labels).item() * len(labels)
            right.append(percent(logits.numpy(), labels.numpy()) * len(labels))
    network.train()
    return sum(right) / len(sequences), loss / len(sequences)


def cross_entropy(logits, labels):
    """The mean over sequences, and steps where each has a label."""
    return torch.nn.functional.cross_entropy(logits.flatten(0, -2), labels.flatten())


def finish(network, task, settings, fitted, command):
    """The model of the best parameters, with its scores on the test set and real test vectors."""
    network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in fitted.parameters.items()})
    model = to_model(network, task, settings)
    inputs = integers(task, task.test.inputs)
    run = golden.run(model, inputs)
    vectors = vectors_of(model, task, run.outputs)
    float_outputs = None if settings.readout is Pooling.EVERY else golden.float_run(model, inputs)
    codes, loss = float_score(network, task, task.test)
    notes = f"{run.saturations.sum()} saturations on the test set; cross-entropy of the float network {loss:.3g}"
    provenance = Provenance(
        task=task.name, seed=settings.seed, command=command,
        float_score=codes if float_outputs is None else percent(float_outputs, task.test.labels),
        integer_score=percent(run.outputs, task.test.labels),
        full_precision_score=float_score(network, task, task.test, quantised=False)[0],
        validation_score=fitted.validation_score, split=split_of(task, settings), epochs=fitted.epochs, notes=notes)
    return model.replace(vectors=vectors, provenance=provenance, input=task.input)
