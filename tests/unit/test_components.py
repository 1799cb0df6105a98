# SPDX-License-Identifier: BSD-2-Clause
"""Each packed cell gets one component: by source line, by name, by what it feeds, else none."""

from rtl_gen.components import OTHER, TOP, count_components

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


def components(cells):
    """Counts of cells: name to cell."""
    return count_components({"modules": {"top": {"cells": cells}}}, VERILOG, "board", "design.v")


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
    assert components(cells) == {"link": {"lc": 3, "ff": 0, "ebr": 0, "dsp": 0}}


def test_what_feeds_nothing_known_is_other():
    assert only({"$1": cell(1), "$2": cell(2, inputs=[1])}) == OTHER


def test_kinds_are_counted_apart_and_pads_not_at_all():
    cells = {"a": cell(1, source=4, flip_flop=True), "b": cell(2, source=4), "c": cell(3, source=4, kind="ICESTORM_RAM"),
             "d": cell(4, source=4, kind="ICESTORM_DSP"), "e": cell(5, source=4, kind="SB_IO")}
    assert components(cells) == {"link": {"lc": 2, "ff": 1, "ebr": 1, "dsp": 1}}
