# SPDX-License-Identifier: BSD-2-Clause
"""The notebook of docs/ runs, and says what stands in it."""

import json

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from tests.notebook import NOTEBOOK, executed, said

#: Bytes of the file, pictures included.
LARGEST = 64_000


def test_it_says_what_stands_in_it(tmp_path):
    book = nbformat.read(NOTEBOOK, 4)
    assert said(executed(book, tmp_path)) == said(book)
    assert (tmp_path / "mine.npz").exists()


def test_what_stands_in_it_is_small_and_of_no_machine():
    text = NOTEBOOK.read_text("utf-8")
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    assert len(text) < LARGEST and all(cell["outputs"] and cell["execution_count"] for cell in cells)
    assert not any(word in text for word in ("/home/", "/tmp/", "/root/", "Traceback", "iopub", "ename"))


@pytest.mark.parametrize(("source", "words"), [("1 / 0", None), ("print(2)", ["2\n"])])
def test_an_error_and_another_answer_are_seen(tmp_path, source, words):
    book = nbformat.read(NOTEBOOK, 4)
    book.cells = [nbformat.v4.new_code_cell(source)]
    if words is None:
        with pytest.raises(CellExecutionError, match="division by zero"):
            executed(book, tmp_path)
    else:
        assert said(executed(book, tmp_path)) == [words]
