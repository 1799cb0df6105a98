# SPDX-License-Identifier: BSD-2-Clause
"""Matrix, recalls and worst groups; and what others read is not what somebody's names make of it."""

import csv
import io
from xml.etree import ElementTree

import numpy as np

from hadam_hw.evaluation import Evaluation
from hadam_hw.evaluation_text import matrix_picture, show_evaluation
from hadam_hw.predictions import csv_rows, predictions, safe_cell
from hadam_hw.recordings import Kind, Recording
from tests.models_for_tests import random_model


def test_matrix_recalls_and_groups():
    found = Evaluation.of(("a", "b", "c"), [0, 0, 1, 1], [0, 1, 1, 1], ["p", "p", "q", None])
    assert found.matrix.tolist() == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert (found.right, found.count, found.percent, found.balanced) == (3, 4, 75, 75)
    assert found.recalls[:2].tolist() == [50, 100] and np.isnan(found.recalls[2])
    assert [(one.name, one.right, one.count) for one in found.groups] == [("p", 1, 2), ("q", 1, 1)]
    assert found.as_json()["recall"] == [50, 100, None]


def test_many_classes_are_told_by_the_worst(capsys):
    names, rng = tuple(f"class {k}" for k in range(60)), np.random.default_rng(1)
    labels = rng.integers(0, 60, 500)
    found = Evaluation.of(names, labels, np.where(rng.random(500) < 0.8, labels, 3))
    show_evaluation(found, "test sequences")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 25 and any("\tclass 3\t" in line for line in lines)
    picture = ElementTree.fromstring(matrix_picture(found, "m"))
    assert float(picture.get("width")) < 800


def test_names_in_the_picture_are_text():
    name = '<script>alert("1")</script>&\x1b[31m'
    picture = matrix_picture(Evaluation.of((name, "b"), [0, 1], [1, 1]), name)
    root = ElementTree.fromstring(picture)
    assert "\x1b" not in picture and not [one for one in root.iter() if one.tag.endswith("script")]


def test_cells_that_a_spreadsheet_would_run_are_quoted():
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"):
        assert safe_cell(text) == f"'{text}"
    model = random_model(size=4, block=4, inputs=1, outputs=2, input_width=8, input_signed=True)
    model = model.with_readout(classes=("=a", "-b"))
    codes = np.arange(5)[:, None]
    recording = Recording(codes, ("x",), ("codes",), 10.0, "@c", None, None, "+evil.csv", Kind.CODES)
    rows = list(csv.reader(io.StringIO(csv_rows(model, predictions(model, [recording])))))
    assert rows[0][5:] == ["score =a", "score -b"]
    assert rows[1][0] == "'+evil.csv" and rows[1][3] in ("'=a", "'-b") and rows[1][4] == "'@c"
    assert all(int(cell) is not None for cell in rows[1][5:])  # numbers are numbers, below 0 too
