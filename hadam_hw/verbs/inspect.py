# SPDX-License-Identifier: BSD-2-Clause
"""``hadam inspect FILE``: what a model is."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from hadam_hw.cli import VerbParser
from hadam_hw.input import Law, NoFrontEnd
from hadam_hw.model_file import load_model, schema_of


def summary(model):
    """What there is to know of ``model``, as data for JSON."""
    return {
        "digest": model.digest, "schema": schema_of(model), "size": model.size, "inputs": model.inputs,
        "outputs": model.outputs, "tokens": None if model.table is None else len(model.table),
        "layers": [_layer(layer) for layer in model.layers], "readout": _readout(model),
        "classes": list(model.classes), "model_bytes": model.model_bytes, "readout_width": model.readout_width,
        "provenance": asdict(model.provenance), "vectors": 0 if model.vectors is None else len(model.vectors.labels),
        "probability_scale": model.probability_scale, "input": _input(model.input) if model.input.known else None,
    }


def _input(source):
    """What the file says of the input, and in words what follows from it."""
    ranges = [{"lowest": low, "highest": high, "step": channel.step}
              for channel in source.channels for low, high in (channel.range(source.format),)]
    return source.header() | {
        "digest": source.digest, "ranges": ranges, "front_end_words": source.front_end.words, "step_hz": source.step_hz,
        "length_words": source.length.words, "sources": [one._asdict() for one in source.sources]}


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
    return {"pooling": readout.pooling.value, "pool_bits": readout.pool_bits, "stages": stages,
            "answer": readout.answer.value, "values": [asdict(value) for value in readout.values]}


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
    single = {name: value for name, value in facts.items() if name not in ("layers", "readout", "provenance", "input")}
    if readout["values"]:
        single["values"] = ", ".join(f"{value['scale']:g} {value['unit']}".rstrip() for value in readout["values"])
    layers = [_layer_row(k, layer) for k, layer in enumerate(facts["layers"])]
    stages = [_stage_row(k, stage) for k, stage in enumerate(readout["stages"])]
    return (_lines(single) + "\n" + ("" if facts["input"] is None else _input_text(facts["input"]) + "\n")
            + _table(("layers", "units", "recurrence", "input", "bits of V", "state", "rounding", "activation"), layers) + "\n"
            + _table((f"read-out, {pooling}", "codes", "bits of U", "bits of a sum", "shift", "activation"), stages) + "\n"
            + _lines(facts["provenance"]))


def _input_text(facts):
    """The input for a person: a table of the channels, and what else its file says."""
    rows = [(entry["name"], entry["unit"] or "-", f"{_short(ends['lowest'])} ... {_short(ends['highest'])}",
             f"in steps of {ends['step']:.2g}" + ("" if entry["law"] == Law.LINEAR.value else " and more"), entry["law"])
            for entry, ends in zip(facts["channels"], facts["ranges"], strict=True)]
    rate, front = facts["rate_hz"], facts["front_end_words"]
    window = f"{facts['window']} steps, a new one every {facts['hop']}" if facts["window"] else "none"
    return _table((f"input, {facts['encoding']}", "unit", "range", "codes", "law"), rows) + _lines({
        "sources": ", ".join(f"{source['name']} [{source['unit']}]" if source["unit"] else source["name"]
                             for source in facts["sources"]) if facts["front_end"]["kind"] != NoFrontEnd.kind else "",
        "front end": front, "rate": rate and f"{rate:g} Hz", "window": window, "length": facts["length_words"],
        "digest of the input": facts["digest"], "source of the data": facts["source"], "licence of the data": facts["licence"]})


def _short(number):
    """A number in three digits, without an exponent where that is as short."""
    return f"{number:.0f}" if 1000 <= abs(number) < 1e6 else f"{number:.3g}"


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
