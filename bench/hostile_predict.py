# SPDX-License-Identifier: BSD-2-Clause
"""``hadam predict`` on files that lie, by models of all kinds: what it says is for a terminal, a spreadsheet or a machine."""

import csv
import io
import json
import os
import re
import sys
import zlib
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from types import SimpleNamespace

import numpy as np

from bench.own_models import random_model
from hadam_hw.errors import HadamError
from hadam_hw.input import BankFrontEnd, Crop, Input, LengthRule, Padding
from hadam_hw.input.bank_design import mel_bank
from hadam_hw.layer import InputFormat
from hadam_hw.model_file import save_model
from hadam_hw.readout import Pooling
from hadam_hw.verbs import predict

#: The beginning of a file that is tried as lines.
STREAM_BYTES = 1 << 14
#: A cell that begins so is a formula to a spreadsheet, unless it is a number.
_FORMULA = re.compile(r"[=+@\t\r]|-(?!\d+(\.\d+)?$)")


def save_models(folder):
    """The files of the models, each (path, options of the verb)."""
    values = np.random.default_rng(1).normal(size=(500, 3))
    made = {
        "windows": (_model(Input.fit([values[:, :2]], channels=["c0", "c1"], units=["g", "g"], rate_hz=100, window=4, hop=2)),
                    ["--csv"]),
        "one": (_model(Input.fit([values[:, :1]], channels=["c0"], length=LengthRule(20, Padding.FRONT, Crop.LOUDEST)),
                       pooling=Pooling.SUM), ["--json"]),
        "three": (_model(Input.fit([values], channels=["c0", "c1", "c2"], units=["g"] * 3, companded=True)), ["--json"]),
        "counts": (_model(Input.fit([values], counts=[0.5] * 3)), ["--units", "counts", "--csv"]),
        "codes": (_model(Input(InputFormat(2, 4, True)), pooling=Pooling.EVERY), []),
        "sound": (_model(Input.direct(BankFrontEnd(mel_bank(8000)), width=8, window=8, hop=4), pooling=Pooling.SUM), []),
    }
    for name, (model, _) in made.items():
        save_model(model, folder / f"{name}.npz")
    made["sound"][0].input.encode(np.zeros((999, 1)))  # a compiled loop is loaded once
    return [(folder / f"{name}.npz", options) for name, (_, options) in made.items()]


def _model(source, **settings):
    return random_model(source, classes=("=left", "right", "u p"), **settings)


def through_predict(models):
    """What tries a path: ``predict`` with three of ``models``, (path, options), that the file's first
    bytes choose; the third of a table is asked about its lines as they come."""
    def reads(path):
        regular = path.is_file() and not path.is_symlink()
        with open(path if regular else os.devnull, "rb") as file:
            chosen = np.random.default_rng(zlib.crc32(file.read(STREAM_BYTES))).permutation(len(models))[:3]
        first, second, third = (models[k] for k in chosen)
        ask = _lines if regular and path.suffix.casefold() == ".csv" else _files
        return [partial(_files, first), partial(_files, second), partial(ask, third)]

    return reads


def _files(model, path):
    """``predict MODEL PATH``; checks what it writes."""
    file, options = model
    _check(_said([str(file), *options, str(path)]), options)


def _lines(model, path):
    """``predict MODEL -`` on the beginning of the file; its sentences are about the lines, and not the file."""
    file, options = model
    with open(path, "rb") as opened:
        lines = io.BytesIO(opened.read(STREAM_BYTES))
    kept, sys.stdin = sys.stdin, SimpleNamespace(buffer=lines)
    try:
        _check(_said([str(file), *options, "-"]), options)
    except HadamError as error:
        if not str(error).isprintable() or not str(error).startswith(("-", "Lines")):
            raise AssertionError(f"the sentence names no lines: {error}") from None
    finally:
        sys.stdin = kept


def _said(argv):
    """What the verb writes on standard output."""
    out, notes = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(notes):
        predict.main(argv)
    for line in notes.getvalue().splitlines():
        if not line.isprintable():
            raise AssertionError(f"a note has characters that a terminal obeys: {line!r}")
    return out.getvalue()


def _check(text, options):
    if "--json" in options:
        for line in text.splitlines():
            json.loads(line, parse_constant=_no_number)
    elif "--csv" in options:
        rows = list(csv.reader(io.StringIO(text), strict=True))
        if any(len(row) != len(rows[0]) for row in rows) or any(_FORMULA.match(cell) for row in rows for cell in row):
            raise AssertionError(f"a row is ragged or a formula: {rows}"[:500])
    elif not all(letter.isprintable() or letter in "\n\t" for letter in text):
        raise AssertionError("the table has characters that a terminal obeys")


def _no_number(text):
    raise AssertionError(f"{text} is no JSON")
