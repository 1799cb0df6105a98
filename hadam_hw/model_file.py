# SPDX-License-Identifier: BSD-2-Clause
"""The model's file: an ``.npz`` without pickles, written so that equal models are equal files (docs/numerics.md).

Nothing in a file is trusted. Sizes are checked against the archive's own directory and against limits before anything
is allocated, names and types against the schema, and the values by the constructors that every model goes through.
"""

import io
import json
import re
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

import hadam_hw.oscillators  # noqa: F401, so that files of its kind are known
from hadam_hw.answer import Value
from hadam_hw.archive import ArchiveRules, read_arrays
from hadam_hw.errors import ModelError, ModelFileError
from hadam_hw.files import atomic_write
from hadam_hw.fixed import FixedPoint, Rounding
from hadam_hw.form import SCHEMAS, form_of
from hadam_hw.input import parse_input
from hadam_hw.layer import Activation, InputFormat, Layer, Phase
from hadam_hw.model import Model, Provenance, TestVectors
from hadam_hw.readout import Dense, Pooling, Readout, Requantization
from hadam_hw.recurrence import Recurrence

#: No model that this package can build comes near.
MAX_ARRAY_BYTES = 256 << 20
MAX_ARRAYS = 128
_EPOCH = (1980, 1, 1, 0, 0, 0)
#: An input of the most channels that there are takes less.
MAX_INPUT_BYTES = 4 << 20
#: Of a file that says more than the arithmetic: an input, or a scale of probabilities. Its arithmetic is of schema "form".
SCHEMA_OF_INPUTS = 5
_TEXTS = ("header", "provenance")
_INPUT = "input"
_VECTORS = ("vectors_inputs", "vectors_outputs", "vectors_labels")
_BYTES = re.compile(r"(lower_|layer\d+_)?recurrent|output_weight|stage\d+_codes")


def save_model(model, path):
    """Writes ``model`` to ``path``, whole or not at all."""
    atomic_write(path, model_bytes(model))


