# SPDX-License-Identifier: BSD-2-Clause
"""Cores whose codes lie in SPRAM equal the golden model, in every architecture; what has none refuses them in a sentence."""

from dataclasses import replace

import pytest
from amaranth.sim import Simulator

import boards
from hadam_hw.errors import ArchitectureError, BoardError
from hadam_hw.readout import Pooling
from rtl_gen.design.emit import emit_core, emit_design
from rtl_gen.gateware.folded.codes import SpramCodes
from rtl_gen.link.kind import Profile
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.plan.code_store import SPRAM_ROWS
from rtl_gen.plan.feed import PackedCodes
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


@pytest.mark.parametrize("stages", [(), HIDDEN])
@pytest.mark.parametrize("word, shape", [
    ("folded:2", dict(size=8, block=4)), ("folded:4x2", dict(size=16, block=4)), ("folded:1", dict(size=6, block=1)),
    ("folded:1x2", dict(size=10, block=1))])
def test_the_matrix_between_two_folded_layers(word, shape, stages):
    """Alone, or before the codes of a hidden stage; a row of SPRAM holds one clock's codes or several."""
    stack = random_stack(lower=dict(shape, inputs=2), upper=dict(shape, outputs=3, hidden=stages))
    _, core, _ = check_against_golden(stack, f"{word},codes=spram", sequences_for(stack, [4, 3]))
    assert core.plan.sprams == 1 + bool(stages)


def test_a_matrix_of_one_spram_and_a_row():
    """Two banks: what is behind the last row of the first is in the second."""
    bits, clocks = 16, SPRAM_ROWS + 1
    codes = SpramCodes(PackedCodes(tuple(range(clocks)), bits))
    seen = []

    async def bench(ctx):
        ctx.set(codes.rows.valid, 1)
        for row in codes.plan.image.rows:
            assert ctx.get(codes.rows.ready)
            ctx.set(codes.rows.payload, row)
            await ctx.tick()
        assert not ctx.get(codes.rows.ready)
        ctx.set(codes.rows.valid, 0)
        ctx.set(codes.load, 1)
        await ctx.tick()
        ctx.set(codes.load, 0)
        ctx.set(codes.advance, 1)
        for _ in range(clocks + 1):
            await ctx.tick()
            seen.append(ctx.get(codes.code))

    simulator = Simulator(codes)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen[:clocks] == list(range(clocks))


@pytest.mark.parametrize("count, bits, said", [
    (8, 17, "at most 16 bits a clock, not 17"), (4 * 16_384 + 1, 16, "room in 4 SPRAMs, and take 5")])
def test_a_matrix_too_wide_or_too_large_is_refused(count, bits, said):
    with pytest.raises(ArchitectureError, match=said):
        PackedCodes((0,) * count, bits)


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
