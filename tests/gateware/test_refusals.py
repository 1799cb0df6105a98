# SPDX-License-Identifier: BSD-2-Clause
"""What each core renders, as docs/architectures.md has it in a table, and the sentence where one does not."""

import re
from pathlib import Path

import numpy as np
import pytest

from hadam_hw.errors import ArchitectureError
from hadam_hw.oscillators import Oscillators, oscillations
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Integer
from rtl_gen.plan.arch import parse_architecture
from tests.models_for_tests import random_model, random_stack

PAGE = Path(__file__).resolve().parents[2] / "docs" / "architectures.md"
#: The architectures of the table's columns.
COLUMNS = ("serial:2", "parallel", "parallel,contexts=2", "folded:1", "folded:2x2")
#: The recurrences of its rows.
ROWS = {
    "Hadamard, blocks of 2 or more": dict(size=8, block=4), "the same with one leak": dict(size=8, block=4, leak=3),
    "the same with leaks a unit": dict(size=8, block=4, leak=[0, 1, 2, 3, 4, 5, 6, 7]),
    "the same with wires that keep the banks": dict(size=8, block=4, wires=[3, 1, 2, 0, 7, 6, 5, 4]),
    "the same with other wires": dict(size=8, block=4, wires=True), "Hadamard, blocks of 1": dict(size=8, block=1),
    "the same with any wires and one leak": dict(size=8, block=1, wires=True, leak=2),
    "Ternary": dict(size=8, ternary=True), "Integer": dict(size=8, entries=(-8, 7)),
    "Oscillators": dict(size=8, recurrence=Oscillators.of(oscillations()[40:80:10], leaks=[0, 1, 2, 5])),
}
HIDDEN = ((4, 4, 9, 4), (3, 4, 4, 4), (3, 2, 1, 3))
REFUSED = re.compile(r"needs a Hadamard recurrence|needs one leak for all units, not leaks of 0 to 7|one or two in hardware"
                     r"|without a butterfly, a word at a time; use 'folded:1'|needs blocks of 1, not of 4"
                     r"|at most the block of 1 unit, not 2|keep every word in its bank"
                     r"|layers must be 'serial', 'serial:D', 'parallel' or 'folded:R'|one context where states are summed")


def table():
    """(recurrence, layers, cells) of each row of the page's table."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.read_text("utf-8").splitlines()
            if re.search(r"\| (yes|no|both) \|$", line)]
    return [(name, layers, dict(zip(COLUMNS, cells, strict=True))) for name, layers, *cells in rows]


def models(name, layers, **readout):
    """(model, names of its layers' rows) of a row: one of its recurrence, or several of two or three layers."""
    if layers == "1":
        return [(random_model(outputs=2, **ROWS[name], **readout), (name,))]
    found = []
    for below, above in [*zip(ROWS, ROWS), *(("Ternary", name) for name in ROWS), *((name, "Integer") for name in ROWS)]:
        stack = random_stack(lower=dict(ROWS[below], inputs=2), upper=dict(ROWS[above], outputs=2, **readout))
        if layers == "3 to 8":
            top = random_model(outputs=2, inputs=8, input_width=11, input_bits=1, **ROWS[above], **readout)
            stack = top.above(*stack.layers)
        found.append((stack, (below, above)))
    return found


def says(cell, names, word):
    """Whether a cell of the table says yes for layers of these rows."""
    alone = {name: cells[word] for name, layers, cells in table() if layers == "1"}
    return all(alone[name] == "yes" for name in names) if cell == "both" else cell == "yes"


def test_the_table_has_all_recurrences():
    assert [name for name, layers, _ in table()] == [*ROWS, "any", "any"]


@pytest.mark.parametrize("stages", [0, 1, 3])
@pytest.mark.parametrize("emit", Pooling)
@pytest.mark.parametrize("name, layers, cells", table(), ids=[f"{name}, {layers}" for name, layers, _ in table()])
def test_what_the_table_says_holds(name, layers, cells, emit, stages):
    for model, names in models(name, layers, emit=emit, hidden=HIDDEN[:stages]):
        for word, cell in cells.items():
            if says(cell, names, word) and not ("contexts" in word and emit is Pooling.SUM):
                parse_architecture(word).plan(model)
                continue
            with pytest.raises(ArchitectureError, match=REFUSED) as caught:
                parse_architecture(word).plan(model)
            assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


@pytest.mark.parametrize("word, shape, message", [
    ("serial:4", dict(size=8, block=4, state_width=6), "at most half of the state's 6 bits"),
    ("folded:8", dict(size=8, block=4), "Radix must be at most the block of 4 units, not 8"),
    ("folded:2x4", dict(size=8, block=4), "Lanes must divide the 2 blocks"),
    ("folded:1x4", dict(size=6, block=1), "Lanes must divide the 6 units"),
    ("folded:1x2", dict(size=4, block=1, wires=[1, 2, 3, 0]), "keep every word among the 2 units of its lane"),
    ("folded:1x4", dict(ROWS["Oscillators"], size=6, recurrence=Oscillators.of(oscillations()[40:70:10])),
     "Lanes must divide the 3 pairs of oscillators"),
    ("parallel,contexts=60", dict(size=8, block=4), "at most the .* clocks of this model's loop, not 60"),
])
def test_an_architecture_too_wide_for_the_model_is_refused(word, shape, message):
    with pytest.raises(ArchitectureError, match=message):
        parse_architecture(word).plan(random_model(outputs=2, **shape))


@pytest.mark.parametrize("word", COLUMNS[:3])
def test_a_matrix_whose_sharing_would_take_minutes_is_refused(word):
    model = random_model(size=520, block=4, outputs=2, state_width=8).with_top(recurrence=Integer(np.ones((520, 520))))
    with pytest.raises(ArchitectureError, match="at most 262,144 signed digits where each is an adder, not 270,400; use fewer"):
        parse_architecture(word).plan(model)
