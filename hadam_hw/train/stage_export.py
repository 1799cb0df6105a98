# SPDX-License-Identifier: BSD-2-Clause
"""A drawn layer and the read-out trained behind it as a file, until the model file has stages: arrays, and a JSON header."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.files import atomic_write
from hadam_hw.fixed import FixedPoint, Rounding
from hadam_hw.layer import Activation, InputFormat, Layer, Phase
from hadam_hw.readout import Dense, Pooling, Readout, Requantization
from hadam_hw.recurrence import Recurrence


def export_model(layer, readout, provenance, path):
    """Writes ``layer``, ``readout`` and ``provenance`` (a dict for JSON) to ``path``, an ``.npz``; equals are equal bytes."""
    readout.check_state(layer.state, layer.size, len(layer.phases))
    stages = [{"bits": stage.bits, "bias_shift": stage.bias_shift} | (
        {} if stage.requantization is None else {"shift": stage.requantization.shift, "width": stage.requantization.width})
        for stage in readout.stages]
    header = {"layer": layer.layer_header(), "pooling": readout.pooling.value, "pool_bits": readout.pool_bits, "stages": stages,
              "scales": readout.scales, "classes": readout.classes, "provenance": provenance}
    arrays = {"header": np.frombuffer(json.dumps(header, sort_keys=True).encode(), np.uint8)} | layer.layer_arrays()
    for k, stage in enumerate(readout.stages):
        arrays |= {f"stage_{k}_codes": stage.codes, f"stage_{k}_biases": np.stack(stage.biases)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            member = io.BytesIO()
            np.save(member, values)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED)
    atomic_write(path, buffer.getvalue())


def import_model(path):
    """(layer, readout, provenance) of a file of :func:`export_model`.

    Raises
    ------
    DataError
        If it is none.
    """
    try:
        with np.load(io.BytesIO(Path(path).read_bytes()), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive}
        header = json.loads(arrays.pop("header").tobytes())
        given = header["layer"]
        kind = given["recurrence"].pop("kind")
        recurrence = Recurrence.kinds()[kind].parse(given["recurrence"], arrays)
        phases = tuple(Phase(arrays[f"input_codes_{p}"], phase["input_frac"], arrays[f"bias_{p}"],
                             output_scale=phase["output_scale"]) for p, phase in enumerate(given["phases"]))
        layer = Layer(recurrence=recurrence, input=InputFormat(**given["input"]), state=FixedPoint(**given["state"]),
                      rounding=Rounding(given["rounding"]), phases=phases, input_bits=given["input_bits"],
                      activation=Activation(given.get("activation", "linear")))
        stages = tuple(Dense(codes=arrays[f"stage_{k}_codes"], bits=stage["bits"], biases=tuple(arrays[f"stage_{k}_biases"]),
                             bias_shift=stage["bias_shift"],
                             requantization=Requantization(stage["shift"], stage["width"]) if "shift" in stage else None)
                       for k, stage in enumerate(header["stages"]))
        readout = Readout(pooling=Pooling(header["pooling"]), stages=stages, scales=tuple(header["scales"]),
                          pool_bits=header["pool_bits"], classes=tuple(header["classes"]))
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} must hold a layer and its read-out, as a training of stages writes them ({error})") from None
    return layer, readout, header["provenance"]