def model_bytes(model):
    """The contents of the model's file."""
    form = form_of(model)
    more = _more(model)
    header = {"schema": SCHEMA_OF_INPUTS if more else form.schema, "digest": form.digest, "classes": list(model.classes),
              **form.header, **({"form": form.schema} if more else {}), **more}
    if model.readout.values:
        header["units"] = [value.unit for value in model.readout.values]
    arrays = {"header": _text(header), "provenance": _text(asdict(model.provenance)), **form.arrays}
    if model.input.known:
        arrays[_INPUT] = _text(model.input.header())
    if model.vectors is not None:
        arrays |= dict(zip(_VECTORS, (model.vectors.inputs, model.vectors.outputs, model.vectors.labels)))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array, dtype=_type(name)))
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.external_attr = 0o644 << 16
            archive.writestr(info, member.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return buffer.getvalue()


def schema_of(model):
    """The schema of the model's file."""
    return SCHEMA_OF_INPUTS if _more(model) else form_of(model).schema


def _more(model):
    """What the header of a file of schema 5 holds beside that of its form; empty for a model that needs none."""
    more = {} if model.probability_scale is None else {"probability_scale": model.probability_scale}
    return more | ({"input_digest": model.input.digest} if model.input.known else {})


def load_model(path):
    """Reads a :class:`~hadam_hw.model.Model` from ``path``.

    Raises
    ------
    ModelFileError
        With one sentence, for anything that is not a model of a schema this version knows.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ModelFileError(f"Model file {path} cannot be read: {error.strerror or error}") from None
    try:
        return _parse(read_arrays(io.BytesIO(data), _RULES))
    except ModelError as error:
        raise ModelFileError(f"Model file {path} cannot be used: {error}") from None


def _type(name):
    """The type that the array ``name`` has in a file."""
    return "|u1" if name in (*_TEXTS, _INPUT) else "|i1" if _BYTES.fullmatch(name) else "<i8"


def _text(value):
    return np.frombuffer(json.dumps(value, sort_keys=True, allow_nan=False).encode(), dtype=np.uint8)


def _wrong_type(name, dtype):
    """The type that the array ``name`` must have, or None if ``dtype`` is that."""
    wanted = _type(name)
    return None if dtype.str == wanted else wanted


_RULES = ArchiveRules(error=ModelFileError, what="model", max_arrays=MAX_ARRAYS, max_bytes=MAX_ARRAY_BYTES,
                      max_dimensions=3, check_type=_wrong_type)


def _parse(arrays):
    texts = {name: _json(arrays, name) for name in _TEXTS}
    header = texts["header"]
    schema = header.get("schema")
    if type(schema) is not int or schema not in (*SCHEMAS, SCHEMA_OF_INPUTS):  # True and 4.0 are equal to integers
        raise ModelFileError(f"it has schema {schema!r} and this version reads schemas 1 to {SCHEMA_OF_INPUTS}; "
                             "a newer hadam_hw may read it")
    given = _integer(header.get("form")) if schema == SCHEMA_OF_INPUTS else schema
    try:
        layers, readout = (_numbered if given == 4 else _named)(header, arrays)
        model = Model(
            layers=layers, readout=readout, table=arrays.get("table"), provenance=Provenance(**texts["provenance"]),
            vectors=TestVectors(*(arrays[name] for name in _VECTORS)) if _VECTORS[0] in arrays else None,
            input=_input(arrays, layers[0].input) if _INPUT in arrays and layers else None,
            probability_scale=header.get("probability_scale"))
    except KeyError as error:
        raise ModelFileError(f"it lacks {error.args[0]!r}") from None
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ModelFileError(f"its header is malformed ({error})") from None
    form = form_of(model)
    more = _more(model)
    if given != form.schema or (schema == SCHEMA_OF_INPUTS) != bool(more):
        wanted = SCHEMA_OF_INPUTS if more else form.schema
        raise ModelFileError(f"it says schema {schema} and holds what schema {wanted} is for")
    if more.get("input_digest") != header.get("input_digest"):
        raise ModelFileError("its input does not match its digest; it was damaged or edited")
    expected = {*_TEXTS, *form.arrays, *(_VECTORS if model.vectors is not None else ())}
    if model.input.known:
        expected.add(_INPUT)
    if set(arrays) != expected:
        raise ModelFileError(f"it has arrays that no model has: {', '.join(sorted(set(arrays) - expected))}")
    if form.digest != header.get("digest"):
        raise ModelFileError("its contents do not match its digest; it was damaged or edited")
    return model


def _input(arrays, form):
    """The model's :class:`~hadam_hw.input.Input`."""
    if arrays[_INPUT].size > MAX_INPUT_BYTES:
        raise ModelFileError(f"its input takes {arrays[_INPUT].size} bytes, more than any model's")
    return parse_input(_json(arrays, _INPUT), form)


def _named(header, arrays):
    """Layers and read-out of schemas 1 to 3: a top layer, and the one below it if there is one."""
    phases = header["phases"]
    stage = Dense(codes=arrays["output_weight"], bits=_integer(header["output_bits"]),
                  biases=tuple(arrays[f"output_bias_{p}"] for p in range(len(phases))))
    readout = Readout(
        pooling=Pooling(header["emit"]), stages=(stage,), scales=tuple(entry["output_scale"] for entry in phases),
        pool_bits=_integer(header.get("pool_bits", 0)), classes=_names(header))
    layers = [_layer(header, arrays, "")]
    if "lower" in header:
        layers.insert(0, _layer(header["lower"], arrays, "lower_"))
    return tuple(layers), readout


def _numbered(header, arrays):
    """Layers and read-out of schema 4."""
    layers = tuple(_layer(entry, arrays, f"layer{k}_") for k, entry in enumerate(header["layers"]))
    phases = len(layers[-1].phases) if layers else 1
    stages = tuple(_stage(entry, _Part(arrays, f"stage{k}_"), 1 if k else phases) for k, entry in enumerate(header["stages"]))
    return layers, Readout(pooling=Pooling(header["pooling"]), stages=stages, scales=tuple(header["scales"]),
                           pool_bits=_integer(header["pool_bits"]), classes=_names(header), values=_values(header))


def _values(header):
    """What the outputs measure: units stand beside the names of classes, outside of the digest."""
    if "values" not in header:
        return ()
    return tuple(Value(scale, unit) for scale, unit in zip(header["values"], header["units"], strict=True))


def _stage(header, arrays, phases):
    header = dict(header)
    kind, requantization = header.pop("kind", Dense.kind), header.pop("requantization")
    if kind not in Dense.kinds():
        raise ModelFileError(f"it has an unknown stage {kind!r}")
    requantization = None if requantization is None else Requantization(**_integers(requantization))
    return Dense.kinds()[kind].parse(_integers(header), arrays, phases, requantization)


class _Part(dict):
    """The arrays whose names begin with ``prefix``, by the rest of their names; one that is missing is named in full."""

    def __init__(self, arrays, prefix):
        super().__init__({name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)})
        self.prefix = prefix

    def __missing__(self, name):
        raise KeyError(self.prefix + name)


def _layer(header, arrays, prefix):
    """The layer whose arrays' names begin with ``prefix``."""
    own = _Part(arrays, prefix)
    signed = header["input"]["signed"]
    if not isinstance(signed, bool):
        raise ModelFileError("the input's signedness must be true or false")
    return Layer(
        recurrence=_recurrence(header["recurrence"], own),
        phases=tuple(Phase(own[f"input_codes_{p}"], _integer(entry["input_frac"]), own[f"bias_{p}"])
                     for p, entry in enumerate(header["phases"])),
        input=InputFormat(_integer(header["input"]["size"]), _integer(header["input"]["width"]), signed),
        state=FixedPoint(**_integers(header["state"])), rounding=Rounding(header["rounding"]),
        input_bits=_integer(header["input_bits"]),
        activation=Activation(header.get("activation", Activation.LINEAR.value)))


def _names(header):
    return tuple(str(name) for name in header["classes"])


def _recurrence(header, arrays):
    header = dict(header)
    kind = header.pop("kind")
    if kind not in Recurrence.kinds():
        raise ModelFileError(f"it has an unknown recurrence {kind!r}")
    return Recurrence.kinds()[kind].parse(_integers(header), arrays)


def _json(arrays, name):
    if name not in arrays:
        raise ModelFileError(f"it lacks {name!r}")
    try:
        value = json.loads(arrays[name].tobytes().decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"its {name} is not valid JSON ({error})") from None
    if not isinstance(value, dict):
        raise ModelFileError(f"its {name} must be a JSON object")
    return value


def _no_constant(name):
    raise ValueError(f"{name} is not a number")


def _integer(value):
    if isinstance(value, bool) or not isinstance(value, int):
        raise ModelFileError(f"it has {value!r} where an integer belongs")
    return value


def _integers(entries):
    return {name: _integer(value) for name, value in entries.items()}
