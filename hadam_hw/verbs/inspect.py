# SPDX-License-Identifier: BSD-2-Clause
"""``hadam inspect FILE``: what a model is."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from hadam_hw.cli import VerbParser
from hadam_hw.form import form_of
from hadam_hw.model_file import load_model


def summary(model):
    """What there is to know of ``model``, as data for JSON."""
    return {
        "digest": model.digest, "schema": form_of(model).schema, "size": model.size, "inputs": model.inputs,
        "outputs": model.outputs, "tokens": None if model.table is None else len(model.table),
        "layers": [_layer(layer) for layer in model.layers], "readout": _readout(model),
        "classes": list(model.classes), "model_bytes": model.model_bytes, "readout_width": model.readout_width,
        "provenance": asdict(model.provenance), "vectors": 0 if model.vectors is None else len(model.vectors.labels),
    }


def _layer(layer):
    recurrence = layer.recurrence
    return {"recurrence": {"kind": recurrence.kind, "words": recurrence.words} | recurrence.header(), "size": layer.size,
            "input": asdict(layer.input), "input_bits": layer.input_bits, "state": asdict(layer.state),
            "rounding": layer.rounding.value, "activation": layer.activation.value, "phases": len(layer.phases)}


def _readout(model):
    """Pooling and stages; ``width`` is that of a stage's sums."""
    readout, stages = model.readout, []
    for stage, width in zip(model.readout.stages, model.readout.widths(model.top.state), strict=True):
        end = stage.requantization
        stages.append({"outputs": stage.outputs, "inputs": stage.inputs, "bits": stage.bits, "bias_shift": stage.bias_shift,
                       "width": width, "shift": end and end.shift, "activation_bits": end and end.width})
    return {"pooling": readout.pooling.value, "pool_bits": readout.pool_bits, "stages": stages}


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parser = VerbParser("inspect", description="Shows what a model is: layers, read-out, bytes, where it comes from.")
    parser.add_argument("file", type=Path, help="the quantised model (.npz)")
    parser.add_argument("--json", action="store_true", help="for machines")
    arguments = parser.parse_args(argv)
    facts = summary(load_model(arguments.file))
    sys.stdout.write(json.dumps(facts, indent=2) + "\n" if arguments.json else _text(facts))
    return 0


def _text(facts):
    """The facts for a person: lines of names and values, and a table of the layers and of the stages each."""
    readout = facts["readout"]
    pooling = readout["pooling"] + (f", {readout['pool_bits']} more bits" if readout["pool_bits"] else "")
    single = {name: value for name, value in facts.items() if name not in ("layers", "readout", "provenance")}
    layers = [_layer_row(k, layer) for k, layer in enumerate(facts["layers"])]
    stages = [_stage_row(k, stage) for k, stage in enumerate(readout["stages"])]
    return (_lines(single) + "\n"
            + _table(("layers", "units", "recurrence", "input", "bits of V", "state", "rounding", "activation"), layers) + "\n"
            + _table((f"read-out, {pooling}", "codes", "bits of U", "bits of a sum", "shift", "activation"), stages) + "\n"
            + _lines(facts["provenance"]))


def _layer_row(number, layer):
    given, state, sign = layer["input"], layer["state"], "signed" if layer["input"]["signed"] else "unsigned"
    vector, word = f"{given['size']} of {given['width']} bits {sign}", f"{state['width']} bits, fraction {state['frac']}"
    return (f"layer {number}", str(layer["size"]), layer["recurrence"]["words"], vector, str(layer["input_bits"]), word,
            layer["rounding"], layer["activation"])


def _stage_row(number, stage):
    end = ("none", "none, exact") if stage["shift"] is None else (str(stage["shift"]), f"{stage['activation_bits']} bits")
    return f"stage {number}", f"{stage['outputs']} x {stage['inputs']}", str(stage["bits"]), str(stage["width"]), *end


def _lines(facts):
    return "".join(f"{name:<22} {value}\n" for name, value in facts.items() if value not in (None, "", []))


def _table(head, rows):
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return "".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
                   for row in (head, *rows))
