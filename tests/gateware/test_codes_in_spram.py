# SPDX-License-Identifier: BSD-2-Clause
"""Cores whose codes lie in SPRAM equal the golden model, in every architecture; what has none refuses them in a sentence."""

from dataclasses import replace

import pytest

import boards
from hadam_hw.errors import ArchitectureError, BoardError
from hadam_hw.readout import Pooling
from rtl_gen.design.emit import emit_core, emit_design
from rtl_gen.link.kind import Profile
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.tools.design_files import CORE_FILE, TEMPLATE_FILE
from tests.gateware.test_core import check_against_golden, sequences_for
from tests.models_for_tests import random_model, random_stack

HIDDEN = ((6, 4, 7, 8),)
BOARD = boards.get("icebreaker")


def small(**shape):
    return random_model(**(dict(outputs=3, inputs=2, size=8, block=4, hidden=HIDDEN, seed=3) | shape))


@pytest.mark.parametrize("architecture, emit", [
    ("serial", Pooling.LAST), ("serial:2", Pooling.SUM), ("parallel", Pooling.EVERY), ("parallel,contexts=2", Pooling.LAST),
    ("folded:2", Pooling.EVERY)])
def test_every_state_and_output_equals_the_golden_model(architecture, emit):
    model = small(emit=emit)
    check_against_golden(model, f"{architecture},codes=spram", sequences_for(model, [5, 4, 1]))


def test_two_layers_equal_the_golden_model():
    stack = random_stack(lower=dict(size=4, block=4), upper=dict(size=4, block=4, outputs=3, hidden=HIDDEN))
    check_against_golden(stack, "serial,codes=spram", sequences_for(stack, [4, 3]))


def test_a_spelling_says_where_codes_lie():
    for text in ("serial,codes=spram", "parallel,contexts=2,codes=spram", "folded:2x2,codes=spram"):
        assert str(parse_architecture(text)) == text
    assert parse_architecture("serial,codes=block") == parse_architecture("serial")
    for text in ("serial,codes=", "serial,codes=flash", "serial,codes=spram,contexts=1"):
        with pytest.raises(ArchitectureError, match="^Codes must lie in block or spram, not "):
            parse_architecture(text)


def test_codes_in_block_ram_need_no_port_and_no_cell():
    for architecture, there in (("serial", False), ("serial,codes=spram", True)):
        files = emit_design(small(), parse_architecture(architecture), BOARD, None, 1)
        assert (b"SB_SPRAM256KA" in files[CORE_FILE]) == there == (b".codes__valid" in files[TEMPLATE_FILE])
        assert ("codes__ready" in emit_core(small(), parse_architecture(architecture))[1]) == there


@pytest.mark.parametrize("board, profile, said", [
    (boards.get("hx8k"), None, "Chip must have 1 SPRAM for these codes, and iCE40HX8K-CT256 has none; leave out ,codes=spram"),
    (replace(BOARD, flash=None), None, "Board must say where its flash is .*, and icebreaker does not"),
    (BOARD, Profile.LEAN, "Link must be the full one where codes are loaded into SPRAM")])
def test_what_cannot_load_codes_refuses_them(board, profile, said):
    with pytest.raises(BoardError, match=said) as caught:
        emit_design(small(), parse_architecture("serial,codes=spram"), board, None, 1, profile=profile)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("architecture", ["serial", "parallel,contexts=2"])
def test_codes_of_one_stage_stay_in_block_ram(architecture):
    with pytest.raises(ArchitectureError, match="^Read-out must have a hidden stage where codes lie in SPRAM"):
        parse_architecture(f"{architecture},codes=spram").plan(small(hidden=()))
