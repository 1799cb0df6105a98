# SPDX-License-Identifier: BSD-2-Clause
"""Executes docs/notebook.ipynb. ``python -m tests.notebook`` writes it back with what its cells say, and the suite compares."""

import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from hadam_hw.files import atomic_write

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
#: The tag of cells whose figures and pictures differ between releases of the tools.
VARIES = "varies"
#: Of a picture: when it was made, and by which release.
_MADE = re.compile(r" <metadata>.*?</metadata>\n", re.DOTALL)
_NAMES = re.compile(r"\b([mpC][0-9a-f]{8,}(?:_[0-9a-f_]+)?)\b")


def executed(book, folder):
    """``book``, a notebook, with what its cells say when they are run in ``folder``, and nothing of when and where that was.

    Raises
    ------
    CellExecutionError
    """
    book = nbformat.from_dict(book)
    client = NotebookClient(book, timeout=600, kernel_name="python3", record_timing=False)
    client.execute(cwd=str(folder), env=os.environ | {"PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder / "ipython")})
    book.metadata = {"kernelspec": book.metadata["kernelspec"], "language_info": {"name": "python"}}
    for cell in book.cells:
        cell.metadata = {name: value for name, value in cell.metadata.items() if name == "tags"}
        for output in cell.get("outputs", ()):
            if "image/svg+xml" in output.get("data", {}):
                output["data"] = {"image/svg+xml": _still(output["data"]["image/svg+xml"])}
    return book


def _still(picture):
    """An SVG without its date, and with names that are counted."""
    picture = _MADE.sub("", picture[picture.index("<svg"):])
    for number, name in enumerate(dict.fromkeys(_NAMES.findall(picture))):
        picture = picture.replace(name, f"n{number}")
    return picture


def said(book):
    """For each cell of code that does not vary, the text that it says."""
    return [["".join(output.get("text", "")) + str(output.get("data", {}).get("text/plain", "")) for output in cell["outputs"]]
            for cell in book["cells"] if cell["cell_type"] == "code" and VARIES not in cell["metadata"].get("tags", ())]


def main():
    """Executes the notebook and writes it back."""
    with tempfile.TemporaryDirectory() as folder:
        book = executed(nbformat.read(NOTEBOOK, 4), Path(folder))
    atomic_write(NOTEBOOK, nbformat.writes(book) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
