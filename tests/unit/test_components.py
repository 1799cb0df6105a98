# SPDX-License-Identifier: BSD-2-Clause
"""Each packed cell gets one component: by source line, by name, by what it feeds, else none."""

import pytest

from rtl_gen.tools.components import OTHER, TOP, count_components
from rtl_gen.tools.family import ECP5, GOWIN, ICE40

VERILOG = """\
module board(clk);
endmodule
module \\board.link (clk);
endmodule
module hadam_core(clk);
endmodule
module \\hadam_core.cell (clk);
endmodule
"""


def cell(output, inputs=(), source=None, kind="ICESTORM_LC", flip_flop=False):
    """A cell as nextpnr writes it."""
    return {
        "type": kind, "parameters": {"DFF_ENABLE": str(int(flip_flop))},
        "attributes": {} if source is None else {"src": f"design.v:{source}.3-{source}.9|/share/cells.v:1.2-3.4"},
        "port_directions": {"O": "output", "I0": "input"}, "connections": {"O": [output], "I0": list(inputs)}}


def components(cells, family=ICE40):
    """Counts of cells: name to cell."""
    return count_components({"modules": {"top": {"cells": cells}}}, VERILOG, "board", "design.v", family)


def only(cells):
    """The one component in which ``cells`` are."""
    name, = components(cells)
    return name


def test_the_source_line_decides():
    assert only({"link.x": cell(1, source=8)}) == "hadam_core.cell"
    assert only({"link.x": cell(1, source=4)}) == "link"
    assert only({"link.x": cell(1, source=1)}) == TOP


def test_else_the_name_does_even_inside_the_instance_of_another_text():
    assert only({"link.sum_SB_LUT4_O_LC": cell(1)}) == "link"
    assert only({"top.core.hadam_core.cell.sum[3]_SB_LUT4_O_LC": cell(1)}) == "hadam_core.cell"
    assert only({"hadam_core.ready_SB_LUT4_O_LC": cell(1)}) == "hadam_core"


def test_else_what_it_feeds_through_others():
    cells = {"$1": cell(1), "$2": cell(2, inputs=[1]), "$3": cell(3, inputs=[2], source=4)}
    assert components(cells) == {"link": {"lc": 3, "ff": 0, "ebr": 0, "spram": 0, "dsp": 0}}


def test_what_feeds_nothing_known_is_other():
    assert only({"$1": cell(1), "$2": cell(2, inputs=[1])}) == OTHER


def test_kinds_are_counted_apart_and_pads_not_at_all():
    cells = {"a": cell(1, source=4, flip_flop=True), "b": cell(2, source=4), "c": cell(3, source=4, kind="ICESTORM_RAM"),
             "d": cell(4, source=4, kind="ICESTORM_DSP"), "e": cell(5, source=4, kind="SB_IO"),
             "f": cell(6, source=4, kind="ICESTORM_SPRAM")}
    assert components(cells) == {"link": {"lc": 2, "ff": 1, "ebr": 1, "spram": 1, "dsp": 1}}


@pytest.mark.parametrize(("family", "counted", "passed_over"), [
    (ECP5, {"TRELLIS_COMB": {"lc": 1}, "TRELLIS_RAMW": {"lc": 2}, "TRELLIS_FF": {"ff": 1}, "DP16KD": {"ebr": 1},
            "MULT18X18D": {"dsp": 1}, "ALU54B": {"dsp": 1}}, ("TRELLIS_IO", "DCCA", "EHXPLLL")),
    (GOWIN, {"LUT1": {"lc": 1}, "LUT4": {"lc": 1}, "ALU": {"lc": 1}, "DFF": {"ff": 1}, "DFFNCE": {"ff": 1},
             "DFFRE": {"ff": 1}, "SP": {"ebr": 1}, "DPX9B": {"ebr": 1}, "SDPX9B": {"ebr": 1}, "pROM": {"ebr": 1},
             "MULT18X18": {"dsp": 1}, "ALU54D": {"dsp": 1}}, ("RAM16SDP4", "MUX2_LUT5", "IBUF", "rPLL"))],
    ids=["ecp5", "gowin"])
def test_each_family_counts_its_own_cells(family, counted, passed_over):
    for kind, counts in counted.items():
        assert components({"a": cell(1, source=4, kind=kind)}, family) == {
            "link": {"lc": 0, "ff": 0, "ebr": 0, "spram": 0, "dsp": 0} | counts}
    for kind in passed_over:
        assert components({"a": cell(1, source=4, kind=kind)}, family) == {}


@pytest.mark.parametrize("name", [
    "link.sum_SB_LUT4_O_LC", "link.sum_TRELLIS_FF_Q_9_DI_PFUMX_Z", "link.sum_CCU2C_S1$CCU2_COMB0", "link.sum_DFFRE_Q_1_D",
    "link.sum[3]_LUT2_F_I1_ALU_SUM_COUT", "link.sum.0.0"])
def test_what_the_tools_append_to_a_name_does_not_hide_it(name):
    assert only({name: cell(1)}) == "link"


def test_totals_are_nextpnrs_with_what_takes_a_luts_place():
    used, available = GOWIN.totals({"LUT4": (100, 8640), "ALU": (10, 6480), "DFF": (7, 6480)})
    assert used == {"lc": 110, "ff": 7, "ebr": 0, "dsp": 0} and (available["lc"], available["ff"]) == (8640, 6480)
    used, available = ICE40.totals({"ICESTORM_LC": (5, 5280), "ICESTORM_RAM": (1, 30), "ICESTORM_SPRAM": (2, 4)})
    assert used == {"lc": 5, "ebr": 1, "spram": 2, "dsp": 0}
    assert available == {"lc": 5280, "ff": 5280, "ebr": 30, "spram": 4, "dsp": 0}
