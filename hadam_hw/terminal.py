# SPDX-License-Identifier: BSD-2-Clause
"""What commands show: text that is nobody's markup, and tables that are whole at any width."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

#: Names in a sentence, where there may be hundreds.
MOST_NAMES = 12


def console(**settings: Any) -> Console:
    """A :class:`rich.console.Console` that takes text as it is: what users named is no markup, and no line is broken.

    ``settings`` are those of rich; ``stderr=True`` and ``quiet=True`` are of use.
    """
    from rich.console import Console  # loaded when there is something to show

    return Console(**{"highlight": False, "soft_wrap": True, "markup": False, "emoji": False} | settings)


def printable(text: object) -> str:
    """``text`` without what would move the cursor of a terminal: such characters as their escapes."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in str(text))


def listed(names: Sequence[str]) -> str:
    """The first of ``names`` with commas between, and how many more there are."""
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """Writes a table to standard output: on a terminal in columns whose long cells wrap, elsewhere with tabs between cells.

    Parameters
    ----------
    columns : sequence of str
        Headings; those of numbers end with ``>``, which is not shown.
    rows : sequence of sequences of str
    title : str, optional
    """
    headings = [column.removesuffix(">") for column in columns]
    if not sys.stdout.isatty():
        lines: list[Sequence[str]] = [[title]] if title else []
        for row in (*lines, headings, *rows):
            sys.stdout.write("\t".join(map(printable, row)) + "\n")
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    for heading, column in zip(headings, columns, strict=True):
        table.add_column(heading, justify="right" if column.endswith(">") else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(printable, row))
    console(soft_wrap=False).print(table)
