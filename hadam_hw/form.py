# SPDX-License-Identifier: BSD-2-Clause
"""What a model's file says: a schema, a header of scalars and arrays by name; and the digest over them (docs/numerics.md).

A model is written in the lowest schema that can say it, so files and digests stay what they are when the format grows:

1. one layer with a linear recurrence, one stage;
2. a rectified recurrence, or two layers;
3. a leak, a pool or a table;
4. any number of layers, wires, hidden stages, any kind of recurrence, outputs that are values. Layers and stages are numbered.

A file that says how to encode measured numbers is of schema 5 (:mod:`hadam_hw.model_file`); its arithmetic is of one of these.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field

from hadam_hw.layer import Activation
from hadam_hw.readout import Dense

SCHEMAS = (1, 2, 3, 4)


@dataclass(frozen=True)
class Form:
    """A model as a file holds it, but for its provenance, class names and vectors.

    Parameters
    ----------
    schema : int
    header : dict
        The scalars that define the arithmetic, ready for JSON.
    arrays : dict of str to array
        The arrays that define the arithmetic.
    """

    schema: int
    header: dict = field(repr=False)
    arrays: dict = field(repr=False)

    @property
    def digest(self):
        """SHA-256, in hex, over header and arrays."""
        hasher = hashlib.sha256(json.dumps(self.header, sort_keys=True).encode())
        for name, array in sorted(self.arrays.items()):
            hasher.update(f"{name}{array.shape}".encode() + array.astype("<i8").tobytes())
        return hasher.hexdigest()


def layer_digest(layer):
    """SHA-256, in hex, over all that defines the arithmetic of a layer."""
    return Form(4, _layer_header(layer), _layer_arrays(layer, "")).digest


def form_of(model):
    """The :class:`Form` of a model, in the lowest schema that can say what it is."""
    schema = _schema(model)
    return Form(schema, *(_numbered(model) if schema == 4 else _named(model)))


def _schema(model):
    layers, readout = model.layers, model.readout
    schema = max(part.schema for part in (*(layer.recurrence for layer in layers), *readout.stages))
    if len(layers) > 2 or len(readout.stages) > 1 or readout.values or model.table is not None and len(layers) > 1:
        return 4
    if readout.pool_bits or model.table is not None:
        schema = max(schema, 3)
    if len(layers) > 1 or any(layer.activation is not Activation.LINEAR for layer in layers):
        schema = max(schema, 2)
    return schema


def _layer_header(layer, scales=None):
    """Of schemas 1 to 3 where there are ``scales``, which stand with the phases there."""
    phases = [{"input_frac": phase.input_frac} for phase in layer.phases]
    for entry, scale in zip(phases, scales or ()):
        entry["output_scale"] = scale
    # named only where it differs from what files of schema 1 mean, so that their digests stay what they are
    activation = {} if layer.activation is Activation.LINEAR else {"activation": layer.activation.value}
    return activation | {
        "recurrence": {"kind": layer.recurrence.kind} | layer.recurrence.header(), "input": asdict(layer.input),
        "state": asdict(layer.state), "rounding": layer.rounding.value, "input_bits": layer.input_bits, "phases": phases}


def _layer_arrays(layer, prefix):
    arrays = {prefix + name: array for name, array in layer.recurrence.arrays().items()}
    for p, phase in enumerate(layer.phases):
        arrays |= {f"{prefix}input_codes_{p}": phase.input_codes, f"{prefix}bias_{p}": phase.bias}
    return arrays


def _named(model):
    """Header and arrays of schemas 1 to 3, which name the parts of a top layer and of a lower one."""
    *below, top = model.layers
    readout, stage = model.readout, model.readout.stages[0]
    header = _layer_header(top, readout.scales) | {"emit": readout.pooling.value, "output_bits": stage.bits}
    if readout.pool_bits:
        header["pool_bits"] = readout.pool_bits
    arrays = _layer_arrays(top, "")
    if model.table is not None:
        arrays["table"] = model.table
    arrays["output_weight"] = stage.codes
    arrays |= {f"output_bias_{p}": bias for p, bias in enumerate(stage.biases)}
    for lower in below:
        header["lower"] = _layer_header(lower, (1.0,))
        arrays |= _layer_arrays(lower, "lower_")
    return header, arrays


def _numbered(model):
    """Header and arrays of schema 4."""
    readout = model.readout
    header = {
        "layers": [_layer_header(layer) for layer in model.layers], "pooling": readout.pooling.value,
        "pool_bits": readout.pool_bits, "scales": list(readout.scales),
        "stages": [_stage_header(stage) for stage in readout.stages]}
    if readout.values:
        header["values"] = [value.scale for value in readout.values]
    arrays = {}
    for k, layer in enumerate(model.layers):
        arrays |= _layer_arrays(layer, f"layer{k}_")
    if model.table is not None:
        arrays["table"] = model.table
    for k, stage in enumerate(readout.stages):
        arrays |= {f"stage{k}_{name}": array for name, array in stage.arrays().items()}
    return header, arrays


def _stage_header(stage):
    kind = {} if stage.kind == Dense.kind else {"kind": stage.kind}
    requantization = None if stage.requantization is None else asdict(stage.requantization)
    return kind | stage.header() | {"requantization": requantization}
