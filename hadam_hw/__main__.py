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
from hadam_hw.model_file import load_model


def summary(model):
    """What there is to know of ``model``, as data for JSON."""
    return {
        "digest": model.digest, "size": model.size, "inputs": model.inputs, "outputs": model.outputs,
        **model.header(), "classes": list(model.classes), "model_bytes": model.model_bytes,
        "readout_width": model.readout_width, "provenance": asdict(model.provenance),
        "vectors": 0 if model.vectors is None else len(model.vectors.labels),
    }


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
    sys.stdout.write(json.dumps(facts, indent=2) + "\n" if arguments.json else _lines(facts))
    return 0


def _lines(facts, indent=""):
    text = ""
    for name, value in facts.items():
        if isinstance(value, dict):
            text += f"{indent}{name}\n" + _lines(value, indent + "  ")
        elif value not in (None, "", []):
            text += f"{indent}{name:<22} {value}\n"
    return text


if __name__ == "__main__":
    sys.exit(run_cli(main))
