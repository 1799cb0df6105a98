# SPDX-License-Identifier: BSD-2-Clause
"""``python -m hadam_hw inspect FILE``, ``check FILE`` and ``import FILE.pth``."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from hadam_hw import golden
from hadam_hw import reference_command as importing
from hadam_hw.cli import Parser, run_cli
from hadam_hw.errors import ModelError
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
    return {"pooling": readout.pooling.value, "pool_bits": readout.pool_bits, "stages": stages,
            "answer": readout.answer.value, "values": [asdict(value) for value in readout.values]}


def check(model):
    """The number of test vectors, recomputed by the golden model and equal.

    Raises
    ------
    ModelError
        If there are none, or one differs.
    """
    if model.vectors is None or not len(model.vectors.labels):
        raise ModelError("Model must carry test vectors to be checked, and has none")
    # The vectors hold the last step's outputs, whatever the hardware is asked to emit.
    outputs = golden.run(model, model.vectors.inputs).outputs
    last = outputs[:, -1] if outputs.ndim == 3 else outputs
    wrong = (last != model.vectors.outputs).any(axis=1)
    if wrong.any():
        raise ModelError(f"Outputs of test vector {int(wrong.argmax())} must be what the golden model computes, "
                         f"and those of {int(wrong.sum())} of {len(wrong)} are not; the file's vectors are of another model")
    return len(wrong)


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    if argv[:1] == ["import"]:
        return importing.main(argv[1:])
    parser = Parser(prog="python -m hadam_hw", description="Looks at a quantised model.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("inspect", "what the model is"), ("check", "its test vectors against the golden model")):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("file", type=Path)
        command.add_argument("--json", action="store_true", help="for machines")
    commands.add_parser("import", help="a checkpoint of HadamRNN's reference code becomes a model", add_help=False)
    arguments = parser.parse_args(argv)
    model = load_model(arguments.file)
    if arguments.command == "check":
        count = check(model)
        sys.stdout.write(json.dumps({"equal": count}) + "\n" if arguments.json else
                         f"{count} test vectors, {count * model.outputs} outputs: equal to the golden model\n")
        return 0
    facts = summary(model)
    sys.stdout.write(json.dumps(facts, indent=2) + "\n" if arguments.json else _text(facts))
    return 0


def _text(facts):
    """The facts for a person: lines of names and values, and a table of the layers and of the stages each."""
    readout = facts["readout"]
    pooling = readout["pooling"] + (f", {readout['pool_bits']} more bits" if readout["pool_bits"] else "")
    single = {name: value for name, value in facts.items() if name not in ("layers", "readout", "provenance")}
    if readout["values"]:
        single["values"] = ", ".join(f"{value['scale']:g} {value['unit']}".rstrip() for value in readout["values"])
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


if __name__ == "__main__":
    sys.exit(run_cli(main))
