# SPDX-License-Identifier: BSD-2-Clause
"""What a training writes down: a JSON-lines file of its epochs, and one record of what came out."""

import json

from hadam_hw.errors import DataError


class Metrics:
    """A JSON-lines file that a resumed training goes on with: the settings, a line an epoch, a line of results.

    Parameters
    ----------
    path : Path
    settings : Settings
        Lines of other settings are dropped.
    """

    def __init__(self, path, settings):
        self.path = path
        self.epochs = []
        head = {"settings": settings.as_json()}
        lines = read_lines(path)
        if lines and lines[0] == head:
            self.epochs = [line for line in lines[1:] if "epoch" in line]
        path.write_text("".join(json.dumps(line) + "\n" for line in [head, *self.epochs]), encoding="utf-8")

    def write(self, line):
        """Appends a line; an epoch written before (by a run killed between line and checkpoint) is replaced."""
        if "epoch" in line:
            self.epochs = [known for known in self.epochs if known["epoch"] < line["epoch"]] + [line]
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    @property
    def seconds(self):
        """Of all epochs."""
        return sum(epoch["seconds"] for epoch in self.epochs)


def read_lines(path):
    """The objects of a JSON-lines file, up to a line that a killed run left unfinished; none if there is no file."""
    if not path.exists():
        return []
    lines = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            break  # a run was killed in the middle of it
    if not all(isinstance(line, dict) for line in lines):
        raise DataError(f"Metrics {path} must be lines of JSON objects; move the file away")
    return lines


def record_of(model, settings, metrics, out):
    """One flat record of a finished training: a row of the results table."""
    scores = model.provenance
    return {
        "out": str(out), "task": settings.task, "fit": settings.fit.value, "recurrence": settings.recurrence.value,
        "hidden": settings.hidden, "block": settings.block, "leak": settings.leak, "leaks": settings.leaks,
        "wires": settings.wires.value, "drive": settings.drive.value, "stages": settings.stages,
        "readout": settings.readout.value, "activation": settings.activation.value,
        "signs": settings.signs.value, "v_bits": settings.v_bits, "u_bits": settings.u_bits,
        "state_bits": settings.state_bits, "integer": scores.integer_score, "float": scores.float_score,
        "full_precision": scores.full_precision_score, "validation": scores.validation_score,
        "bytes": model.model_bytes, "digest": model.digest, "epochs": scores.epochs,
        "folds": settings.folds, "until": settings.until,
        "seconds": round(metrics.seconds, 1), "seed": settings.seed}
