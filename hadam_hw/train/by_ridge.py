# SPDX-License-Identifier: BSD-2-Clause
"""A training in closed form, from the task to the record: no PyTorch, and without numba slower but the same."""

import time
from dataclasses import replace

from hadam_hw import golden
from hadam_hw.errors import DataError
from hadam_hw.model import Model, Provenance
from hadam_hw.model_file import save_model
from hadam_hw.train.progress import progress_on
from hadam_hw.train.record import Metrics, record_of
from hadam_hw.train.ridge import fit_ridge, read_vectors
from hadam_hw.train.scores import percent, vectors_of
from hadam_hw.train.settings import Signs


def train_ridge(tried, task, out, console, command):
    """Fits with the settings ``tried`` and saves the best: (record, what to tell, False, since nothing is left when
    interrupted)."""
    began = time.perf_counter()
    tried = [replace(settings, signs=Signs.FIXED) for settings in tried]
    first = tried[0]
    leaks = f"leak {' or '.join(str(settings.leak) for settings in tried)}"
    console.print(f"ridge: {first.hidden} units in blocks of {first.block}, wires {first.wires.value}, "
                  f"V of {first.v_bits} bits drawn, U of {first.u_bits} bits fitted, "
                  f"read-out of the {first.readout.value}, {leaks}", highlight=False)
    with progress_on(console) as progress:
        bar = progress.add_task("states")
        fitted = fit_ridge(task, tried, lambda done, total: progress.update(bar, completed=done, total=total))
    metrics = Metrics(out.with_suffix(".jsonl"), fitted.settings)
    console.print("scoring the integers on the test set ...")
    model = finish_ridge(task, fitted, command)
    save_model(model, out)
    record = record_of(model, fitted.settings, metrics, out) | {"seconds": round(time.perf_counter() - began, 1)}
    metrics.write({"result": record})
    sentence = (f"{out}: {record['integer']:.2f} % as integers, {record['validation']:.2f} % on validation; "
                f"{record['bytes']} bytes; {model.provenance.notes}\n"
                f"next: python -m rtl_gen --weights {out} --board icebreaker")
    return record, sentence, False


def finish_ridge(task, fitted, command):
    """The model of a :class:`~hadam_hw.train.ridge.FittedRidge` with its score on the test set and real test vectors.

    Raises
    ------
    DataError
        If the golden model has other outputs of the test vectors than the states that were scored, which no release should.
    """
    settings = fitted.settings
    model = Model(layers=(fitted.layer,), readout=fitted.readout)
    states, saturations = read_vectors(fitted.layer, settings.readout, task.test.inputs)
    outputs = fitted.readout(states, 0)
    vectors = vectors_of(model, task, outputs)
    if (golden.run(model, vectors.inputs).outputs != vectors.outputs).any():
        raise DataError("States of the compiled kernel must equal the golden model's, and on test vectors they do not; "
                        "report it with the command")
    provenance = Provenance(
        task=task.name, seed=settings.seed, command=command, integer_score=percent(outputs, task.test.labels),
        validation_score=fitted.validation_score, split=task.split,
        notes=f"recurrence drawn, leak {settings.leak}; ridge of {fitted.strength:.1e}; "
              f"{saturations} saturations on the test set")
    return model.replace(vectors=vectors, provenance=provenance, input=task.input)
