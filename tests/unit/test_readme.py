# SPDX-License-Identifier: BSD-2-Clause
"""The README's table is what `python -m bench readme` writes of committed builds, which are of the shipped models."""

import copy
import json

import pytest

from bench.readme import BUILDS, PAGE, ROWS, written
from hadam_hw.errors import HadamError

KNOWN = json.loads(BUILDS.read_text())


def test_the_table_is_what_the_command_writes():
    text = PAGE.read_text("utf-8")
    assert written(text, KNOWN) == text, "run python -m bench readme"


def test_every_row_met_its_clock_without_a_multiplier():
    assert KNOWN.keys() == {row.model for row in ROWS}
    for design in KNOWN.values():
        assert max(design["fmax_mhz"]) >= design["clock_mhz"] and design["dsp"] == 0


def test_a_figure_that_somebody_changed_is_seen():
    text, design = PAGE.read_text("utf-8"), KNOWN[ROWS[0].model]
    changed = text.replace(f"{design['lc']:,}", f"{design['lc'] - 1:,}", 1)
    assert changed != text == written(changed, KNOWN)


def test_a_build_of_another_model_is_refused():
    known = copy.deepcopy(KNOWN)
    known[ROWS[1].model]["model_digest"] = "0" * 64
    with pytest.raises(HadamError, match="run python -m bench readme --build"):
        written(PAGE.read_text("utf-8"), known)


@pytest.mark.parametrize("text", ["", "<!-- figures: begin -->\n" * 2 + "<!-- figures: end -->\n"])
def test_a_page_without_a_place_for_it_is_refused(text):
    with pytest.raises(HadamError, match="once each"):
        written(text, KNOWN)
