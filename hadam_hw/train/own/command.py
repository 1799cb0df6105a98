# SPDX-License-Identifier: BSD-2-Clause
"""``hadam fit --data PATH --out MODEL``: from recordings of one's own to a model, its scores, and what repeats it."""

import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path

from hadam_hw.cli import INTERRUPTED
from hadam_hw.errors import DataError
from hadam_hw.evaluation_text import matrix_picture, show_evaluation
from hadam_hw.files import atomic_write, check_file_out
from hadam_hw.model_file import save_model
from hadam_hw.recordings import read_recordings
from hadam_hw.terminal import console, printable, show_table
from hadam_hw.train.own.options import config_text
from hadam_hw.train.own.prepare import own_data
from hadam_hw.train.own.train import train_own

#: Sentences about the recordings that are shown; the others are counted.
WARNINGS = 8


def fit_files(options, out, argv, as_json=False):
    """Trains on the recordings at ``options.data``, writes ``out``, its configuration and its picture; returns the exit code.

    Parameters
    ----------
    options : OwnOptions
    out : Path
    argv : list of str
        The command line, for the model's provenance.
    as_json : bool
        Whether the scores go to standard output as one line of JSON in place of tables.
    """
    check_file_out(out)
    config, picture = out.with_suffix(".toml"), out.with_suffix(".svg")
    for path in (config, picture):
        check_file_out(path)
    if out.suffix in (".toml", ".svg"):
        raise DataError(f"out must be the model's .npz, not {out.name}, which is a name of what goes beside it")
    told = console(stderr=True, quiet=as_json)
    told.print(f"reading {printable(options.data)} ...")
    recordings = read_recordings(options.data, options.read)
    data = own_data(recordings, options, printable(Path(options.data).resolve().name))
    for sentence in data.warnings[:WARNINGS]:
        told.print(f"note: {printable(sentence)}")
    if len(data.warnings) > WARNINGS:
        told.print(f"note: and {len(data.warnings) - WARNINGS} more; hadam data {shlex.quote(str(options.data))} has all")
    command = "hadam fit " + shlex.join(argv)
    trained = train_own(data, options, told, command)
    model, evaluation = trained.model, trained.evaluation
    save_model(model, out)
    title = f"{printable(out.name)}: {evaluation.percent:.2f} % of {evaluation.count} {trained.judged}"
    atomic_write(picture, matrix_picture(evaluation, title))
    repeat = replace(options, mu_law=trained.mu_law, fit=trained.fit, probability_scale=model.probability_scale)
    comment = f"hadam fit --config {config.name} makes {out.name} again."
    atomic_write(config, config_text(repeat, trained.settings, out, comment))
    if as_json:
        sys.stdout.write(json.dumps(_record(model, trained, out)) + "\n")
    else:
        _show(trained, evaluation, out, config, picture)
    return INTERRUPTED if trained.interrupted else 0


def _record(model, trained, out):
    return {"out": str(out), "digest": model.digest, "bytes": model.model_bytes, "integer": model.provenance.integer_score,
            "validation": trained.percent, "fit": trained.fit.value, "settings": trained.settings.as_json(),
            "mu_law": list(trained.mu_law), "seconds": round(trained.seconds, 1),
            "tried": [{"words": one.words, "error": one.error, "percent": one.percent} for one in trained.tried],
            "evaluation": trained.evaluation.as_json() if model.provenance.integer_score is not None else None}


def _show(trained, evaluation, out, config, picture):
    show_table(("tried on validation", "squared error>", "right>"),
               [(one.words, "" if one.error is None else f"{one.error:.4f}", f"{one.percent:.1f} %") for one in trained.tried])
    sys.stdout.write("\n")
    show_evaluation(evaluation, trained.judged)
    model = trained.model
    words = f"{out}: {evaluation.percent:.2f} % of {evaluation.count} {trained.judged}, as integers"
    if model.provenance.integer_score is not None and trained.percent is not None:
        words += f"; {trained.percent:.2f} % on validation"
    told = shlex.quote(str(out))
    sys.stdout.write(printable(f"{words}; {model.model_bytes} bytes; {model.provenance.split}") + "\n"
                     + f"picture: {printable(picture)}; to repeat it: hadam fit --config {shlex.quote(str(config))}\n"
                     + f"next: hadam predict {told} FILE, or hadam build --weights {told} --board icebreaker\n")
